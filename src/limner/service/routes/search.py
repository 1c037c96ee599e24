"""Profiles by what is known of them, and in which segments somebody is."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.apps.segments.built_in import BUILT_IN
from limner.apps.segments.counting import find
from limner.apps.segments.judging import holds
from limner.apps.segments.rule import DEEPEST, Rule
from limner.apps.segments.subject import Subject
from limner.service.answers import Json, answer, problems
from limner.service.disclosure import demand_granted, record_reading
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.paths import CustomerId
from limner.service.problems import Problem
from limner.service.segmenting import (
    aside,
    opened,
    patience,
    population_of,
    read_rule,
    told_body,
    whole,
)
from limner.service.telling import written

__all__ = ["router"]

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])
Reader = Annotated[Principal, Depends(Guard("profile:read"))]
_PROBLEMS = problems(400, 401, 403, 404, 413, 415, 422, 429, 503)
_MOST, _LONGEST_ID = 100, 512


class Hits(BaseModel):
    """Profiles that fulfil a rule, by id; ``cursor`` fetches the next page, null at the end.

    A page may hold fewer than were asked for, and there may be more all the same.
    """

    rule: Rule
    profiles: list[dict[str, Any]]
    cursor: str | None


class Memberships(BaseModel):
    """In which segments a customer is."""

    customer_id: str
    as_of: str
    segments: list[dict[str, Any]]
    stale: bool
    degraded: list[str]


_SCHEMA: Json = {
    "type": "object",
    "required": ["rule"],
    "additionalProperties": False,
    "properties": {
        "rule": {"$ref": f"#/components/schemas/Rule{DEEPEST}"},
        "limit": {"type": "integer", "minimum": 1, "maximum": _MOST, "default": 20},
        "cursor": {"type": "string", "maxLength": _LONGEST_ID, "pattern": "^[^\\u0000]*$"},
    },
}
_SEARCH = guarded("profile:read") | {
    "parameters": [PURPOSE],
    "requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}},
}


@router.post(":search", response_model=Hits, responses=_PROBLEMS, openapi_extra=_SEARCH)
async def search(request: Request, who: Reader) -> Response:
    """Return the profiles that fulfil a rule, of those of whom it may be told for the purpose.

    Rules are those of segments.
    """
    purpose = purpose_of(request, who)
    body = await told_body(request, "rule", "limit", "cursor", required=("rule",))
    rule = read_rule(body["rule"])
    limit, cursor = whole(body, "limit", default=20, most=_MOST), body.get("cursor", "")
    if not isinstance(cursor, str) or len(cursor) > _LONGEST_ID or "\0" in cursor:
        raise Problem(422, "invalid", "body.cursor: must be what a page before gave")
    state = request.app.state
    now, degraded = state.parts.clock(), state.teller.degraded()
    found = await aside(
        request,
        find,
        rule,
        population_of(request, purpose),
        after=cursor,
        limit=limit,
        as_of=now,
        enough=patience(request),
    )
    record_reading(request, who, [page.customer_id for page in found.pages], purpose)
    body_of = b",".join(written(page, now, degraded=degraded) for page in found.pages)
    return Response(
        b'{"rule":'
        + orjson.dumps(body["rule"])
        + b',"profiles":['
        + body_of
        + b'],"cursor":'
        + orjson.dumps(found.cursor)
        + b"}",
        media_type="application/json",
    )


@router.get("/{customer_id:id}/segments", response_model=Memberships, responses=_PROBLEMS,
            openapi_extra=guarded("profile:read") | {"parameters": [PURPOSE]})  # fmt: skip
async def segments(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Return in which segments a customer is; ``membership`` of a segment says why."""
    purpose = purpose_of(request, who)
    state = request.app.state
    granted = state.parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    page, now = state.parts.store.page(customer_id), state.parts.clock()
    record_reading(request, who, [customer_id], purpose)
    own = await run_in_threadpool(state.segments.all)
    subject = Subject.of_page(page, as_of=now)
    found = [
        {"id": each.id, "name": each.name, "version": each.version}
        for each in [*BUILT_IN.values(), *map(opened, own)]
        if holds(each.rule, subject)
    ]
    return answer(
        {
            "customer_id": customer_id,
            "as_of": now.isoformat(),
            "segments": found,
            "stale": page.stale,
            "degraded": list(state.teller.degraded()),
        }
    )
