"""A message of a stream becomes a delivery, as a body of a request does."""

from datetime import datetime
from typing import final

import orjson

from limner import plugins
from limner.errors import BadConfig
from limner.service import intake
from limner.service.settings import ServeConfig
from limner.service.wire import Delivery, Malformed, Refusal, Sending, Wire, deep

__all__ = ["Unwrapper"]

_AUTO = "auto"
_BATCH = "batch"
_CALLS = frozenset({"track", "identify", "page", "screen", "group", "alias"})


@final
class Unwrapper:
    """Takes messages apart, each in the form in which it is written.

    Parameters
    ----------
    config
        How large messages may be.
    """

    def __init__(self, config: ServeConfig) -> None:
        self.config = config
        self._wires: dict[str, Wire] = {name: make() for name, make in plugins.load_all(intake)}

    def demand(self, form: str) -> str:
        """Return a form. Raises BadConfig if nothing is written in it."""
        known = [_AUTO, *sorted(self._wires)]
        if form not in known:
            raise BadConfig(f"form must be one of {', '.join(known)}, got {form!r}")
        return form

    def known(self, form: str) -> str:
        """Return a form, or ``auto`` where it is none any more."""
        return form if form in self._wires else _AUTO

    def unwrap(self, body: bytes, form: str, *, sent: datetime) -> Delivery:
        """Take a message apart; what cannot be is refused as a whole.

        Parameters
        ----------
        body
            The message: one JSON value.
        form
            The name of a file of ``service/intake``, or ``auto``.
        sent
            When it was sent, in UTC: the time of events that name none.
        """
        if len(body) > self.config.body_bytes:
            return self._refused(
                body,
                form,
                "body_too_large",
                f"a message must have at most {self.config.body_bytes} bytes, got {len(body)}",
            )
        for name, wire in self._wires.items():
            if form in {_AUTO, name} and getattr(wire, "is_text", _never)(body):
                return self._taken(body.decode("utf-8", "replace"), body, name, sent)
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return self._refused(body, form, "bad_json", f"a message must be JSON: {error}")
        if deep(value, self.config.depth + 2):
            limit = self.config.depth + 2
            told = f"JSON must be nested at most {limit} deep"
            return self._refused(body, form, "too_deep", told)
        if form == _AUTO:
            form = _form_of(value)
        return self._taken(value, body, form, sent)

    def _taken(self, value: object, body: bytes, form: str, sent: datetime) -> Delivery:
        """Take a message apart whose form is known."""
        wire = self._wires[form]
        path = wire.paths[0]
        if _BATCH in wire.paths:
            path = _BATCH
            if not isinstance(value, dict) or _BATCH not in value:
                value = {_BATCH: [value]}
        try:
            return wire.unpack(value, Sending(path, sent, self.config))
        except Malformed as error:
            return self._refused(body, form, "bad_body", str(error))

    def _refused(self, body: bytes, form: str, reason: str, detail: str) -> Delivery:
        kept = body[: self.config.body_bytes]
        return Delivery(form, refused=[Refusal(0, reason, detail, kept)])


def _never(_: bytes) -> bool:
    return False


def _form_of(value: object) -> str:
    """Return how a message seems to be written."""
    if isinstance(value, dict) and (value.get("type") in _CALLS or _BATCH in value):
        return "segment"
    if isinstance(value, dict) and "payload_data" in str(value.get("schema")):
        return "snowplow"
    return "plain"
