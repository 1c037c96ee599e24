"""The body of a request, read within limits: size, packing, depth, and JSON that is JSON."""

import zlib
from typing import Any

import orjson
from fastapi import Request

from limner.service.problems import Problem
from limner.service.settings import ServeConfig
from limner.service.wire import deep

__all__ = ["read_json"]

_PACKED = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


async def read_json(request: Request, config: ServeConfig) -> Any:  # noqa: ANN401 - JSON
    """Return the parsed body of a request.

    Raises
    ------
    Problem
        413 if it is larger than a body may be, packed or unpacked; 415 if it is packed in a way
        that is not known; 400 if it is no JSON, or nested too deep.
    """
    limit = config.body_bytes
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > limit:
        raise _too_large(limit)
    body = await _unpacked(request, limit)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "bad_json", f"the body must be JSON: {error}") from None
    if deep(value, config.depth + 2):
        raise Problem(400, "too_deep", f"JSON must be nested at most {config.depth + 2} deep")
    return value


async def _unpacked(request: Request, limit: int) -> bytes:
    """Return a body as it was before it was packed, at most so long as it may be."""
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed != "identity" and packed not in _PACKED:
        raise Problem(
            415,
            "unknown_encoding",
            f"Content-Encoding must be gzip, deflate or none, got {packed!r}",
            headers={"Accept-Encoding": "gzip, deflate"},
        )
    unpack = zlib.decompressobj(_PACKED[packed]) if packed in _PACKED else None
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk if unpack is None else unpack.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit or (unpack is not None and unpack.unconsumed_tail):
                raise _too_large(limit)
    except zlib.error:
        raise Problem(400, "bad_body", f"the body is not {packed}") from None
    if unpack is not None and not unpack.eof:
        raise Problem(400, "bad_body", f"the body ends before its {packed} does")
    return bytes(body)


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "body_too_large",
        f"a body must have at most {limit} bytes, unpacked",
        hint="send fewer events at once",
    )
