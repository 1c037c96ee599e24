"""CloudEvents 1.0.2, structured and in batches."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, final

import orjson

from limner.events.event import EVENT_SCHEMA
from limner.service.wire import Delivery, Malformed, Sending, pack, who_of

__all__ = ["CloudEvents"]

_NAMES = frozenset(EVENT_SCHEMA.names())
_CALLS = ("track", "identify", "page", "screen", "group", "alias")


@final
class CloudEvents:
    """Takes CloudEvents whose ``data`` is one of our events, or one of Segment's calls.

    ``source`` and ``id`` together make an event known, as the specification says; ``time`` is
    when it happened, ``subject`` who did it and the last step of ``type`` what, where ``data``
    does not say.
    """

    paths: Sequence[str] = ("cloudevents",)

    def schema(self, path: str) -> dict[str, Any]:  # noqa: ARG002 - there is one address
        """Return the JSON schema of an event, or of a list of them."""
        return {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}

    def unpack(self, body: object, sending: Sending) -> Delivery:
        """Take one event or a list of them apart; raises Malformed."""
        events = body if isinstance(body, list) else [body]
        if not isinstance(body, dict | list):
            raise Malformed("the body must be a CloudEvent, or a list of them")
        now = sending.received.isoformat()

        def shape(event: dict[str, Any]) -> tuple[str, dict[str, Any]] | str:
            for each in ("id", "source", "specversion", "type"):
                if not isinstance(event.get(each), str) or not event[each]:
                    return f"a CloudEvent must have the text {each!r}"
            data = _data(event)
            if isinstance(data, str):
                return data
            known = f"{event['source']}#{event['id']}"
            when = event.get("time") or now
            if data.get("type") in _CALLS:
                return "call", {"timestamp": when} | data | {"messageId": known, "receivedAt": now}
            return "row", {
                "time": when,
                "customer_id": event.get("subject"),
                "kind": event["type"].rsplit(".", 1)[-1],
                **_ours(data),
                **who_of({"customer_id": event.get("subject")} | data),
                "event_id": known,
            }

        return pack(events, Delivery("cloudevents"), sending.config, shape)


def _data(event: dict[str, Any]) -> dict[str, Any] | str:
    """Return what an event tells, or why that cannot be read."""
    data = event.get("data")
    if data is None and isinstance(event.get("data_base64"), str):
        try:
            data = orjson.loads(base64.b64decode(event["data_base64"], validate=True))
        except (binascii.Error, ValueError):
            return "data_base64 must be JSON in base 64"
    return data if isinstance(data, dict) else "data must be a JSON object"


def _ours(data: dict[str, Any]) -> dict[str, Any]:
    """Return data as an event of ours; what has another name becomes a property."""
    plain = {name: data[name] for name in data if name in _NAMES - {"properties"}}
    more = {name: data[name] for name in data if name not in _NAMES}
    told = data.get("properties")
    if isinstance(told, dict):
        more |= told
    if more:
        plain["properties"] = orjson.dumps(more).decode()
    return plain
