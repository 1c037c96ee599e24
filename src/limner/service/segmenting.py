"""What addresses of segments share: whom they may look at, for how long, and under which name."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request

from limner.apps.segments.built_in import BUILT_IN, Segment
from limner.apps.segments.rule import Rule, parse_rule
from limner.errors import BadConfig
from limner.profiles.database.audit import Entry
from limner.profiles.database.population import DatabasePopulation
from limner.profiles.database.segments import KeptSegment, SegmentBook
from limner.service.answers import Json
from limner.service.bodies import read_json
from limner.service.keys import Principal
from limner.service.problems import Problem

__all__ = [
    "aside",
    "note",
    "opened",
    "patience",
    "population_of",
    "read_rule",
    "segment_of",
    "told_body",
    "whole",
]


AT_ONCE = 2
"""So many requests go through profiles at once; others wait."""
Result = TypeVar("Result")


def population_of(request: Request, purpose: str) -> DatabasePopulation:
    """Return those of whom it may be told for a purpose."""
    parts = request.app.state.parts
    unasked = purpose not in parts.config.consent_for
    return DatabasePopulation(parts.eraser.book.engine, purpose, unasked=unasked)


def patience(request: Request) -> Callable[[], bool]:
    """Return what says when a request has gone through profiles for long enough.

    It counts from when it is first asked, so whoever had to wait for others is not hurried.
    """
    most: float = request.app.state.parts.config.search_seconds
    begun: list[float] = []

    def enough() -> bool:
        now = time.monotonic()
        begun[:] = begun or [now]
        return now - begun[0] > most

    return enough


async def aside(request: Request, work: Callable[..., Result], *args: Any, **more: Any) -> Result:  # noqa: ANN401 - what the work takes
    """Do what goes through many profiles in a thread, few at a time, so that others are served."""
    state = request.app.state
    if not hasattr(state, "searches"):
        state.searches = CapacityLimiter(AT_ONCE)
    return await to_thread.run_sync(partial(work, *args, **more), limiter=state.searches)


def segment_of(request: Request, segment_id: str) -> Segment:
    """Return a segment, built in or the shop's own. Raises Problem (404)."""
    if segment_id in BUILT_IN:
        return BUILT_IN[segment_id]
    book: SegmentBook = request.app.state.segments
    kept = book.get(segment_id)
    if kept is None:
        raise Problem(
            404,
            "unknown_segment",
            f"there is no segment {segment_id!r}",
            hint="GET /v1/segments names them all",
        )
    return opened(kept)


def opened(kept: KeptSegment) -> Segment:
    """Return a segment with its rule."""
    return Segment(kept.id, kept.name, parse_rule(kept.rule), kept.description, kept.version)


async def told_body(request: Request, *known: str, required: tuple[str, ...] = ()) -> Json:
    """Return the body, an object of known names. Raises Problem (422)."""
    body = await read_json(request, request.app.state.parts.config)
    if not isinstance(body, dict):
        raise Problem(422, "invalid", f"body: must be an object of {', '.join(known)}")
    odd = sorted(set(body) - set(known))
    missing = [name for name in required if name not in body]
    if odd or missing:
        told = f"{odd[0]!r} is not known" if odd else f"{missing[0]!r} is missing"
        raise Problem(422, "invalid", f"body: {told}", hint=f"known: {', '.join(known)}")
    return body


def read_rule(plain: object) -> Rule:
    """Return a rule. Raises Problem (422)."""
    try:
        return parse_rule(plain)
    except BadConfig as error:
        raise Problem(422, "invalid_rule", error.message, hint=error.hint) from None


def whole(body: Json, name: str, *, default: int, most: int) -> int:
    """Return a number of the body, from 1 to the most. Raises Problem (422)."""
    told = body.get(name, default)
    good = isinstance(told, int | float) and not isinstance(told, bool) and told == int(told)
    if not good or not 1 <= told <= most:
        raise Problem(422, "invalid", f"body.{name}: must be 1 to {most}, got {told!r}")
    return int(told)


def note(request: Request, who: Principal, action: str, detail: str) -> None:
    """Take down in the audit log what was done with a segment."""
    entry: Any = Entry(time.time_ns() // 1000, who.key_id, action, None, detail)
    request.app.state.recorder.tell([entry])
