"""What a tracker sends, taken apart: calls, events in our own words, and what is refused."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

import orjson

from limner import plugins
from limner.service import intake
from limner.service.settings import ServeConfig

__all__ = [
    "Delivery",
    "Malformed",
    "Refusal",
    "Sending",
    "Wire",
    "addresses",
    "deep",
    "pack",
    "place_of",
    "who_of",
    "wires",
]


_TELLING = ("identify", "group", "alias")
_IDS = (
    *("customer_id", "anonymous_id", "userId", "anonymousId", "previousId", "groupId"),
    *("messageId", "event_id"),
)


class Malformed(ValueError):
    """A whole body that is not what its address takes; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One event that is refused before it is read: which of the body, why, and what it was."""

    place: int
    reason: str
    detail: str
    row: bytes


@dataclass(slots=True)
class Delivery:
    """One body, taken apart. ``calls`` are JSON objects as Segment's, ``rows`` as our events.

    The two lists of places say which event of the body each is, counted from 0. ``own`` names the
    properties that the calls have, ``of_items`` those of their products.
    """

    source: str
    calls: list[bytes] = field(default_factory=list)
    calls_at: list[int] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    rows_at: list[int] = field(default_factory=list)
    own: set[str] = field(default_factory=set)
    of_items: set[str] = field(default_factory=set)
    items: list[dict[str, Any]] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    telling: list[int] = field(default_factory=list)
    """Places of calls that are no events, but tell of a customer."""

    def __len__(self) -> int:
        """Return how many events came, those that are refused among them."""
        return len(self.calls) + len(self.rows) + len(self.items) + len(self.refused)


@dataclass(frozen=True, slots=True)
class Sending:
    """How a body came: to which address below ``/v1``, and when; and what it may hold."""

    path: str
    received: datetime
    config: ServeConfig


@runtime_checkable
class Wire(Protocol):
    """One way in which trackers write events."""

    paths: Sequence[str]
    """The addresses it answers at, below ``/v1``; with a slash before them: below the root.

    A wire whose bodies carry their key says under which name, in ``key_in_body``; one that also
    takes messages which are no JSON tells them by ``is_text(body)``, and is handed them as text.
    """

    def schema(self, path: str) -> dict[str, Any]:
        """Return the JSON schema of a body at one of its addresses."""
        ...

    def unpack(self, body: object, sending: Sending) -> Delivery:
        """Take a parsed body apart. Pure.

        Raises
        ------
        Malformed
            If the body as a whole is not what is expected.
        """
        ...


def wires() -> dict[str, Wire]:
    """Return who answers at which address, of all files of the folder."""
    found: dict[str, Wire] = {}
    for _, make in plugins.load_all(intake):
        wire: Wire = make()
        found |= dict.fromkeys(wire.paths, wire)
    return found


def place_of(path: str) -> str:
    """Return the whole address of one of a wire's paths."""
    return path if path.startswith("/") else f"/v1/{path}"


def addresses() -> re.Pattern[str]:
    """Return by what the whole address of any wire is known."""
    each = (re.escape(place_of(path)) for path in wires())
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", "[^/]+", place) for place in each))


def pack(
    events: Sequence[Any],
    delivery: Delivery,
    config: ServeConfig,
    shape: Callable[[dict[str, Any]], tuple[str, dict[str, Any]] | str],
    *,
    alone: Callable[[Any], object] = lambda event: event,
) -> Delivery:
    """Put each of a body's events into a delivery, or refuse it with the reason.

    Parameters
    ----------
    events
        As they came, parsed.
    delivery
        To which they are added; it is returned.
    config
        How many and how large they may be.
    shape
        Makes of one event either ``("call", object)``, ``("row", object)``, or why it is refused.
    alone
        Makes of one event the body in which it would be sent alone; so a refused one is kept.

    Raises
    ------
    Malformed
        If there are more events than one body may hold.
    """
    if len(events) > config.events_per_body:
        raise Malformed(
            f"a body must hold at most {config.events_per_body} events, got {len(events)}"
        )
    for place, event in enumerate(events):
        written = orjson.dumps(event)
        if not isinstance(event, dict):
            found: tuple[str, dict[str, Any]] | str = "an event must be a JSON object"
        elif len(written) > config.event_bytes:
            found = f"an event must have at most {config.event_bytes} bytes, got {len(written)}"
        elif deep(event, config.depth):
            found = f"an event must be nested at most {config.depth} deep"
        else:
            found = shape(event)
        reason = "event_too_large" if len(written) > config.event_bytes else "bad_event"
        if not isinstance(found, str) and (trouble := _bad_id(found[1])):
            found, reason = trouble, "bad_id"
        if isinstance(found, str):
            kept = orjson.dumps(alone(event))[: config.body_bytes]
            delivery.refused.append(Refusal(place, reason, found, kept))
            continue
        kind, plain = found
        told, places = (
            (delivery.calls, delivery.calls_at)
            if kind == "call"
            else (delivery.rows, delivery.rows_at)
        )
        told.append(orjson.dumps(plain))
        places.append(place)
        if kind == "call" and plain.get("type") in _TELLING:
            delivery.telling.append(place)
        if kind == "call":
            _look_through(plain, delivery)
    return delivery


def _look_through(call: dict[str, Any], delivery: Delivery) -> None:
    """Note what properties a call, or a batch of calls, and their products have.

    Others need not be looked for.
    """
    properties = call.get("properties")
    if isinstance(properties, dict):
        delivery.own.update(name for name in properties if "." not in name)
        products = properties.get("products")
        for each in products if isinstance(products, list) else ():
            delivery.of_items.update(each if isinstance(each, dict) else ())
    batch = call.get("batch")
    for inner in batch if isinstance(batch, list) else ():
        if isinstance(inner, dict):
            _look_through(inner, delivery)


def _bad_id(plain: dict[str, Any]) -> str:
    """Return what is wrong with an id: it must be a text without NUL, or a whole number."""
    for name in _IDS:
        value = plain.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
            kind = _JSON.get(type(value), "a number with a point")
            return f"{name} must be a text or a whole number, got {kind}"
        if isinstance(value, str) and "\0" in value:  # no database keeps it, and ids would meet
            return f"{name} must not hold the character NUL"
    return ""


_JSON: dict[type, str] = {bool: "true or false", list: "a list", dict: "an object"}


def who_of(event: dict[str, Any]) -> dict[str, Any]:
    """Return who did it: a visitor without another id goes by the ``anonymous_id``."""
    visitor, known = event.get("anonymous_id"), event.get("customer_id")
    if visitor in (None, ""):
        return {}
    return {"anonymous_id": visitor} | ({"customer_id": visitor} if known in (None, "") else {})


def deep(value: object, limit: int) -> bool:
    """Whether JSON is nested deeper than a limit."""
    level: list[object] = [value]
    for _ in range(limit):
        level = [
            inner
            for each in level
            for inner in (
                each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            )
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
