"""What customers ask: to see what is held on them, to be erased, and what may be told of them."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.errors import BadConfig
from limner.events.cleaning import tidy_id
from limner.profiles.database.privacy import Request as Asked
from limner.profiles.database.writing import moment_of
from limner.service.answers import Json, answer, problems
from limner.service.bodies import read_json
from limner.service.guard import Guard, guarded
from limner.service.keys import PURPOSES, Principal
from limner.service.paths import CustomerId
from limner.service.problems import Problem

__all__ = ["router"]

router = APIRouter(prefix="/v1/privacy", tags=["privacy"])
_MAY = guarded("privacy")
_PROBLEMS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)
Officer = Annotated[Principal, Depends(Guard("privacy"))]
RequestId = Annotated[str, Path(pattern="^[ae][0-9a-f]{1,32}$")]
_LONGEST_ID = 512


class PrivacyRequest(BaseModel):
    """What was asked, and how far it is.

    ``export`` holds all that is held on the customer, of a request for ``access`` alone; it is made
    anew each time. Once a customer is erased no request knows the id any more.
    """

    id: str
    type: Literal["access", "erase"]
    state: Literal["open", "running", "scrubbing", "done"]
    subject: str = Field(description="A keyed hash of the customer's id, as in the audit log.")
    created_at: str
    export: dict[str, Any] | None = None


class ErasureReceipt(BaseModel):
    """What an erasure searched, how many rows went from where, and what is kept and why."""

    request: str
    subject: str
    asked_at: str
    erased_at: str
    may_return: bool
    searched: list[str]
    counts: dict[str, int]
    kept: list[dict[str, str]]
    together_with: list[str] = Field(
        default=[], description="The requests of all ids of a person who had several."
    )


def _body(schema: Json) -> Json:
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


_ASKING = _body(
    {
        "type": "object",
        "required": ["type", "customer_id"],
        "properties": {
            "type": {"enum": ["access", "erase"]},
            "customer_id": {
                "type": "string",
                "maxLength": _LONGEST_ID,
                "pattern": r"[^\s\u0000-\u0020\u0085]",
            },
            "allow_return": {"type": "boolean", "default": False},
        },
    }
)
_SAYING = _body(
    {
        "type": "object",
        "properties": {each: {"type": ["boolean", "null"]} for each in PURPOSES},
        "additionalProperties": False,
    }
)


@router.post("/requests", status_code=202, response_model=PrivacyRequest, responses=_PROBLEMS,
             openapi_extra=_MAY | _ASKING)  # fmt: skip
async def ask(request: Request, who: Officer) -> Response:
    """Ask to see what is held on a customer, or to erase it; it is written down, then done.

    From the answer on nothing of somebody to be erased comes in, unless ``allow_return``.
    """
    state = request.app.state
    body = await read_json(request, state.parts.config)
    told = body if isinstance(body, dict) else {}
    kind, customer = told.get("type"), told.get("customer_id")
    back = told.get("allow_return", False)
    named = isinstance(customer, str) and len(customer) <= _LONGEST_ID and tidy_id(customer)
    if kind not in ("access", "erase") or not named or not isinstance(back, bool):
        raise Problem(
            400, "bad_body", 'the body must be {"type": "access|erase", "customer_id": "…"}'
        )
    eraser = state.parts.eraser
    found: Asked = await run_in_threadpool(
        eraser.ask, kind, customer, actor=who.key_id, allow_return=back
    )
    if kind == "erase":
        state.archivist.wake()
    return answer(
        _told(found), status=202, headers={"Location": f"/v1/privacy/requests/{found.id}"}
    )


@router.get("/requests/{request_id}", response_model=PrivacyRequest, responses=_PROBLEMS,
            openapi_extra=_MAY)  # fmt: skip
async def one(request: Request, request_id: RequestId, _: Officer) -> Response:
    """Return what was asked and how far it is; of a request for access with all that is held."""
    eraser = request.app.state.parts.eraser
    found = await _find(request, request_id)
    told = _told(found)
    if found.kind == "access" and found.customer_id is not None:
        told["export"] = await run_in_threadpool(eraser.export, found.customer_id)
    return answer(told)


@router.get("/requests/{request_id}/receipt", response_model=ErasureReceipt, responses=_PROBLEMS,
            openapi_extra=_MAY)  # fmt: skip
async def receipt(request: Request, request_id: RequestId, _: Officer) -> Response:
    """Return the receipt of an erasure that is done."""
    found = await _find(request, request_id)
    if found.state != "done" or found.receipt is None:
        raise Problem(
            409,
            "not_finished",
            f"there is a receipt once an erasure is done, and this request is {found.state}",
            hint="come again in a moment",
        )
    return answer(dict(found.receipt))


@router.get("/subjects/{customer_id:id}/consents", response_model=dict[str, bool],
            responses=_PROBLEMS, openapi_extra=_MAY)  # fmt: skip
async def consents(request: Request, customer_id: CustomerId, _: Officer) -> Response:
    """Return for what a customer allows or forbids that their profile is told."""
    book = request.app.state.parts.eraser.book
    found: dict[str, dict[str, bool]] = await run_in_threadpool(book.consents, [customer_id])
    return answer(found.get(customer_id, {}))


@router.put("/subjects/{customer_id:id}/consents", response_model=dict[str, bool],
            responses=_PROBLEMS, openapi_extra=_MAY | _SAYING)  # fmt: skip
async def tell_consents(request: Request, customer_id: CustomerId, who: Officer) -> Response:
    """Keep what a customer allows (true) or forbids (false); null takes back what was said."""
    state = request.app.state
    body = await read_json(request, state.parts.config)
    if not isinstance(body, dict) or not all(
        name in PURPOSES and (said is None or isinstance(said, bool)) for name, said in body.items()
    ):
        raise Problem(
            400, "bad_body", f"the body must say true, false or null of {', '.join(PURPOSES)}"
        )
    book = state.parts.eraser.book
    try:
        await run_in_threadpool(book.tell_consents, customer_id, body, actor=who.key_id)
    except BadConfig as error:
        raise Problem(409, "erased", error.message, hint=error.hint) from None
    return await consents(request, customer_id, who)


async def _find(request: Request, request_id: str) -> Asked:
    book = request.app.state.parts.eraser.book
    found: Asked | None = await run_in_threadpool(book.request, request_id)
    if found is None:
        raise Problem(404, "unknown_request", f"nothing was asked under {request_id!r}")
    return found


def _told(found: Asked) -> Json:
    return {
        "id": found.id,
        "type": found.kind,
        "state": found.state,
        "subject": found.subject,
        "created_at": moment_of(found.created_us).isoformat(),
    }
