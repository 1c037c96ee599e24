"""Events and items in: as trackers send them, acknowledged once they are durable."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from limner.service.answers import Json, answer, problems
from limner.service.bodies import read_json
from limner.service.guard import Guard, admit, guarded, secret_of
from limner.service.keys import Principal
from limner.service.problems import Problem
from limner.service.wire import Delivery, Malformed, Sending, Wire, place_of, wires

__all__ = ["router"]

router = APIRouter(tags=["ingest"])
_MAY = guarded("ingest")
_PROBLEMS = problems(400, 401, 403, 413, 415, 429, 503)
Sender = Annotated[Principal, Depends(Guard("ingest"))]
_ITEM_NAMES = ("item_id", "title", "description", "category", "brand", "price", "image")
_PRICE = re.compile(r"^[0-9]{1,15}(\.[0-9]{1,9})?$")
"""A price that is written as a text."""
_ID = re.compile(r"^[^\u0000]*[^\s\u0000-\u001f\u007f][^\u0000]*$")
"""An id has something to see, and no NUL: no database keeps it, and ids would meet."""
_LONGEST_ID = 512
_WHOLE = 2**53 - 1
"""Up to here every reader of JSON tells whole numbers apart."""


class RefusedEvent(BaseModel):
    """One event of a body that was refused; it is kept with its reason."""

    index: int = Field(description="Which event of the body, from 0.")
    reason: str
    detail: str


class Acknowledged(BaseModel):
    """What became of a body; all of it is durable."""

    success: bool = Field(description="Whether every event was taken, now or before.")
    accepted: int = Field(description="Events that are new.")
    duplicates: int = Field(description="Events that were there already.")
    told: int = Field(
        description="Calls that are no events, but told of a customer (identify, group, alias), and"
        " items."
    )
    rejected: list[RefusedEvent]
    consistency_token: str = Field(description="Whoever reads with it sees these events.")


class Heard(BaseModel):
    """That something was sent; nothing of it is kept."""

    success: bool


def _route(path: str, wire: Wire) -> Callable[[Request], Awaitable[Response]]:
    key = getattr(wire, "key_in_body", "")

    async def take(request: Request) -> Response:
        state = request.app.state
        config = state.parts.config
        if secret_of(request) or not key:
            admit(request, "ingest", state.keyring, state.rates)
            body = await read_json(request, config)
        else:  # beacons of browsers have no headers of their own
            try:
                body = await read_json(request, config)
            except Problem:  # whoever has no key is told that, and nothing else
                body = None
            told = body.get(key) if isinstance(body, dict) else None
            secret = told if isinstance(told, str) else ""
            admit(request, "ingest", state.keyring, state.rates, secret=secret)
        try:
            delivery = wire.unpack(body, Sending(path, state.parts.clock(), config))
        except Malformed as error:
            raise Problem(400, "bad_body", str(error)) from None
        return await _write(request, delivery)

    return take


async def _write(request: Request, delivery: Delivery) -> Response:
    """Wait until a delivery is durable, and say what became of it."""
    state = request.app.state
    with state.metrics.seconds.time():
        outcome = await asyncio.wrap_future(state.writer.submit(delivery))
    for _, reason, _ in outcome.rejected:
        state.metrics.rejected.labels(reason).inc()
    return answer(
        {
            "success": not outcome.rejected,
            "accepted": outcome.accepted,
            "duplicates": outcome.duplicates,
            "told": outcome.told,
            "rejected": [
                {"index": place, "reason": reason, "detail": detail}
                for place, reason, detail in outcome.rejected
            ],
            "consistency_token": str(outcome.token),
        }
    )


def _body(schema: Json) -> Json:
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "content": content}}


def _parameters(path: str) -> Json:
    """Return what stands in an address: the key, for trackers that can send it nowhere else."""
    names = re.findall(r"\{(\w+)\}", path)
    text = {"type": "string", "minLength": 1, "maxLength": 256}
    told = [{"name": name, "in": "path", "required": True, "schema": text} for name in names]
    return {"parameters": told} if told else {}


_TEXT: Json = {"type": ["string", "null"]}
_ITEM: Json = {
    "type": "object",
    "required": ["item_id"],
    "properties": {
        **dict.fromkeys(_ITEM_NAMES, _TEXT),
        "item_id": {
            "type": ["string", "integer"],
            "pattern": _ID.pattern,
            "maxLength": _LONGEST_ID,
            "minimum": -_WHOLE,
            "maximum": _WHOLE,
        },
        "price": {
            "anyOf": [
                {"type": ["number", "null"], "minimum": 0},
                {"type": "string", "pattern": _PRICE.pattern},
            ]
        },
    },
}


def _join() -> None:
    """Add an address for every way in which trackers write."""
    # a place with a key in it would take the others for keys
    for path, wire in sorted(wires().items(), key=lambda each: ("{" in each[0], each[0])):
        about = (type(wire).__doc__ or "").strip().splitlines()[0]
        router.add_api_route(
            place_of(path),
            _route(path, wire),
            methods=["POST"],
            name="ingest_" + re.sub(r"\W+", "_", path).strip("_"),
            summary=about,
            response_model=Acknowledged,
            responses=_PROBLEMS,
            openapi_extra=_MAY | _body(wire.schema(path)) | _parameters(path),
        )


@router.post(
    "/v1/items",
    response_model=Acknowledged,
    responses=_PROBLEMS,
    openapi_extra=_MAY | _body({"type": "array", "items": _ITEM}),
)
async def items(request: Request, _: Sender) -> Response:
    """Take what is known of items: a list, or ``{"items": […]}``; the newest word counts."""
    config = request.app.state.parts.config
    body = await read_json(request, config)
    if isinstance(body, dict) and isinstance(body.get("items"), list):
        body = body["items"]
    told = body if isinstance(body, list) else [body]
    if len(told) > config.events_per_body:
        raise Problem(400, "bad_body", f"a body must hold at most {config.events_per_body} items")
    found = [_item(place, item) for place, item in enumerate(told)]
    telling = list(range(len(found)))
    return await _write(request, Delivery("items", items=found, telling=telling))


def _item(place: int, item: object) -> Json:
    """Return what is known of an item as texts; raises a problem that names it by its place."""

    def refuse(what: str) -> Problem:
        return Problem(400, "bad_body", f"item {place} must {what}")

    if not isinstance(item, dict):
        raise refuse("be an object with an item_id")
    found = {name: item.get(name) for name in _ITEM_NAMES}
    price, number = found.pop("price"), found["item_id"]
    if isinstance(number, int | float) and not isinstance(number, bool):
        if number != int(number) or abs(number) > _WHOLE:
            raise refuse("have a whole number as its item_id, or a text")
        found["item_id"] = str(int(number))  # JSON knows no difference between 7 and 7.0
    for name, value in found.items():
        if not isinstance(value, str | None):
            raise refuse(f"have a text as its {name}, or none")
    own = found["item_id"] or ""
    if not _ID.search(own) or len(own) > _LONGEST_ID:
        raise refuse(f"have an item_id of 1 to {_LONGEST_ID} characters, without NUL")
    if isinstance(price, int | float) and not isinstance(price, bool) and price >= 0:
        found["price"] = str(price)
    elif price is None or (isinstance(price, str) and _PRICE.search(price)):
        found["price"] = price
    else:
        raise refuse("have a price of nought or more, or none")
    # PostgreSQL's texts cannot hold the one character
    return {name: value and value.replace("\0", "") for name, value in found.items()}


@router.post("/v1/m", openapi_extra={"x-limner-scope": "public", "security": []},
             response_model=Heard)  # fmt: skip
async def metrics_of_tracker() -> Response:
    """Take what analytics.js counts of itself, and keep nothing of it."""
    return answer({"success": True})


_join()
