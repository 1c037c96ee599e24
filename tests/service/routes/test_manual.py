"""The manual works where there is no network: nothing of it comes from elsewhere."""

import re
import shutil
import subprocess

import pytest

from serving import a_server


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with a_server(tmp_path_factory.mktemp("manual")) as found:
        yield found


def test_the_page_names_no_other_host_and_may_ask_none(served):
    answer = served.client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert not re.search(r"(?:https?:)?//[a-z]", answer.text)
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)", answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self'" in policy
    assert served.client.get("/redoc").status_code == 404


def test_the_script_is_one_that_runs(served, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: apt-get install nodejs")
    (script,) = re.findall(r"<script>(.*?)</script>", served.client.get("/docs").text, re.DOTALL)
    (tmp_path / "page.js").write_text(script)
    subprocess.run([node, "--check", tmp_path / "page.js"], check=True)
