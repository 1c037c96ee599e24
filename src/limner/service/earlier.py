"""Answers of the past: profiles, traits and predictions as of an earlier moment."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, final

import orjson
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from limner.service.answers import Json
from limner.service.problems import Problem

__all__ = ["AS_OF", "Turns", "as_json", "asked_moment", "draw_earlier", "draw_history"]

_AT_ONCE = 4
"""So many may ask for the past at once: each may take a pass over the log, and a thread."""

_FOREIGN = ("predictions", "recommendations")
"""What models make of a customer: it is kept for the present alone."""
_ZONED = {"type": "string", "format": "date-time"}
AS_OF: list[Json] = [
    {
        "name": "as_of",
        "in": "query",
        "schema": _ZONED,
        "description": "An earlier moment: what happened before it, and was known by then.",
    },
    {
        "name": "known_at",
        "in": "query",
        "schema": _ZONED,
        "description": "What had come by this moment, instead of by as_of; alone: as of now.",
    },
]
"""What a route says of these parameters in the OpenAPI document."""


@final
class Turns:
    """Lets so many do something at once, and sends the others away."""

    def __init__(self, most: int = _AT_ONCE) -> None:
        self.most = most
        self._within = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take a turn. Raises Problem (503) where there is none."""
        if self._within >= self.most:
            raise Problem(
                503,
                "busy",
                f"{self.most} earlier moments are being drawn at once, and no more can be",
                hint="ask again in a second",
                headers={"Retry-After": "1"},
            )
        self._within += 1
        try:
            yield
        finally:
            self._within -= 1


def asked_moment(request: Request) -> tuple[datetime, datetime | None] | None:
    """Return as of when, and as known when, a request asks; none where it asks for the present.

    A service that plays the past again (``[serve] clock = "log"``) goes by when events happened,
    unless ``known_at`` is said; its knowledge is then none.

    Raises
    ------
    Problem
        422 for what is no moment, 409 for one that lies ahead.
    """
    query, now = request.query_params, request.app.state.parts.clock()
    if "as_of" not in query and "known_at" not in query:
        return None
    as_of = _moment("as_of", query["as_of"], now) if "as_of" in query else now
    if "known_at" in query:
        return as_of, _moment("known_at", query["known_at"], now)
    return as_of, None if request.app.state.parts.config.clock == "log" else as_of


async def draw_earlier(
    request: Request, customer_id: str, moment: tuple[datetime, datetime | None]
) -> Json:
    """Return a profile as of a moment, in the form in which profiles are told."""
    parts, past = request.app.state.parts, request.app.state.past
    as_of, known = moment
    now = parts.clock()
    with request.app.state.turns.one():
        found = await run_in_threadpool(past.draw, customer_id, as_of=as_of, known=known, now=now)
    received = found.newest.received_us
    portrait = None if found.portrait is None else orjson.loads(found.portrait.to_json())
    return {
        "as_of": _iso(as_of),
        "computed_at": _iso(now),
        "known_at": None if known is None else _iso(known),
        "customer_id": found.customer_id,
        "identities": list(found.identities),
        "live": found.counters.told(as_of),
        "freshness": {
            "token": str(found.newest.seq),
            "changed_at": _iso(datetime.fromtimestamp(received / 1e6, UTC)) if received else None,
            "stale": False,
        },
        "degraded": await run_in_threadpool(_missing, request, customer_id),
        "portrait": portrait,
    }


def as_json(told: Mapping[str, Any], name: str) -> Json:
    """Return one part of an earlier portrait, with what the answer rests on."""
    kept = {key: told[key] for key in ("as_of", "computed_at", "known_at", "degraded")}
    return kept | {name: (told["portrait"] or {}).get(name, [])}


async def draw_history(
    request: Request, customer_id: str, name: str, moments: Sequence[datetime]
) -> list[Json]:
    """Return a trait as of several moments; where there was none, the moment is left out.

    Raises
    ------
    Problem
        404 where no moment has such a trait, 503 where too many ask at once.
    """
    with request.app.state.turns.one():
        return await run_in_threadpool(_history, request, customer_id, name, moments)


def _history(
    request: Request, customer_id: str, name: str, moments: Sequence[datetime]
) -> list[Json]:
    parts, past = request.app.state.parts, request.app.state.past
    by_log, now = parts.config.clock == "log", parts.clock()
    points: list[Json] = []
    others: set[str] = set()
    for moment in moments:
        known = None if by_log else moment
        try:
            found = past.draw(customer_id, as_of=moment, known=known, now=now)
        except LookupError:  # nothing of them was known yet
            continue
        for each in () if found.portrait is None else found.portrait.traits:
            others.add(each.name)
            if each.name == name:
                points.append({"as_of": _iso(moment), "value": each.value, "unit": each.unit})
    if not points:
        raise Problem(
            404,
            "unknown_trait",
            f"no trait {name!r} was known of this customer at any of {len(moments)} moments",
            hint=f"there were {', '.join(sorted(others))}" if others else "ask for later moments",
        )
    return points


def _missing(request: Request, customer_id: str) -> list[str]:
    """Return what the present portrait tells and an earlier one cannot."""
    page = request.app.state.parts.store.pages_of([customer_id])
    portrait = page[0].portrait if page else None
    told = {} if portrait is None else orjson.loads(portrait)
    return [name for name in _FOREIGN if told.get(name)]


def _moment(name: str, told: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(told)
        if found.tzinfo is not None:
            found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.tzinfo is None:
        raise Problem(
            422,
            "invalid",
            f"query.{name}: must be a moment with its zone, got {told[:64]!r}",
            hint="for instance 2026-05-01T00:00:00Z; a + is written %2B in an address",
        )
    if found > now + timedelta(seconds=1):
        raise Problem(409, "lies_ahead", f"{name} must not lie ahead, got {told[:64]!r}")
    return found


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
