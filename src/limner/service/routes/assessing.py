"""Decisions on what is given: items put in an order for a customer, and risks assessed."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.apps.rank import rank
from limner.apps.risk import Decision, assess
from limner.errors import BadConfig, TooFew, UnknownCustomer
from limner.profiles.record import Profile
from limner.service.answers import Json, answer, problems
from limner.service.bodies import read_json
from limner.service.disclosure import demand_granted, record_reading
from limner.service.guard import Guard, guarded, purpose_of
from limner.service.keys import PURPOSES, Principal
from limner.service.problems import Problem

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["decisions"])
_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
_RISK = "risk"


class ToRank(BaseModel):
    """For whom, and what."""

    customer_id: str = Field(min_length=1, max_length=512)
    items: list[str] = Field(min_length=1, max_length=1_000)
    personalized: bool = True


class Ranked(BaseModel):
    """The items, the best first; each says by what it stands there. ``unknown``: nobody knows them.

    ``personalized`` says whether by what is known of the customer.
    """

    customer_id: str
    personalized: bool
    items: list[dict[str, Any]]
    unknown: list[str]
    as_of: str | None
    model_version: str | None
    degraded: list[str]


class ToAssess(BaseModel):
    """Whom."""

    customer_id: str = Field(min_length=1, max_length=512)


class Assessed(BaseModel):
    """What to do, and what each question of risk says.

    ``human_review`` is true of all but ``allow``: nobody is turned away by a machine alone.
    """

    customer_id: str
    decision: Decision
    human_review: bool
    risks: list[dict[str, Any]]
    as_of: str
    computed_at: str
    model_version: str | None
    stale: bool
    degraded: list[str]


def _may(scope: str, body: type[BaseModel], purposes: tuple[str, ...]) -> Json:
    schema = body.model_json_schema(ref_template="#/components/schemas/{model}")
    purpose = {
        "name": "X-Purpose",
        "in": "header",
        "required": True,
        "schema": {"enum": list(purposes)},
        "description": "For what it is read.",
    }
    return guarded(scope) | {
        "parameters": [purpose],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
    }


async def _read(request: Request, kind: type[BaseModel]) -> Any:  # noqa: ANN401 - of that kind
    try:
        return kind.model_validate(await read_json(request, request.app.state.parts.config))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in ("body", *first["loc"]))
        raise Problem(422, "invalid", f"{place}: {first['msg']}") from None


@router.post("/rank", response_model=Ranked, responses=_PROBLEMS,
             openapi_extra=_may("reco", ToRank, PURPOSES))  # fmt: skip
async def put_in_order(
    request: Request, who: Annotated[Principal, Depends(Guard("reco"))]
) -> Response:
    """Put given items in an order for a customer: by the fitted ranking, then by popularity."""
    purpose = purpose_of(request, who)
    asked: ToRank = await _read(request, ToRank)
    state = request.app.state
    profile = _profile_of(request, who, asked.customer_id, purpose) if asked.personalized else None
    known = await run_in_threadpool(_known, request, asked.items)
    found = rank(asked.items, profile, state.parts.store.about, known=known)
    return answer(
        {
            "customer_id": asked.customer_id,
            "personalized": any(each.by == "ranking" for each in found.items),
            "items": [asdict(each) for each in found.items],
            "unknown": list(found.unknown),
            "as_of": None if profile is None else profile.as_of.isoformat(),
            "model_version": None if profile is None else profile.model_version,
            "degraded": list(state.teller.degraded()),
        }
    )


@router.post("/risk/assess", response_model=Assessed, responses=_PROBLEMS,
             openapi_extra=_may("risk", ToAssess, (_RISK,)))  # fmt: skip
async def assess_risk(
    request: Request, who: Annotated[Principal, Depends(Guard("risk"))]
) -> Response:
    """Say what to do about a customer, by the questions that ``[serve] risk_questions`` names.

    Where none is named, or one was not answered for the customer, that is said, and nothing is
    decided.
    """
    purpose = purpose_of(request, who)
    asked: ToAssess = await _read(request, ToAssess)
    if purpose != _RISK:
        raise Problem(
            403, "purpose_denied", f"risks are assessed for {_RISK!r} alone, not for {purpose!r}"
        )
    state = request.app.state
    store, questions = state.parts.store, state.parts.config.risk_questions
    if not questions:
        raise Problem(
            409,
            "no_risk_question",
            "this workspace has no question of risk, so there is no score to decide by",
            hint='[serve] risk_questions = ["…"] names questions of limner.toml that tell of risks',
        )
    granted = store.state(asked.customer_id, _RISK).granted
    demand_granted(request, who, asked.customer_id, _RISK, granted=granted)
    page = store.page(asked.customer_id)
    if page.portrait is None:
        raise Problem(409, "not_scored", "there is no portrait of this customer yet")
    profile = Profile.from_json(page.portrait)
    try:
        found = assess(profile, questions)
    except (TooFew, BadConfig) as error:
        raise Problem(409, "not_scored", error.message, hint=error.hint) from None
    record_reading(request, who, [asked.customer_id], _RISK)
    return answer(
        {
            "customer_id": asked.customer_id,
            "decision": found.decision,
            "human_review": found.human_review,
            "risks": [
                {
                    "question": each.prediction.question,
                    "decision": each.decision,
                    "value": each.prediction.value,
                    "band": each.prediction.band,
                    "medium_from": each.prediction.medium_from,
                    "high_from": each.prediction.high_from,
                    "horizon_days": each.prediction.horizon_days,
                    "model_version": each.prediction.model_version,
                    "reasons": [asdict(reason) for reason in each.reasons],
                }
                for each in found.risks
            ],
            "as_of": profile.as_of.isoformat(),
            "computed_at": profile.computed_at.isoformat(),
            "model_version": profile.model_version,
            "stale": page.stale,
            "degraded": list(state.teller.degraded()),
        }
    )


def _profile_of(request: Request, who: Principal, customer_id: str, purpose: str) -> Profile | None:
    """Return a profile, none of whom nothing is known. Raises Problem (403)."""
    store = request.app.state.parts.store
    try:
        granted = store.state(customer_id, purpose).granted
        demand_granted(request, who, customer_id, purpose, granted=granted)
        profile: Profile = store.get(customer_id)
    except UnknownCustomer:
        return None
    record_reading(request, who, [customer_id], purpose)
    return profile


def _known(request: Request, items: list[str]) -> set[str]:
    """Return which items a catalogue knows: the store's, or the log's."""
    parts = request.app.state.parts
    found = set(parts.store.catalogue(items)["item_id"].to_list())
    log = parts.painter.log
    if log is not None:
        catalogue = log.catalogue()["item_id"]
        found |= set(catalogue.filter(catalogue.is_in(items)).to_list())
    return found
