"""Segment's calls: track, identify, page, screen, group, alias, and batches of them."""

from collections.abc import Sequence
from typing import Any, final

from limner.service.wire import Delivery, Malformed, Sending, pack

__all__ = ["Segment"]

_TYPES = ("track", "identify", "page", "screen", "group", "alias")
_SHORT = {each[0]: each for each in (*_TYPES, "batch")}
"""The addresses that analytics.js sends to in a browser."""


@final
class Segment:
    """Takes what Segment's libraries, and those that speak like them, send to ``/v1/…``.

    A device's clock is set right as Segment does: what a call waited before it was sent is
    taken from the moment at which it was received. In browsers a key comes as ``writeKey`` in the
    body, since beacons have no headers; it goes no further.
    """

    paths: Sequence[str] = (*_TYPES, "batch", "import", *_SHORT)
    key_in_body = "writeKey"

    def schema(self, path: str) -> dict[str, Any]:
        """Return the JSON schema of a call, or of a batch of calls."""
        if _SHORT.get(path, path) in _TYPES:
            return {"type": "object"}
        batch = {"type": "array", "maxItems": 2_500, "items": {"type": "object"}}
        return {"type": "object", "required": ["batch"], "properties": {"batch": batch}}

    def unpack(self, body: object, sending: Sending) -> Delivery:
        """Take a call, or a batch of calls, apart; raises Malformed."""
        if not isinstance(body, dict):
            raise Malformed("the body must be a JSON object, as Segment's libraries send it")
        sent, path = body.get("sentAt"), _SHORT.get(sending.path, sending.path)
        body = _without_key(body)
        if path in _TYPES:
            calls: Sequence[Any] = [body]
        else:
            calls = body.get("batch", ())
            if not isinstance(calls, list):
                raise Malformed('the body must have a list "batch" of calls')
            calls = [_without_key(call) if isinstance(call, dict) else call for call in calls]
        now = sending.received.isoformat()

        def shape(call: dict[str, Any]) -> tuple[str, dict[str, Any]] | str:
            kind = path if path in _TYPES else call.get("type")
            if kind not in _TYPES:
                return f"type must be one of {', '.join(_TYPES)}, got {kind!r}"
            plain = call | {"type": kind, "receivedAt": call.get("receivedAt") or now}
            plain["sentAt"] = call.get("sentAt") or sent
            plain.pop("integrations", None)
            plain.pop("batch", None)
            if plain["sentAt"] and plain.get("timestamp"):
                plain.setdefault("originalTimestamp", plain["timestamp"])
                del plain["timestamp"]
            return "call", plain

        return pack(calls, Delivery("segment"), sending.config, shape)


def _without_key(told: dict[str, Any]) -> dict[str, Any]:
    """Return a call without the key that it carries, which is to be kept nowhere."""
    return {name: value for name, value in told.items() if name != Segment.key_in_body}
