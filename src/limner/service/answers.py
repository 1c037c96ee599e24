"""How answers are written: JSON, and which problems a route may answer with."""

import re
from http import HTTPStatus
from typing import Any, TypeAlias

import orjson
from starlette.responses import Response

from limner.service.problems import MEDIA_TYPE, ProblemDetails

__all__ = ["Json", "answer", "problems", "unchanged"]

_TAGS = re.compile(r'"[^"]*"')

Json: TypeAlias = dict[str, Any]


def answer(
    value: Json | list[Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a value as JSON."""
    return Response(orjson.dumps(value), status, headers=headers, media_type="application/json")


def unchanged(header: str | None, tag: str) -> bool:
    """Whether what somebody holds is still so: an ``If-None-Match`` names its tag.

    Tags are compared weakly, as RFC 9110 says: ``W/`` before one makes no difference.

    Parameters
    ----------
    header
        ``*``, or tags with commas between them; none: nothing is held.
    tag
        What is there, with its quotes.

    Examples
    --------
    >>> unchanged('"a", W/"b"', '"b"'), unchanged("*", '"b"'), unchanged('"a"', '"b"')
    (True, True, False)
    """
    if header is None:
        return False
    plain = tag.removeprefix("W/")
    return header.strip() == "*" or plain in _TAGS.findall(header)


def problems(*statuses: int) -> dict[int | str, Json]:
    """Return what a route says of its problems in the OpenAPI document."""
    schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
        for status in statuses
    }
