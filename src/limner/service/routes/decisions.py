"""Decisions: what models foretell of many customers, and what to offer one next."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.apps.explain import reasons_of
from limner.apps.recommend import knows, recommend
from limner.errors import TooFew, UnknownCustomer
from limner.profiles.record import Prediction, Profile
from limner.service.answers import Json, answer, problems
from limner.service.bodies import read_json
from limner.service.disclosure import demand_consent, record_reading, split_by_consent
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.problems import Problem

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["decisions"])
_PROBLEMS = problems(400, 401, 403, 404, 413, 415, 422, 429, 503)
_MOST = 1_000


class Asked(BaseModel):
    """Whom to score, and by which questions; none: by all."""

    ids: list[str] = Field(max_length=_MOST)
    questions: list[str] | None = None


class Score(BaseModel):
    """What a model foretells of a customer."""

    customer_id: str
    question: str
    value: float
    unit: str
    horizon_days: int
    percentile: float | None
    band: str | None
    model_version: str
    reasons: list[dict[str, Any]] | None = Field(
        default=None, description="Why, with ``explain=true``: the strongest factors."
    )


class Scores(BaseModel):
    """The scores, who is not known or was never drawn, and of whom it may not be told."""

    scores: list[Score]
    unknown: list[str]
    denied: list[str]
    degraded: list[str] = Field(description="What the service does without at the moment.")


class Offering(BaseModel):
    """For whom, how many, and what to leave out."""

    customer_id: str = Field(min_length=1, max_length=512)
    n: int = Field(10, ge=1, le=100)
    exclude: list[str] = Field(default=[], max_length=_MOST)
    new_only: bool = False
    personalized: bool = True


class Offers(BaseModel):
    """What to offer, best first; ``personalized`` says whether by what is known of the customer."""

    customer_id: str
    personalized: bool
    items: list[dict[str, Any]]
    degraded: list[str] = Field(description="What the service does without at the moment.")


def _may(scope: str, body: type[BaseModel]) -> Json:
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {"application/json": {"schema": schema}}
    return guarded(scope) | {
        "parameters": [PURPOSE],
        "requestBody": {"required": True, "content": content},
    }


async def _read(request: Request, kind: type[BaseModel]) -> Any:  # noqa: ANN401 - of that kind
    try:
        return kind.model_validate(await read_json(request, request.app.state.parts.config))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("body", *first["loc"]))
        raise Problem(422, "invalid", f"{place}: {first['msg']}") from None


@router.post(
    "/score", response_model=Scores, responses=_PROBLEMS, openapi_extra=_may("score", Asked)
)
async def score(
    request: Request,
    who: Annotated[Principal, Depends(Guard("score"))],
    explain: Annotated[bool, Query(description="Whether each score says why.")] = False,
) -> Response:
    """Return what models foretell of up to 1,000 customers, by every question of the workspace."""
    purpose = purpose_of(request, who)
    asked: Asked = await _read(request, Asked)
    store = request.app.state.parts.store
    pages = await run_in_threadpool(store.pages_of, asked.ids)
    drawn = [page.customer_id for page in pages if page.portrait is not None]
    told, denied = split_by_consent(request, who, drawn, purpose)
    record_reading(request, who, told, purpose)
    scores: list[Json] = []
    known, may = set(denied), set(told)
    for page in pages:
        if page.portrait is None or page.customer_id not in may:
            continue
        known.add(page.customer_id)
        profile = Profile.from_json(page.portrait)
        scores += [
            _score(profile, each, explain=explain)
            for each in profile.predictions
            if asked.questions is None or each.question in asked.questions
        ]
    unknown = [each for each in dict.fromkeys(asked.ids) if each not in known]
    degraded = list(request.app.state.health.lacking())
    return answer({"scores": scores, "unknown": unknown, "denied": denied, "degraded": degraded})


def _score(profile: Profile, found: Prediction, *, explain: bool) -> Json:
    told: Json = {
        "customer_id": profile.customer_id,
        "question": found.question,
        "value": found.value,
        "unit": found.unit,
        "horizon_days": found.horizon_days,
        "percentile": found.percentile,
        "band": found.band,
        "model_version": found.model_version,
    }
    if explain:
        told["reasons"] = [asdict(each) for each in reasons_of(profile, found)]
    return told


@router.post(
    "/recommendations",
    response_model=Offers,
    responses=_PROBLEMS,
    openapi_extra=_may("reco", Offering),
)
async def recommendations(
    request: Request, who: Annotated[Principal, Depends(Guard("reco"))]
) -> Response:
    """Return what to offer a customer next, each item with its reason.

    With ``personalized`` false, and for whom nothing is known, what many bought lately.
    """
    purpose = purpose_of(request, who)
    asked: Offering = await _read(request, Offering)
    store = request.app.state.parts.store
    if asked.personalized and knows(store, asked.customer_id):
        demand_consent(request, who, asked.customer_id, purpose)
        record_reading(request, who, [asked.customer_id], purpose)
    name = asked.customer_id if asked.personalized else ""
    try:
        items = recommend(store, name, k=asked.n, exclude=asked.exclude, new_only=asked.new_only)
    except (TooFew, UnknownCustomer):
        items = []
    return answer(
        {
            "customer_id": asked.customer_id,
            "personalized": asked.personalized and knows(store, asked.customer_id),
            "items": [asdict(item) for item in items],
            "degraded": list(request.app.state.health.lacking()),
        }
    )
