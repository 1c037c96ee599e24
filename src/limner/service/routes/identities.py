"""Who is who: why names are one person, merged by hand, and taken apart again."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.errors import BadConfig
from limner.service.answers import Json, answer, problems
from limner.service.bodies import read_json
from limner.service.disclosure import demand_consent, record_reading
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of
from limner.service.keys import Principal
from limner.service.paths import CustomerId
from limner.service.problems import Problem

__all__ = ["router"]

router = APIRouter(prefix="/v1/profiles", tags=["profiles"])
Reader = Annotated[Principal, Depends(Guard("profile:read"))]
Editor = Annotated[Principal, Depends(Guard("profile:write"))]
_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
_LONGEST = 512


class Name(BaseModel):
    """One name: an id, an e-mail address, a phone, a device, an id of another system."""

    type: str
    value: str


class Identity(Name):
    """A name of the person, and when it was first linked with another."""

    first_linked: str | None


class Blocked(Name):
    """A name that joins nobody, and why."""

    reason: Literal["blocked_value", "joins_too_many", "several_known_users", "limit"]


class Evidence(BaseModel):
    """By which rule two names were linked: when, and by which call, or whose decision."""

    rule: str
    at: str
    by: str


class Pair(BaseModel):
    """Two names with what speaks for their being one person; ``reason`` says why it is void."""

    between: list[Name]
    holds: bool
    reason: str | None
    evidence: list[Evidence]


class Step(BaseModel):
    """When two parts of the person ``joined``, or what was ``decided`` by hand."""

    what: Literal["joined", "decided"]
    at: str
    between: list[Name]
    rule: str
    by: str


class Explained(BaseModel):
    """Why a person is one."""

    customer_id: str
    identities: list[Identity]
    links: list[Pair]
    blocked: list[Blocked]
    merges: list[Step]


class Merged(BaseModel):
    """By which id the person is known, and all ids of theirs."""

    customer_id: str
    identities: list[str]


class Unmerged(BaseModel):
    """By which ids the two are known now, and which links were undone."""

    customer_ids: list[str]
    undone: list[list[str]]


def _body(first: str, second: str) -> Json:
    text = {"type": "string", "minLength": 1, "maxLength": _LONGEST}
    schema = {
        "type": "object",
        "required": [first, second],
        "properties": {first: text, second: text},
    }
    content = {"application/json": {"schema": schema}}
    return guarded("profile:write") | {"requestBody": {"required": True, "content": content}}


@router.get(
    "/{customer_id:id}/identities",
    response_model=Explained,
    responses=_PROBLEMS,
    openapi_extra=guarded("profile:read") | {"parameters": [PURPOSE]},
)
async def identities(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Return the names of a person, the evidence of each, what is blocked, and what merged when."""
    purpose = purpose_of(request, who)
    book = request.app.state.parts.eraser.identities
    demand_consent(request, who, customer_id, purpose)
    found = await run_in_threadpool(book.explain, customer_id)
    demand_consent(request, who, found.customer_id, purpose)
    record_reading(request, who, [found.customer_id], purpose)
    return answer(asdict(found))


@router.post(
    ":merge", response_model=Merged, responses=_PROBLEMS, openapi_extra=_body("id", "with")
)
async def merge(request: Request, who: Editor) -> Response:
    """Say that two customers are one person: ``{"id": "a1", "with": "u42"}``.

    From the answer on each id tells of both. It can be undone.
    """
    state = request.app.state
    one, other = await _two(request, "id", "with")
    book = state.parts.eraser.identities
    await run_in_threadpool(_or_conflict, book.merge, one, other, who.key_id)
    state.renewer.wake()
    page = await run_in_threadpool(state.parts.store.page, one)
    return answer({"customer_id": page.customer_id, "identities": list(page.identities)})


@router.post(
    ":unmerge", response_model=Unmerged, responses=_PROBLEMS, openapi_extra=_body("id", "from")
)
async def unmerge(request: Request, who: Editor) -> Response:
    """Take an id off a person: ``{"id": "a1", "from": "u42"}``, merged by hand or by evidence.

    The links that are undone stay so, also when the same evidence comes again.
    """
    state = request.app.state
    one, other = await _two(request, "id", "from")
    book = state.parts.eraser.identities
    undone = await run_in_threadpool(_or_conflict, book.unmerge, one, other, who.key_id)
    state.renewer.wake()
    now = [(await run_in_threadpool(state.parts.store.page, each)).customer_id
           for each in (one, other)]  # fmt: skip
    return answer({"customer_ids": now, "undone": [list(pair) for pair in undone]})


def _or_conflict(
    decide: Callable[..., Any],
    one: str,
    other: str,
    actor: str,
) -> Any:  # noqa: ANN401 - of the decision
    try:
        return decide(one, other, actor=actor)
    except BadConfig as error:
        raise Problem(409, "cannot_decide", error.message, hint=error.hint) from None


async def _two(request: Request, first: str, second: str) -> tuple[str, str]:
    body = await read_json(request, request.app.state.parts.config)
    told = body if isinstance(body, dict) else {}
    found = [told.get(name) for name in (first, second)]
    if not all(isinstance(each, str) and 0 < len(each) <= _LONGEST for each in found):
        raise Problem(400, "bad_body", f'the body must be {{"{first}": "…", "{second}": "…"}}')
    return str(found[0]), str(found[1])
