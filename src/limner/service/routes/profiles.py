"""Profiles out: one, many, their events, and whether they are fresh."""

import re
from datetime import datetime
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.profiles.compaction import of_the_log
from limner.profiles.live import Page, Stale
from limner.service.answers import Json, answer, problems, unchanged
from limner.service.bodies import read_json
from limner.service.disclosure import (
    demand_consent,
    demand_granted,
    record_reading,
    split_by_consent,
)
from limner.service.earlier import AS_OF, as_json, asked_moment, draw_earlier
from limner.service.guard import PURPOSE, Guard, admit, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.paths import CustomerId
from limner.service.problems import Problem
from limner.service.quiet import place_of
from limner.service.telling import written

__all__ = ["router"]

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])
Reader = Annotated[Principal, Depends(Guard("profile:read"))]
_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
_MOST = 1_000
_TRIES = 3


def _parameter(name: str, where: str, schema: Json, about: str) -> Json:
    told = {"name": name, "in": where, "schema": schema, "description": about}
    return told if where == "query" else told | {"required": True}


_MAY = guarded("profile:read") | {"parameters": [PURPOSE]}
_EVER = guarded("profile:read") | {"parameters": [PURPOSE, *AS_OF]}
_ONE = guarded("profile:read") | {
    "parameters": [
        PURPOSE,
        _parameter(
            "customer_id",
            "path",
            {"type": "string", "minLength": 1, "maxLength": 512},
            "Whose profile.",
        ),
        _parameter(
            "fresh",
            "query",
            {"type": "boolean", "default": False},
            "Draw the portrait now if it is stale.",
        ),
        _parameter(
            "consistency_token",
            "query",
            {"type": "string", "pattern": "^[0-9]{0,18}$"},
            "Of an acknowledgement: at least its events are told.",
        ),
        *AS_OF,
    ]
}
_IDS = {"type": "array", "maxItems": _MOST, "items": {"type": "string"}}
_BATCH = _MAY | {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "required": ["ids"], "properties": {"ids": _IDS}}
            }
        },
    }
}


class Freshness(BaseModel):
    """How new the parts of a profile are."""

    token: str = Field(description="The number of the customer's newest event.")
    changed_at: datetime | None = Field(description="When that event came in.")
    stale: bool = Field(description="Whether the portrait lacks events that the counters know.")


class LiveProfile(BaseModel):
    """What is known of a person; every id of theirs tells the same.

    ``customer_id`` is the id by which the person is known, ``identities`` are all of theirs.
    ``live`` counts every event that was acknowledged; ``portrait`` is drawn within a moment
    after, and null before it was first. ``computed_at`` and ``known_at`` are told of earlier
    profiles alone: when one was put together, and as known when, null being whenever it came.
    """

    customer_id: str
    identities: list[str]
    as_of: datetime
    computed_at: datetime | None = None
    known_at: datetime | None = None
    live: dict[str, Any]
    portrait: dict[str, Any] | None
    freshness: Freshness
    degraded: list[str]


class EarlierTraits(BaseModel):
    """Traits as of an earlier moment."""

    as_of: datetime
    computed_at: datetime
    known_at: datetime | None
    degraded: list[str]
    traits: list[dict[str, Any]]


class EarlierPredictions(BaseModel):
    """Predictions as of an earlier moment: none, since what models foretold is not kept."""

    as_of: datetime
    computed_at: datetime
    known_at: datetime | None
    degraded: list[str]
    predictions: list[dict[str, Any]]


class Profiles(BaseModel):
    """A page of profiles; ``cursor`` fetches the next, null at the end."""

    profiles: list[LiveProfile]
    cursor: str | None


class Batch(BaseModel):
    """Profiles of some customers, who is not known, and of whom it may not be told."""

    profiles: list[LiveProfile]
    unknown: list[str]
    denied: list[str]


class Timeline(BaseModel):
    """A customer's events, the newest to come in first; ``cursor`` fetches the next page."""

    events: list[dict[str, Any]]
    cursor: int | None


@router.get(
    "/{customer_id:id}",  # noqa: FAST003 - it is taken from the request, see below
    response_model=LiveProfile,
    responses=_PROBLEMS | {304: {"description": "It did not change."}},
    openapi_extra=_ONE,
)
async def one(request: Request) -> Response:
    """Return one customer's profile.

    With the ``consistency_token`` of an acknowledgement it tells at least of those events; with
    ``as_of`` the profile is told as it would have been at that moment. This is what is asked
    most, so it takes its parameters from the request itself.
    """
    state = request.app.state
    who = admit(request, "profile:read", state.keyring, state.rates)
    purpose = purpose_of(request, who)
    customer_id = request.path_params["customer_id"]
    found = state.parts.store.state(customer_id, purpose)
    demand_granted(request, who, customer_id, purpose, granted=found.granted)
    if request.scope["query_string"]:
        moment = asked_moment(request)
        if moment is not None:
            record_reading(request, who, [customer_id], purpose)
            return answer(await draw_earlier(request, customer_id, moment))
        await _heed(request, customer_id)
        found = state.parts.store.state(customer_id, purpose)
    told = state.teller.tell(customer_id, found)
    record_reading(request, who, [customer_id], purpose)
    if unchanged(request.headers.get("if-none-match"), told.tag):
        return Response(status_code=304, headers={"ETag": told.tag})
    return Response(
        told.body,
        headers={"ETag": told.tag, "Cache-Control": "private, no-cache"},
        media_type="application/json",
    )


async def _heed(request: Request, customer_id: str) -> None:
    """Do what the query of a reading asks for."""
    query, store = request.query_params, request.app.state.parts.store
    token = query.get("consistency_token", "")
    if not re.fullmatch("[0-9]{0,18}", token):
        raise Problem(422, "invalid", f"query.consistency_token: must be digits, got {token!r}")
    if token and int(token) > store.token():
        raise Problem(
            409,
            "unknown_token",
            f"consistency_token {token} is not of this store",
            hint="take the one of the newest acknowledgement",
        )
    fresh = query.get("fresh", "false").lower()
    if fresh not in {"true", "false", "1", "0"}:
        raise Problem(422, "invalid", f"query.fresh: must be true or false, got {fresh!r}")
    if fresh in {"true", "1"}:
        page = store.page(customer_id)
        if page.stale:
            await run_in_threadpool(_draw, request, page)


@router.get(
    "/{customer_id:id}/timeline", response_model=Timeline, responses=_PROBLEMS, openapi_extra=_MAY
)
async def timeline(
    request: Request,
    customer_id: CustomerId,
    who: Reader,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    cursor: Annotated[int | None, Query(ge=-(2**31), le=2**63 - 1)] = None,
) -> Response:
    """Return a customer's events: those that came in since, newest first, then those of the log.

    A negative cursor stands in the log.
    """
    purpose = purpose_of(request, who)
    parts = request.app.state.parts
    granted = parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    record_reading(request, who, [customer_id], purpose)
    log, events = parts.painter.log, []
    if cursor is None or cursor > 0:
        found = await run_in_threadpool(
            parts.store.timeline, customer_id, before=cursor, limit=limit
        )
        events = [{"seq": each.seq, **each.event} for each in found]
        if len(found) == limit or log is None:
            more = found[-1].seq if len(found) == limit else None
            return answer({"events": events, "cursor": more})
        cursor = 0
    if log is None:
        return answer({"events": [], "cursor": None})
    wanted = limit - len(events)
    ids = parts.store.page(customer_id).identities
    rows = await run_in_threadpool(of_the_log, log, ids, offset=-cursor, limit=wanted)
    for row in (rows if len(ids) > 1 else rows.drop("customer_id")).iter_rows(named=True):
        told = {name: value for name, value in row.items() if value is not None}
        events.append(told | {"time": row["time"].isoformat()})
    return answer({"events": events, "cursor": cursor - len(rows) if len(rows) == wanted else None})


@router.get(
    "/{customer_id:id}/traits",
    response_model=list[dict[str, Any]] | EarlierTraits,
    responses=_PROBLEMS,
    openapi_extra=_EVER,
)
async def traits(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Return a customer's traits, each with its unit, its source and the events behind it.

    With ``as_of`` an object is returned, which also says what it rests on.
    """
    return answer(await _of_portrait(request, who, customer_id, "traits"))


@router.get(
    "/{customer_id:id}/predictions",
    response_model=list[dict[str, Any]] | EarlierPredictions,
    responses=_PROBLEMS,
    openapi_extra=_EVER,
)
async def predictions(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Return what models foretell of a customer, each with its reasons.

    With ``as_of`` an object is returned, in which ``degraded`` says what is not kept.
    """
    return answer(await _of_portrait(request, who, customer_id, "predictions"))


@router.get("", response_model=Profiles, responses=_PROBLEMS, openapi_extra=_MAY)
async def several(
    request: Request,
    who: Reader,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str, Query(max_length=512)] = "",
) -> Response:
    """Return profiles in the order of customer ids; ``cursor`` fetches the next page.

    Of whom it may not be told for this purpose is left out.
    """
    purpose = purpose_of(request, who)
    state = request.app.state
    pages = await run_in_threadpool(state.parts.store.pages, after=cursor, limit=limit)
    told, _ = split_by_consent(request, who, [page.customer_id for page in pages], purpose)
    record_reading(request, who, told, purpose)
    body = _together(request, [page for page in pages if page.customer_id in set(told)])
    more = orjson.dumps(pages[-1].customer_id if len(pages) == limit else None)
    return Response(
        b'{"profiles":[' + body + b'],"cursor":' + more + b"}",
        media_type="application/json",
    )


@router.post(":batchGet", response_model=Batch, responses=_PROBLEMS, openapi_extra=_BATCH)
async def batch(request: Request, who: Reader) -> Response:
    """Return the profiles of up to 1,000 customers: ``{"ids": […]}``."""
    purpose = purpose_of(request, who)
    state = request.app.state
    body = await read_json(request, state.parts.config)
    ids = body.get("ids") if isinstance(body, dict) else None
    if not isinstance(ids, list) or not all(isinstance(each, str) for each in ids):
        raise Problem(400, "bad_body", 'the body must be {"ids": ["…"]}')
    if len(ids) > _MOST:
        raise Problem(400, "bad_body", f"at most {_MOST} ids at once, got {len(ids)}")
    found = await run_in_threadpool(state.parts.store.pages_of, ids)
    known = {each for page in found for each in page.identities}
    people = sorted(page.customer_id for page in found)
    allowed, denied = split_by_consent(request, who, people, purpose)
    record_reading(request, who, allowed, purpose)
    unknown = orjson.dumps([each for each in dict.fromkeys(ids) if each not in known])
    return Response(
        b'{"profiles":['
        + _together(request, [page for page in found if page.customer_id in set(allowed)])
        + b'],"unknown":'
        + unknown
        + b',"denied":'
        + orjson.dumps(denied)
        + b"}",
        media_type="application/json",
    )


def _together(request: Request, pages: list[Page]) -> bytes:
    state = request.app.state
    now, degraded = state.parts.clock(), state.teller.degraded()
    return b",".join(written(page, now, degraded=degraded) for page in pages)


async def _of_portrait(
    request: Request, who: Principal, customer_id: str, name: str
) -> list[Any] | Json:
    purpose = purpose_of(request, who)
    page: Page = request.app.state.parts.store.page(customer_id)
    demand_consent(request, who, customer_id, purpose)
    record_reading(request, who, [customer_id], purpose)
    moment = asked_moment(request)
    if moment is not None:
        return as_json(await draw_earlier(request, customer_id, moment), name)
    if page.portrait is None:
        return []
    return orjson.loads(page.portrait).get(name, [])  # type: ignore[no-any-return]


def _draw(request: Request, page: Page) -> None:
    """Draw a stale portrait now; where that fails it stays as it is, and the answer says so."""
    try:
        _draw_now(request, page)
    except Exception as error:  # noqa: BLE001 - whatever it is, what there is can be told
        request.app.state.renewer.failing = True
        structlog.get_logger("limner.profiles").warning(
            "a portrait could not be drawn", trouble=place_of(error)
        )


def _draw_now(request: Request, page: Page) -> None:
    parts = request.app.state.parts
    numbers = dict(parts.store.numbers_of(page.identities))
    no = numbers.pop(page.customer_id)
    others = tuple((each, who) for who, each in numbers.items())
    wanted = Stale(no, page.customer_id, page.seq, page.changed_us, others)
    for _ in range(_TRIES):  # none is written while somebody is erased
        if request.app.state.renewer.draw([wanted]):
            break
