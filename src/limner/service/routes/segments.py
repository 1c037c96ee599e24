"""Segments: made, changed and taken away; how many, who, and why somebody is in or not."""

import re
import zlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.apps.segments.built_in import BUILT_IN, is_built_in
from limner.apps.segments.counting import count_exactly, estimate, find
from limner.apps.segments.judging import judge
from limner.apps.segments.rule import DEEPEST, Rule, plain_rule
from limner.apps.segments.subject import Subject
from limner.errors import Overtaken
from limner.service.answers import Json, answer, problems
from limner.service.disclosure import demand_granted, record_reading
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.paths import CustomerId
from limner.service.problems import Problem
from limner.service.segmenting import (
    aside,
    note,
    opened,
    patience,
    population_of,
    read_rule,
    segment_of,
    told_body,
    whole,
)

__all__ = ["router"]

router = APIRouter(prefix="/v1/segments", tags=["segments"])
Reader = Annotated[Principal, Depends(Guard("segment:read"))]
Author = Annotated[Principal, Depends(Guard("segment:write"))]
SegmentId = Annotated[str, Path(min_length=1, max_length=64)]
_PROBLEMS = problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 503, 507)
_ID = "^[a-z0-9][a-z0-9_-]{0,63}$"
_TEXTS = {"name": 200, "description": 2_000}
_PLAIN = "^[^\\u0000]*$"
_READ = guarded("segment:read")
_TELL = guarded("segment:read") | {"parameters": [PURPOSE]}
_WRITE = guarded("segment:write")


class SegmentOut(BaseModel):
    """A rule that has a name. ``version`` counts changes; a built-in segment is never changed."""

    id: str
    name: str
    description: str
    rule: Rule
    version: int
    built_in: bool


class Segments(BaseModel):
    """All segments, the built-in ones first."""

    segments: list[SegmentOut]


class Size(BaseModel):
    """How many fulfil a rule, of those of whom it may be told for the purpose.

    ``members`` lies between ``low`` and ``high`` in 95 of 100 samples. ``exact`` is null where
    nobody counted, or it took too long; then ``degraded`` says so.
    """

    as_of: str
    people: int = Field(description="Of whom it may be told for this purpose.")
    withheld: int = Field(description="Of whom it may not; nobody looked whether they fulfil it.")
    sampled: int
    hits: int
    members: int
    low: int
    high: int
    exact: int | None
    degraded: list[str]


class Members(BaseModel):
    """Who is in a segment, by id; ``cursor`` fetches the next page, null at the end.

    A page may hold fewer than were asked for, and there may be more all the same.
    """

    segment: str
    version: int
    as_of: str
    members: list[str]
    cursor: str | None
    degraded: list[str]


class Membership(BaseModel):
    """Whether a customer is in a segment, and why: every clause with what was found."""

    segment: str
    version: int
    customer_id: str
    as_of: str
    holds: bool
    because: dict[str, Any]
    stale: bool = Field(description="Whether the portrait lacks events that the counters know.")
    degraded: list[str]


_RULE: Json = {"$ref": f"#/components/schemas/Rule{DEEPEST}"}
_WORDS: dict[str, Json] = {
    name: {"type": "string", "maxLength": most, "pattern": _PLAIN} for name, most in _TEXTS.items()
}
_WORDS["name"]["minLength"] = 1


def _body(required: list[str], **properties: Json) -> Json:
    schema = {
        "type": "object",
        "required": required,
        "properties": properties,
        "additionalProperties": False,
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_MAKING = _body(["id", "name", "rule"], id={"type": "string", "pattern": _ID}, rule=_RULE, **_WORDS)
_CHANGING = _body([], rule=_RULE, **_WORDS)
_ASKING = _body(
    ["rule"],
    rule=_RULE,
    sample={"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1_000},
    exact={"type": "boolean", "default": False},
)


@router.get("", response_model=Segments, responses=_PROBLEMS, openapi_extra=_READ)
async def several(request: Request, _: Reader) -> Response:
    """Return all segments: the eleven RFM groups and six stages of every shop, and its own."""
    own = await run_in_threadpool(request.app.state.segments.all)
    told = [each.to_dict() for each in [*BUILT_IN.values(), *map(opened, own)]]
    return answer({"segments": told})


@router.post("", status_code=201, response_model=SegmentOut, responses=_PROBLEMS,
             openapi_extra=_WRITE | _MAKING)  # fmt: skip
async def make(request: Request, who: Author) -> Response:
    """Make a segment: a rule under a name.

    A rule is a tree of ``all``, ``any`` and ``not`` over clauses ``{"field", "op", "value"}``.
    """
    body = await told_body(
        request, "id", "name", "description", "rule", required=("id", "name", "rule")
    )
    words, rule = _words(body), plain_rule(read_rule(body["rule"]))
    name = body["id"]
    if not isinstance(name, str) or not re.fullmatch(_ID, name):
        raise Problem(422, "invalid", f"body.id: must be of a-z, 0-9, _ and -, got {name!r}")
    book = request.app.state.segments
    made = await run_in_threadpool(
        book.make, name, name=words["name"], rule=rule, description=words.get("description", "")
    )
    note(request, who, "segment.made", name)
    headers = {"Location": f"/v1/segments/{name}", "ETag": _tag(made.version)}
    return answer(opened(made).to_dict(), status=201, headers=headers)


@router.post(":estimate", response_model=Size, responses=_PROBLEMS, openapi_extra=_TELL | _ASKING)
async def size(request: Request, who: Reader) -> Response:
    """Say how many fulfil a rule: from a sample, with an interval, and if asked for exactly.

    The same rule is judged by the same sample as long as nobody comes or goes.
    """
    purpose = purpose_of(request, who)
    body = await told_body(request, "rule", "sample", "exact", required=("rule",))
    rule = read_rule(body["rule"])
    n, exactly = whole(body, "sample", default=1_000, most=10_000), body.get("exact", False)
    if not isinstance(exactly, bool):
        raise Problem(422, "invalid", f"body.exact: must be true or false, got {exactly!r}")
    people, now = population_of(request, purpose), request.app.state.parts.clock()
    seed = zlib.crc32(orjson.dumps(plain_rule(rule)))
    told = await aside(request, estimate, rule, people, n=n, seed=seed, as_of=now)
    exact = told.hits if told.sampled == told.people else None
    degraded = list(request.app.state.teller.degraded())
    if exact is None and exactly:
        exact = await aside(
            request, count_exactly, rule, people, as_of=now, enough=patience(request)
        )
        degraded += [] if exact is not None else ["exact"]
    note(request, who, "segment.estimated", f"{purpose} {seed:08x}")
    more = {"withheld": await run_in_threadpool(people.withheld), "as_of": now.isoformat()}
    return answer({**told.to_dict(), **more, "exact": exact, "degraded": degraded})


@router.get("/{segment_id}", response_model=SegmentOut, responses=_PROBLEMS, openapi_extra=_READ)
async def one(request: Request, segment_id: SegmentId, _: Reader) -> Response:
    """Return one segment."""
    found = await run_in_threadpool(segment_of, request, segment_id)
    return answer(found.to_dict(), headers={"ETag": _tag(found.version)})


@router.patch("/{segment_id}", response_model=SegmentOut, responses=_PROBLEMS,
              openapi_extra=_WRITE | _CHANGING)  # fmt: skip
async def change(request: Request, segment_id: SegmentId, who: Author) -> Response:
    """Change a segment: its name, its description or its rule; what is not named stays.

    With the header ``If-Match``, an ``ETag`` that was read, only if it is still that version; 412
    says that it is not.
    """
    body = await told_body(request, "name", "description", "rule")
    told: Json = dict(_words(body))
    if "rule" in body:
        told["rule"] = plain_rule(read_rule(body["rule"]))
    kept = await run_in_threadpool(_own, request, segment_id)
    if_match = request.headers.get("if-match")
    if if_match not in {None, "*", _tag(kept.version)}:
        raise Problem(
            412,
            "changed_meanwhile",
            f"the segment {segment_id!r} is at version {_tag(kept.version)}, not {if_match}",
            hint="read it again, then change",
        )
    fresh = await run_in_threadpool(request.app.state.segments.change, kept, told)
    note(request, who, "segment.changed", segment_id)
    return answer(opened(fresh).to_dict(), headers={"ETag": _tag(fresh.version)})


@router.delete("/{segment_id}", status_code=204, responses=_PROBLEMS, openapi_extra=_WRITE)
async def drop(request: Request, segment_id: SegmentId, who: Author) -> Response:
    """Take a segment away."""
    await run_in_threadpool(_own, request, segment_id)
    await run_in_threadpool(request.app.state.segments.drop, segment_id)
    note(request, who, "segment.dropped", segment_id)
    return Response(status_code=204)


@router.get("/{segment_id}/members", response_model=Members, responses=_PROBLEMS,
            openapi_extra=_TELL)  # fmt: skip
async def members(
    request: Request,
    segment_id: SegmentId,
    who: Reader,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    cursor: Annotated[str, Query(max_length=512, pattern=_PLAIN)] = "",
) -> Response:
    """Return who is in a segment, of those of whom it may be told for the purpose."""
    purpose = purpose_of(request, who)
    segment = await run_in_threadpool(segment_of, request, segment_id)
    now = request.app.state.parts.clock()
    found = await aside(
        request,
        find,
        segment.rule,
        population_of(request, purpose),
        after=cursor,
        limit=limit,
        as_of=now,
        enough=patience(request),
    )
    told = [page.customer_id for page in found.pages]
    record_reading(request, who, told, purpose)
    return answer(
        {
            "segment": segment.id,
            "version": segment.version,
            "as_of": now.isoformat(),
            "members": told,
            "cursor": found.cursor,
            "degraded": list(request.app.state.teller.degraded()),
        }
    )


@router.get("/{segment_id}/membership/{customer_id:id}", response_model=Membership,
            responses=_PROBLEMS, openapi_extra=_TELL)  # fmt: skip
async def membership(
    request: Request, segment_id: SegmentId, customer_id: CustomerId, who: Reader
) -> Response:
    """Say whether a customer is in a segment, and why, clause by clause."""
    purpose = purpose_of(request, who)
    state = request.app.state
    segment = await run_in_threadpool(segment_of, request, segment_id)
    granted = state.parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    page, now = state.parts.store.page(customer_id), state.parts.clock()
    record_reading(request, who, [customer_id], purpose)
    verdict = judge(segment.rule, Subject.of_page(page, as_of=now))
    return answer(
        {
            "segment": segment.id,
            "version": segment.version,
            "customer_id": customer_id,
            "as_of": now.isoformat(),
            "holds": verdict.holds,
            "because": verdict.to_dict(),
            "stale": page.stale,
            "degraded": list(state.teller.degraded()),
        }
    )


def _own(request: Request, segment_id: str) -> Any:  # noqa: ANN401 - as the book has it
    """Return a segment of the shop's own. Raises Problem (404, 409)."""
    if is_built_in(segment_id):
        raise Problem(
            409,
            "built_in",
            f"the segment {segment_id!r} is built in, and stays as it is",
            hint="make one of your own with its rule",
        )
    segment_of(request, segment_id)
    kept = request.app.state.segments.get(segment_id)
    if kept is None:
        raise Overtaken(f"the segment {segment_id!r} was taken away meanwhile")
    return kept


def _words(body: Json) -> dict[str, str]:
    """Return name and description, as far as they are told. Raises Problem (422)."""
    found = {name: body[name] for name in _TEXTS if name in body}
    for name, text in found.items():
        least = int(name == "name")
        if not isinstance(text, str) or not least <= len(text) <= _TEXTS[name] or "\0" in text:
            raise Problem(
                422,
                "invalid",
                f"body.{name}: must be a text of {least} to {_TEXTS[name]} characters",
            )
    return found


def _tag(version: int) -> str:
    return f'"{version}"'
