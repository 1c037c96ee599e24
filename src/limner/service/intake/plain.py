"""Events in our own words: plain JSON."""

from collections.abc import Sequence
from typing import Any, final

import orjson

from limner.events.event import EVENT_SCHEMA
from limner.service.wire import Delivery, Malformed, Sending, pack, who_of

__all__ = ["Plain"]

_NAMES = frozenset(EVENT_SCHEMA.names())
_MEANT = {
    "timestamp": "time",
    "event_time": "time",
    "userId": "customer_id",
    "user_id": "customer_id",
    "event": "kind",
    "event_type": "kind",
    "product_id": "item_id",
    "sku": "item_id",
    "messageId": "event_id",
    "anonymousId": "anonymous_id",
}
"""What others call our columns; it is taken for them where the name of ours is not there."""


@final
class Plain:
    """Takes one event, a list of events, or ``{"events": […]}``, with the log's own names.

    The commonest other names are understood (``timestamp``, ``user_id``, ``event``,
    ``product_id`` and their like); what has another name still becomes one of the event's
    properties. An event without a time happened when it was received; one that names an
    ``anonymous_id`` beside a ``customer_id`` says that they are one person.
    """

    paths: Sequence[str] = ("events",)

    def schema(self, path: str) -> dict[str, Any]:  # noqa: ARG002 - there is one address
        """Return the JSON schema of an event, or of a list of them."""
        return {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}

    def unpack(self, body: object, sending: Sending) -> Delivery:
        """Take the events apart; raises Malformed."""
        if isinstance(body, dict) and isinstance(body.get("events"), list):
            body = body["events"]
        events = body if isinstance(body, list) else [body]
        if not isinstance(body, dict | list):
            raise Malformed('the body must be an event, a list of events, or {"events": […]}')
        now = sending.received.isoformat()

        def shape(event: dict[str, Any]) -> tuple[str, dict[str, Any]] | str:
            meant = {
                name: _MEANT[name]
                for name in event
                if name in _MEANT and event.get(_MEANT[name]) is None
            }
            event = {
                meant.get(name, name): value
                for name, value in event.items()
                if name not in meant.values()
            }
            plain = {name: event[name] for name in event if name in _NAMES}
            told = plain.pop("properties", None)
            if told is not None and not isinstance(told, dict):
                return "properties must be a JSON object"
            more = {name: event[name] for name in event if name not in _NAMES} | (told or {})
            if more:
                plain["properties"] = orjson.dumps(more).decode()
            plain.setdefault("time", now)
            plain |= who_of(event)
            return "row", plain

        return pack(events, Delivery("plain"), sending.config, shape)
