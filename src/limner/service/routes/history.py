"""How traits of customers became what they are."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.service.answers import answer, problems
from limner.service.disclosure import demand_granted, record_reading
from limner.service.earlier import draw_history
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.paths import CustomerId

__all__ = ["router"]

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])
Reader = Annotated[Principal, Depends(Guard("profile:read"))]


class TraitValue(BaseModel):
    """A trait as of a moment."""

    as_of: datetime
    value: bool | int | float | str
    unit: str


class TraitHistory(BaseModel):
    """A trait as of several moments, the oldest first."""

    customer_id: str
    name: str
    as_of: datetime = Field(description="The newest of the moments.")
    computed_at: datetime
    points: list[TraitValue]
    degraded: list[str]


@router.get(
    "/{customer_id:id}/traits/{name}/history",
    response_model=TraitHistory,
    responses=problems(400, 401, 403, 404, 422, 429, 503),
    openapi_extra=guarded("profile:read") | {"parameters": [PURPOSE]},
)
async def history(
    request: Request,
    customer_id: CustomerId,
    *,
    name: Annotated[str, Path(min_length=1, max_length=128)],
    who: Reader,
    days: Annotated[int, Query(ge=1, le=366, description="Days from one to the next.")] = 7,
    points: Annotated[int, Query(ge=1, le=24, description="How many moments.")] = 12,
) -> Response:
    """Return a trait as it would have been told at the last midnights (UTC), so many days apart.

    Each is drawn from what was known then; moments at which there was no such trait are left out.
    """
    purpose = purpose_of(request, who)
    state = request.app.state
    granted = state.parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    record_reading(request, who, [customer_id], purpose)
    now = state.parts.clock()
    present = await run_in_threadpool(state.parts.painter.as_of, now)
    newest = present.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [newest - timedelta(days=days * back) for back in reversed(range(points))]
    found = await draw_history(request, customer_id, name, moments)
    stamp = {
        name: value.isoformat().replace("+00:00", "Z")
        for name, value in (("as_of", newest), ("computed_at", now))
    }
    told = {"customer_id": customer_id, "name": name, "points": found, "degraded": []}
    return answer(told | stamp)
