"""Profiles out: one, many, their events, and whether they are fresh."""

from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.profiles.counters import Counters
from limner.profiles.live import Page, Stale
from limner.service.answers import answer, problems
from limner.service.bodies import read_json
from limner.service.disclosure import demand_consent, record_reading, split_by_consent
from limner.service.guard import Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.problems import Problem

__all__ = ["router"]

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])
_MAY = guarded("profile:read")
_PURPOSE = {
    "parameters": [
        {
            "name": "X-Purpose",
            "in": "header",
            "required": True,
            "schema": {"enum": ["service", "marketing", "risk", "analytics"]},
            "description": "For what the profile is read.",
        }
    ]
}
Reader = Annotated[Principal, Depends(Guard("profile:read"))]
CustomerId = Annotated[str, Path(min_length=1, max_length=512)]
_PROBLEMS = problems(400, 401, 403, 404, 422, 429, 503)
_MOST = 1_000
_TRIES = 3


class Freshness(BaseModel):
    """How new the parts of a profile are."""

    token: str = Field(description="The number of the customer's newest event.")
    changed_at: datetime | None = Field(description="When that event came in.")
    stale: bool = Field(description="Whether the portrait lacks events that the counters know.")


class LiveProfile(BaseModel):
    """What is known of a customer.

    ``live`` counts every event that was acknowledged; ``portrait`` is drawn within a moment
    after, and null before it was first.
    """

    customer_id: str
    as_of: datetime
    live: dict[str, Any]
    portrait: dict[str, Any] | None
    freshness: Freshness
    degraded: list[str]


class Batch(BaseModel):
    """Profiles of some customers, who is not known, and of whom it may not be told."""

    profiles: list[LiveProfile]
    unknown: list[str]
    denied: list[str]


class Timeline(BaseModel):
    """A customer's events, the newest to come in first; ``cursor`` fetches the next page."""

    events: list[dict[str, Any]]
    cursor: int | None


@router.get("/{customer_id}", response_model=LiveProfile, responses=_PROBLEMS | {304: {}},
            openapi_extra=_MAY | _PURPOSE)  # fmt: skip
async def one(
    request: Request,
    customer_id: CustomerId,
    who: Reader,
    fresh: Annotated[bool, Query(description="Draw the portrait now if it is stale.")] = False,
    consistency_token: Annotated[str, Query(pattern="^[0-9]{0,18}$")] = "",
) -> Response:
    """Return one customer's profile.

    With the ``consistency_token`` of an acknowledgement it tells at least of those events.
    """
    purpose = purpose_of(request, who)
    state = request.app.state
    store = state.parts.store
    page: Page = store.page(customer_id)
    demand_consent(request, who, customer_id, purpose)
    _check_token(store, consistency_token)
    if fresh and page.stale:
        page = await run_in_threadpool(_draw, request, page)
    now = state.parts.clock()
    record_reading(request, who, [customer_id], purpose)
    tag = f'"{page.seq}-{page.drawn}-{now:%Y%m%d}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(
        _written(page, now, degraded=_degraded(request)),
        headers={"ETag": tag, "Cache-Control": "private, no-cache"},
        media_type="application/json",
    )


@router.get("/{customer_id}/timeline", response_model=Timeline, responses=_PROBLEMS,
            openapi_extra=_MAY | _PURPOSE)  # fmt: skip
async def timeline(
    request: Request,
    customer_id: CustomerId,
    who: Reader,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Return a customer's events, the newest to come in first."""
    purpose = purpose_of(request, who)
    store = request.app.state.parts.store
    found = await run_in_threadpool(store.timeline, customer_id, before=cursor, limit=limit)
    demand_consent(request, who, customer_id, purpose)
    record_reading(request, who, [customer_id], purpose)
    events = [{"seq": each.seq, **each.event} for each in found]
    more = found[-1].seq if len(found) == limit else None
    return answer({"events": events, "cursor": more})


@router.get("/{customer_id}/traits", responses=_PROBLEMS, response_model=list[dict[str, Any]],
            openapi_extra=_MAY | _PURPOSE)  # fmt: skip
async def traits(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Return a customer's traits, each with its unit, its source and the events behind it."""
    return answer(_of_portrait(request, who, customer_id, "traits"))


@router.get("/{customer_id}/predictions", responses=_PROBLEMS,
            response_model=list[dict[str, Any]], openapi_extra=_MAY | _PURPOSE)  # fmt: skip
async def predictions(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Return what models foretell of a customer, each with its reasons."""
    return answer(_of_portrait(request, who, customer_id, "predictions"))


@router.get("", response_model=dict[str, Any], responses=_PROBLEMS,
            openapi_extra=_MAY | _PURPOSE)  # fmt: skip
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
    now, degraded, may = state.parts.clock(), _degraded(request), set(told)
    body = b",".join(
        _written(page, now, degraded=degraded) for page in pages if page.customer_id in may
    )
    more = orjson.dumps(pages[-1].customer_id if len(pages) == limit else None)
    return Response(
        b'{"profiles":[' + body + b'],"cursor":' + more + b"}", media_type="application/json"
    )


@router.post(":batchGet", response_model=Batch, responses=_PROBLEMS,
             openapi_extra=_MAY | _PURPOSE | {"requestBody": {"required": True, "content": {
                 "application/json": {"schema": {"type": "object", "required": ["ids"],
                 "properties": {"ids": {"type": "array", "maxItems": _MOST,
                 "items": {"type": "string"}}}}}}}})  # fmt: skip
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
    known = {page.customer_id for page in found}
    allowed, denied = split_by_consent(request, who, sorted(known), purpose)
    record_reading(request, who, allowed, purpose)
    now, degraded, may = state.parts.clock(), _degraded(request), set(allowed)
    told = b",".join(
        _written(page, now, degraded=degraded) for page in found if page.customer_id in may
    )
    unknown = orjson.dumps([each for each in dict.fromkeys(ids) if each not in known])
    return Response(
        b'{"profiles":['
        + told
        + b'],"unknown":'
        + unknown
        + b',"denied":'
        + orjson.dumps(denied)
        + b"}",
        media_type="application/json",
    )


def _written(page: Page, now: datetime, *, degraded: list[str]) -> bytes:
    """Return a profile as JSON; the portrait was written when it was drawn, and is only put in."""
    changed = page.changed_us
    head = orjson.dumps(
        {
            "customer_id": page.customer_id,
            "as_of": now,
            "live": Counters.from_json(page.counters).told(now),
            "freshness": {
                "token": str(page.seq),
                "changed_at": datetime.fromtimestamp(changed / 1e6, UTC) if changed else None,
                "stale": page.stale,
            },
            "degraded": degraded,
        },
        option=orjson.OPT_UTC_Z,
    )
    portrait = b"null" if page.portrait is None else page.portrait.encode()
    return head[:-1] + b',"portrait":' + portrait + b"}"


def _of_portrait(request: Request, who: Principal, customer_id: str, name: str) -> list[Any]:
    purpose = purpose_of(request, who)
    page: Page = request.app.state.parts.store.page(customer_id)
    demand_consent(request, who, customer_id, purpose)
    record_reading(request, who, [customer_id], purpose)
    if page.portrait is None:
        return []
    return orjson.loads(page.portrait).get(name, [])  # type: ignore[no-any-return]


def _draw(request: Request, page: Page) -> Page:
    """Draw a stale portrait now."""
    parts = request.app.state.parts
    no = parts.store.numbers_of([page.customer_id])[page.customer_id]
    wanted = Stale(no, page.customer_id, page.seq, page.changed_us)
    for _ in range(_TRIES):  # none is written while somebody is erased
        if parts.painter.renew([wanted], now=parts.clock()):
            break
    found: Page = parts.store.page(page.customer_id)
    return found


def _check_token(store: Any, token: str) -> None:  # noqa: ANN401 - the store of the parts
    """Refuse a token of the future: it is of another store, and cannot be waited for."""
    if token and int(token) > store.token():
        raise Problem(
            400,
            "unknown_token",
            f"consistency_token {token} is not of this store",
            hint="take the one of the newest acknowledgement",
        )


def _degraded(request: Request) -> list[str]:
    return ["portraits"] if request.app.state.renewer.failures else []
