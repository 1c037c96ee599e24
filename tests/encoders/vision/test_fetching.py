"""Pictures from a real server: only when asked, and only from where one may."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from limner.encoders.vision.fetching import fetch_pictures, fetched_file
from painted import painted


@pytest.fixture
def server(tmp_path):
    """A real server on this machine, with a picture, a page and a way round."""
    pictures, _ = painted(1)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "one.png").write_bytes(pictures[0])
    (folder / "page.html").write_text("<html>no picture</html>")

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/round":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.end_headers()
                return
            super().do_GET()

        def log_message(self, *said):
            del said

    running = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def test_pictures_are_fetched_only_when_asked_and_only_from_where_one_may(server, tmp_path):
    asked = [f"{server}/{name}" for name in ("one.png", "page.html", "nothing.png", "round")]
    refused = fetch_pictures(asked, tmp_path / "kept")
    assert set(refused) == set(asked)
    assert all("network of one's own" in why for why in refused.values())
    shares = []
    refused = fetch_pictures(asked, tmp_path / "kept", inside=True, progress=shares.append)
    assert set(refused) == set(asked[1:])
    assert shares[-1] == 1
    kept = fetched_file(tmp_path / "kept", asked[0])
    assert kept.read_bytes() == (tmp_path / "served/one.png").read_bytes()
    assert [file.name for file in (tmp_path / "kept").iterdir()] == [kept.name]
    assert fetch_pictures(asked[:1], tmp_path / "kept") == {}
    assert "only http" in fetch_pictures(["file:///etc/hostname"], tmp_path)["file:///etc/hostname"]
