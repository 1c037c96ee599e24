"""Bodies within limits: size, packing, depth, and JSON that is JSON."""

import gzip
import json
import zlib

import pytest

from serving import bought

JSON = {"Content-Type": "application/json"}


def post(served, content, **headers):
    return served.client.post("/v1/track", content=content, headers=JSON | headers)


def test_packed_bodies_are_unpacked(served):
    body = json.dumps(bought("z1", "z1")).encode()
    assert (
        post(served, gzip.compress(body, mtime=0), **{"Content-Encoding": "gzip"}).status_code
        == 200
    )
    assert post(served, zlib.compress(body), **{"Content-Encoding": "deflate"}).status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 400, "bad_json"),
        (b"", {}, 400, "bad_json"),
        (b"\xff\xfe{}", {}, 400, "bad_json"),
        (b'{"a":NaN}', {}, 400, "bad_json"),
        (b"[" * 3000 + b"]" * 3000, {}, 400, None),
        (b'{"a":' * 60 + b"1" + b"}" * 60, {}, 400, "too_deep"),
        (b"[]", {}, 400, "bad_body"),
        (b"x" * 600_000, {}, 413, "body_too_large"),
        (
            gzip.compress(b" " * 50_000_000, mtime=0),
            {"Content-Encoding": "gzip"},
            413,
            "body_too_large",
        ),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400, "bad_body"),
        (gzip.compress(b"{}", mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400, "bad_body"),
        (b"{}", {"Content-Encoding": "br"}, 415, "unknown_encoding"),
    ],
)
def test_what_is_no_body_is_refused(served, content, headers, status, code):
    answer = post(served, content, **headers)
    assert answer.status_code == status
    assert code is None or answer.json()["code"] == code


def test_a_body_without_a_length_stops_at_the_limit(served):
    def forever():
        for _ in range(100_000):
            yield b" " * 10_000

    assert post(served, forever()).status_code == 413
