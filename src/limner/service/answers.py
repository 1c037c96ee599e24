"""How answers are written: JSON, and which problems a route may answer with."""

from http import HTTPStatus
from typing import Any, TypeAlias

import orjson
from starlette.responses import Response

from limner.service.problems import MEDIA_TYPE, ProblemDetails

__all__ = ["Json", "answer", "problems"]

Json: TypeAlias = dict[str, Any]


def answer(
    value: Json | list[Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return a value as JSON."""
    return Response(orjson.dumps(value), status, headers=headers, media_type="application/json")


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
