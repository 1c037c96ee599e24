"""What happens, as it happens: server-sent events of one profile, or of all events."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from limner.errors import UnknownCustomer
from limner.profiles.database.tail import Tail
from limner.profiles.database.writing import moment_of
from limner.service.answers import Json, problems
from limner.service.disclosure import demand_granted, record_reading, split_by_consent
from limner.service.guard import PURPOSE, Guard, guarded, purpose_of, still_admitted
from limner.service.keys import Principal
from limner.service.listeners import Ended, Stream, cloud_event, frame, watch
from limner.service.paths import CustomerId
from limner.service.problems import Problem
from limner.service.writer import Busy

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["live"])
Reader = Annotated[Principal, Depends(Guard("profile:read"))]
_SCOPE = "profile:read"
_AT_ONCE = 500
_BEHIND = 10_000
"""A stream that comes back after so many events misses the oldest, and is told so."""
_ID = "([0-9]{1,18}(-[0-9]{1,18})?)?"
_HEADERS = [
    PURPOSE,
    {
        "name": "Last-Event-ID",
        "in": "header",
        "schema": {"type": "string", "pattern": f"^{_ID}$"},
        "description": "The id of the last message that was received; browsers send it.",
    },
]
_MAY = guarded(_SCOPE) | {"parameters": _HEADERS}
_MESSAGE = {
    "type": "object",
    "properties": {
        "event": {"enum": ["profile", "event", "skipped", "end"]},
        "data": {"type": "string", "description": "JSON; see the operation."},
        "id": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
_ANSWERS: dict[int | str, Json] = problems(400, 401, 403, 404, 422, 429, 503) | {
    200: {
        "description": "Messages, as long as the stream is open (WHATWG server-sent events).",
        "content": {"text/event-stream": {"schema": _MESSAGE}},
    }
}


@router.get(
    "/profiles/{customer_id:id}/stream",
    response_class=Response,
    responses=_ANSWERS,
    openapi_extra=_MAY,
)
async def profile_stream(request: Request, customer_id: CustomerId, who: Reader) -> Response:
    """Tell a profile now, and again whenever it is renewed.

    Messages ``profile`` are CloudEvents ``limner.profile.updated.v1`` whose data is what
    ``GET /v1/profiles/{customer_id}`` returns. Their ``id`` is the number of the customer's newest
    event and how often the portrait was drawn, given where the portrait knows that event: whoever
    comes back with it misses nothing. A message ``end`` says why a stream ends; purpose and
    consent are looked at before each.
    """
    state = request.app.state
    purpose, last = purpose_of(request, who), _last(request)
    store = state.parts.store
    granted = store.state(customer_id, purpose).granted
    demand_granted(request, who, customer_id, purpose, granted=granted)
    told = [last]

    async def look() -> list[bytes]:
        still_admitted(request, _SCOPE, purpose, state.keyring)
        now = store.state(customer_id, purpose)
        demand_granted(request, who, customer_id, purpose, granted=now.granted)
        mark = f"{now.seq}-{now.drawings}" + "-stale" * now.stale
        if told[0] == mark:
            return []
        found = state.teller.tell(customer_id, now)
        record_reading(request, who, [customer_id], purpose)
        told[0] = mark
        whole = cloud_event(
            "limner.profile.updated.v1",
            mark,
            customer_id,
            state.parts.clock().isoformat().replace("+00:00", "Z"),
            found.body,
        )
        return [frame("profile", whole, token=None if now.stale else mark)]

    return _streamed(request, who, look)


@router.get("/events/live", response_class=Response, responses=_ANSWERS, openapi_extra=_MAY)
async def events_live(
    request: Request,
    who: Reader,
    kind: Annotated[
        str | None, Query(max_length=64, description="Only events of this kind.")
    ] = None,
) -> Response:
    """Tell every event as it comes in, from now on, or after ``Last-Event-ID``.

    Messages ``event`` are CloudEvents ``limner.event.accepted.v1`` whose ``id`` is the number of
    the event. Of whom it may not be told for this purpose nothing is told. ``skipped`` says from
    where on a stream goes on that was away for too long.
    """
    state = request.app.state
    purpose, last = purpose_of(request, who), _last(request)
    newest = state.parts.store.token()
    since = newest if last is None else int(last.partition("-")[0])
    tail = Tail(state.parts.eraser.book.engine)
    at = [min(since, newest)]
    first = max(at[0], newest - _BEHIND)

    def read() -> list[bytes]:
        frames = []
        if at[0] < first:
            at[0] = first
            frames.append(frame("skipped", {"to": first}, token=first))
        found = tail.after(at[0], limit=_AT_ONCE)
        people = sorted({each.customer_id for each in found})
        told = set(split_by_consent(request, who, people, purpose)[0])
        chosen = [
            each
            for each in found
            if each.customer_id in told and kind in {None, each.event.get("kind")}
        ]
        record_reading(request, who, sorted({each.customer_id for each in chosen}), purpose)
        for each in chosen:
            data = orjson.dumps({"customer_id": each.customer_id, "event": each.event})
            came = moment_of(each.received_us).isoformat().replace("+00:00", "Z")
            whole = cloud_event(
                "limner.event.accepted.v1", str(each.seq), each.customer_id, came, data
            )
            frames.append(frame("event", whole, token=each.seq))
        at[0] = found[-1].seq if found else at[0]
        return frames

    async def look() -> list[bytes]:
        still_admitted(request, _SCOPE, purpose, state.keyring)
        if state.parts.store.token() <= at[0]:
            return []
        return await run_in_threadpool(read)

    return _streamed(request, who, look)


def _streamed(
    request: Request, who: Principal, look: Callable[[], Awaitable[list[bytes]]]
) -> Response:
    """Return a stream of what a function finds new, within the limits of the key."""
    state = request.app.state

    async def looked() -> list[bytes]:
        try:
            return await look()
        except Problem as problem:
            raise Ended(problem.code) from None
        except UnknownCustomer:
            raise Ended("unknown_customer") from None
        except Busy:
            raise Ended("busy") from None

    state.listeners.take(who.key_id)
    frames = watch(looked, state.parts.config, state.listeners)
    return Stream(frames, state.listeners, who.key_id)


def _last(request: Request) -> str | None:
    """Return the id of the last message that a client received, none where it says none."""
    told = request.headers.get("last-event-id", "")
    if not re.fullmatch(_ID, told):
        raise Problem(
            422,
            "invalid",
            f"header.Last-Event-ID: must be the id of a message, got {told[:64]!r}",
        )
    return told or None
