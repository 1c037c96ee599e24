"""Why a model foretells what it does of a customer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from limner.apps.explain import explain
from limner.errors import UnknownPlugin
from limner.profiles.record import Profile
from limner.service.answers import answer, problems
from limner.service.disclosure import demand_granted, record_reading
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.paths import CustomerId
from limner.service.problems import Problem

__all__ = ["router"]

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])
_MAY = guarded("profile:read") | {"parameters": [PURPOSE]}


class Explained(BaseModel):
    """A prediction with its reasons; the value was computed at ``computed_at``, as of ``as_of``.

    A reason's ``effect`` is a Shapley value of the model that answered, on the scale on which it
    adds up; only the strongest are kept, so they do not add up to the whole.
    """

    customer_id: str
    as_of: str
    computed_at: str
    prediction: dict[str, Any]
    reasons: list[dict[str, Any]]
    stale: bool = Field(description="Whether events came since that the prediction does not know.")
    degraded: list[str]


@router.get("/{customer_id:id}/predictions/{name}/explanation", response_model=Explained,
            responses=problems(400, 401, 403, 404, 422, 429, 503), openapi_extra=_MAY)  # fmt: skip
async def explanation(
    request: Request,
    customer_id: CustomerId,
    name: Annotated[str, Path(min_length=1, max_length=200)],
    who: Annotated[Principal, Depends(Guard("profile:read"))],
) -> Response:
    """Return why a question is answered so for a customer: factors, effects, values, events."""
    purpose = purpose_of(request, who)
    state = request.app.state
    granted = state.parts.store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    page = state.parts.store.page(customer_id)
    record_reading(request, who, [customer_id], purpose)
    if page.portrait is None:
        raise Problem(
            404,
            "unknown_prediction",
            "there is no portrait of this customer yet",
            hint="GET /v1/profiles/{id}?fresh=true draws it; limner fit foretells",
        )
    profile = Profile.from_json(page.portrait)
    try:
        told = explain(profile, name).to_dict()
    except UnknownPlugin as error:
        raise Problem(
            404, "unknown_prediction", error.message, hint=error.hint or "limner fit foretells"
        ) from None
    reasons = told.pop("reasons")
    return answer(
        {
            "customer_id": customer_id,
            "as_of": profile.as_of.isoformat(),
            "computed_at": profile.computed_at.isoformat(),
            "prediction": told,
            "reasons": reasons,
            "stale": page.stale,
            "degraded": list(state.teller.degraded()),
        }
    )
