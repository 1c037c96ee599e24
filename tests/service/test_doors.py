"""HEAD wherever there is GET; and pages of other origins may send events, and nothing else."""

import anyio
import pytest
from starlette.responses import StreamingResponse

from limner.errors import BadConfig
from limner.service.doors import Headed
from limner.service.settings import ServeConfig
from limner.service.wire import place_of, wires
from serving import a_server, bought

PAGE = "https://shop.example"


def preflight(client, path, origin=PAGE):
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", "Authorization": ""}
    asked["Access-Control-Request-Headers"] = "authorization"
    return client.options(path, headers=asked)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("doors"), allowed_origins=(PAGE,)) as found:
        yield found


def test_head_has_what_get_has_and_no_body(served):
    served.send(bought("h1", "h1"))
    for path in ("/livez", "/metrics", "/v1/profiles/h1", "/openapi.json"):
        got, head = served.client.get(path), served.client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["content-type"] == got.headers["content-type"]
    assert served.client.head("/v1/profiles/nobody-at-all").status_code == 404
    assert served.client.head("/v1/track").status_code == 405
    assert served.client.head("/v1/profiles/h1", headers={"Authorization": ""}).status_code == 401
    assert served.client.get("/livez").json()["status"] == "alive", "the connection is in order"


@pytest.mark.anyio
@pytest.mark.parametrize("version", ["2.0", "2.4"])
async def test_an_answer_that_never_ends_is_over_once_its_headers_are_told(version):
    async def endless():
        while True:
            yield b"data: {}\n\n"
            await anyio.sleep(0.01)

    async def app(scope, receive, send):
        assert scope["method"] == "GET"
        await StreamingResponse(endless(), media_type="text/event-stream")(scope, receive, send)

    async def silent():
        await anyio.sleep_forever()

    told = []

    async def send(message):
        told.append(message)

    scope = {"type": "http", "method": "HEAD", "asgi": {"spec_version": version}}
    with anyio.fail_after(10):
        await Headed(app)(scope, silent, send)
    assert [each["type"] for each in told] == ["http.response.start", "http.response.body"]
    assert told[1]["body"] == b""


def test_a_page_may_send_events_to_every_ingest_address(shop):
    for path in (place_of(each) for each in wires()):
        answer = preflight(shop.client, path.replace("{write_key}", "k"))
        assert answer.status_code == 204, path
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "authorization" in answer.headers["access-control-allow-headers"]
        assert answer.headers["vary"] == "Origin"
    answer = shop.client.post("/v1/track", json=bought("c1", "c1"), headers={"Origin": PAGE})
    assert answer.headers["access-control-allow-origin"] == PAGE
    refused = shop.client.post("/v1/t", json={}, headers={"Origin": PAGE, "Authorization": ""})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, PAGE)


def test_it_may_ask_nothing_else_and_others_nothing_at_all(shop):
    paths = shop.client.get("/openapi.json").json()["paths"]
    ingest = {place_of(each) for each in wires()} | {"/v1/m"}
    for path in paths.keys() - ingest:
        address = path.replace("{", "").replace("}", "")
        assert "access-control-allow-origin" not in preflight(shop.client, address).headers, path
    answer = shop.client.get("/v1/profiles/c1", headers={"Origin": PAGE})
    assert "access-control-allow-origin" not in answer.headers
    for other in ("https://evil.example", "http://shop.example", f"{PAGE}.evil.example", "null"):
        assert "access-control-allow-origin" not in preflight(shop.client, "/v1/t", other).headers
        answer = shop.client.post("/v1/t", json={}, headers={"Origin": other})
        assert "access-control-allow-origin" not in answer.headers


def test_any_origin_never_goes_with_cookies(tmp_path):
    with a_server(tmp_path, allowed_origins=("*",)) as served:
        answer = preflight(served.client, "/v1/batch", "https://anywhere.example")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_without_the_setting_nobody_is_let_in(served):
    answer = preflight(served.client, "/v1/track")
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("odd", ["shop.example", "https://shop.example/", "https://*.example"])
def test_an_origin_is_written_as_browsers_write_it(odd):
    with pytest.raises(BadConfig, match="is no origin"):
        ServeConfig.read({"allowed_origins": [odd]}, where="limner.toml [serve]")
