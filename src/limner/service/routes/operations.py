"""Whether the service lives, is ready, and how it does."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

import limner
from limner.errors import LimnerError
from limner.service.answers import Json, answer, problems
from limner.service.guard import Guard, guarded
from limner.service.keys import Principal
from limner.service.replaying import replay
from limner.service.unwrapping import Unwrapper

__all__ = ["router"]

router = APIRouter(tags=["operations"])
_OPEN = {"x-limner-scope": "public", "security": []}
_ADMIN = guarded("admin")
Admin = Annotated[Principal, Depends(Guard("admin"))]


class Alive(BaseModel):
    """That the process answers."""

    status: str
    version: str


class Ready(BaseModel):
    """Whether it can do its work, and what it does without."""

    status: str
    degraded: list[str]


class Stats(BaseModel):
    """How much there is."""

    customers: int
    events: int
    rejects: int
    stale: int
    token: int
    waiting: int


class RejectedEvent(BaseModel):
    """One event that was refused."""

    no: int
    received_us: int
    source: str
    reason: str
    detail: str
    row: str


class Rejects(BaseModel):
    """A page of refused events; ``cursor`` fetches the next, null at the end."""

    rejects: list[RejectedEvent]
    cursor: int | None


class Replayed(BaseModel):
    """What became of refused events that were read once more."""

    taken: int = Field(description="Rows in which nothing is wrong any more; they are removed.")
    accepted: int = Field(description="Events that are new.")
    duplicates: int = Field(description="Events that were there already.")
    refused: int = Field(description="Rows that stay refused.")
    cursor: int | None = Field(description="From where to go on; null at the end.")


@router.get("/livez", openapi_extra=_OPEN, response_model=Alive)
async def livez() -> Response:
    """Say that the process answers."""
    return answer({"status": "alive", "version": limner.__version__})


@router.get("/readyz", openapi_extra=_OPEN, response_model=Ready, responses=problems(503))
async def readyz(request: Request) -> Response:
    """Say whether events can be taken and profiles told, and what is missing."""
    state = request.app.state
    degraded: list[str] = []
    try:
        await run_in_threadpool(state.parts.store.recall, "token")
    except LimnerError:
        degraded.append("store")
    degraded += state.health.lacking()
    if state.recorder.failing:
        degraded.append("audit")
    if state.archivist.failing:
        degraded.append("privacy")
    if state.importer.failing:
        degraded.append("imports")
    good = state.ready and "store" not in degraded
    told = {"status": "ready" if good else "not ready", "degraded": degraded}
    return answer(told, status=200 if good else 503)


@router.get("/metrics", openapi_extra=_OPEN, response_class=Response)
async def metrics(request: Request) -> Response:
    """Return figures as Prometheus reads them."""
    state = request.app.state
    told = state.metrics
    told.waiting.set(state.writer.waiting)
    told.drawn.set(state.renewer.drawn)
    told.undrawable.set(state.renewer.undrawable)
    told.failures.set(state.renewer.failures)
    told.streams.set(state.listeners.open)
    totals = await run_in_threadpool(state.parts.store.totals)
    told.stale.set(totals["stale"])
    return Response(
        await run_in_threadpool(told.text), media_type="text/plain; version=0.0.4; charset=utf-8"
    )


@router.get(
    "/v1/ingest/stats",
    openapi_extra=_ADMIN,
    response_model=Stats,
    responses=problems(401, 403, 429, 503),
)
async def stats(request: Request, _: Admin) -> Response:
    """Say how many events, customers, rejects and stale portraits there are."""
    state = request.app.state
    totals: dict[str, Any] = dict(await run_in_threadpool(state.parts.store.totals))
    return answer(totals | {"waiting": state.writer.waiting})


@router.get(
    "/v1/ingest/rejects",
    openapi_extra=_ADMIN,
    response_model=Rejects,
    responses=problems(401, 403, 422, 429, 503),
)
async def rejects(
    request: Request,
    _: Admin,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
) -> Response:
    """Return refused events in the order in which they came, each with its reason."""
    store = request.app.state.parts.store
    found = await run_in_threadpool(store.rejects, after=cursor, limit=limit)
    rows: list[Json] = [
        {name: getattr(each, name) for name in RejectedEvent.model_fields} for each in found
    ]
    more = found[-1].no if len(found) == limit else None
    return Response(orjson.dumps({"rejects": rows, "cursor": more}), media_type="application/json")


@router.post(
    "/v1/ingest/rejects:replay",
    openapi_extra=_ADMIN,
    response_model=Replayed,
    responses=problems(401, 403, 409, 422, 429, 503),
)
async def replay_rejects(
    request: Request,
    _: Admin,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    cursor: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
) -> Response:
    """Read refused events once more, as they came; those that are understood now are taken."""
    state = request.app.state
    parts = state.parts
    done = await run_in_threadpool(
        replay,
        parts.store,
        Unwrapper(parts.config),
        parts.rules,
        now=parts.clock(),
        after=cursor,
        limit=limit,
    )
    state.metrics.accepted.inc(done.accepted)
    state.renewer.wake()
    return answer(asdict(done))
