"""Snowplow: what its trackers post to a collector, and lines of its enriched stream."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, final

import orjson

from limner.events.snowplow_words import ENRICHED, call_of, enriched
from limner.service.wire import Delivery, Malformed, Sending, pack

__all__ = ["Snowplow"]

_SCHEMA = "iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4"
_COLLECTOR = "com.snowplowanalytics.snowplow/tp2"
_EVENTS = {
    "pv": "page_view",
    "pp": "page_ping",
    "se": "struct",
    "ue": "unstruct",
    "tr": "transaction",
    "ti": "transaction_item",
}
_NAMES = {
    "eid": "event_id",
    "uid": "user_id",
    "duid": "domain_userid",
    "sid": "domain_sessionid",
    "tnuid": "network_userid",
    "nuid": "network_userid",
    "url": "page_url",
    "page": "page_title",
    "refr": "page_referrer",
    "se_ca": "se_category",
    "se_ac": "se_action",
    "se_la": "se_label",
    "se_pr": "se_property",
    "se_va": "se_value",
    "tr_id": "tr_orderid",
    "tr_af": "tr_affiliation",
    "tr_tt": "tr_total",
    "tr_tx": "tr_tax",
    "tr_sh": "tr_shipping",
    "tr_cu": "tr_currency",
    "ti_id": "ti_orderid",
    "ti_sk": "ti_sku",
    "ti_nm": "ti_name",
    "ti_ca": "ti_category",
    "ti_pr": "ti_price",
    "ti_qu": "ti_quantity",
    "ti_cu": "ti_currency",
}
"""What the tracker protocol's short names are called in an enriched event."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 253_402_300_799_000


@final
class Snowplow:
    """Takes ``payload_data`` as Snowplow's trackers post it, each event known by its ``eid``.

    A tracker needs another collector address and nothing else: with the key in the address,
    ``https://…/v1/snowplow/KEY``, or in a header. A device's clock is set right as Snowplow does,
    by when it says that it sent. In streams a message may also be a line of the enriched stream.
    """

    paths: Sequence[str] = (
        "snowplow",
        f"snowplow/{{write_key}}/{_COLLECTOR}",
        f"/{_COLLECTOR}",
    )

    def schema(self, path: str) -> dict[str, Any]:  # noqa: ARG002 - it is the same everywhere
        """Return the JSON schema of ``payload_data``."""
        events = {"type": "array", "maxItems": 2_500, "items": {"type": "object"}}
        return {
            "type": "object",
            "required": ["schema", "data"],
            "properties": {"schema": {"type": "string", "pattern": "payload_data"}, "data": events},
        }

    def is_text(self, body: bytes) -> bool:
        """Whether a message is a line of the enriched stream, which is no JSON."""
        return body.count(b"\t") >= len(ENRICHED) - 1

    def unpack(self, body: object, sending: Sending) -> Delivery:
        """Take the events apart; raises Malformed."""
        now = sending.received
        if isinstance(body, str):
            return pack(
                [{"line": each} for each in body.splitlines() if each],
                Delivery("snowplow"),
                sending.config,
                lambda event: _from_line(event["line"], now),
            )
        if isinstance(body, dict) and isinstance(body.get("line"), str):  # one that was kept
            return self.unpack(body["line"], sending)
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            raise Malformed('the body must be payload_data: {"schema": "iglu:…", "data": […]}')
        if "payload_data" not in str(body.get("schema")):
            raise Malformed(f"schema must be {_SCHEMA}, got {str(body.get('schema'))[:200]!r}")
        return pack(
            body["data"],
            Delivery("snowplow"),
            sending.config,
            lambda event: _from_tracker(event, now),
            alone=lambda event: {"schema": _SCHEMA, "data": [event]},
        )


def _from_tracker(event: dict[str, Any], now: datetime) -> tuple[str, dict[str, Any]] | str:
    """Return the call that an event of the tracker protocol is, or why it is refused."""
    atom: dict[str, Any] = {
        long: str(event[short]) for short, long in _NAMES.items() if _said(event.get(short))
    }
    atom["event"] = _EVENTS.get(str(event.get("e")), event.get("e"))
    for plain, packed, name in (("co", "cx", "contexts"), ("ue_pr", "ue_px", "unstruct_event")):
        told = _opened(event.get(plain), event.get(packed))
        if isinstance(told, str):
            return f"{plain} and {packed} must be {told}"
        if told is not None:
            atom[name] = told.get("data")
    call = call_of(atom)
    if isinstance(call, str):
        return call
    times = {name: _moment(event.get(name)) for name in ("ttm", "dtm", "stm")}
    for name, when in times.items():
        if when is False:
            return f"{name} must be milliseconds since 1970, got {str(event[name])[:40]!r}"
    call["receivedAt"] = now.isoformat()
    if times["ttm"]:
        call["timestamp"] = times["ttm"]
    elif times["dtm"] and times["stm"]:
        call |= {"originalTimestamp": times["dtm"], "sentAt": times["stm"]}
    else:
        call["timestamp"] = times["dtm"] or now.isoformat()
    return "call", call


def _from_line(line: str, now: datetime) -> tuple[str, dict[str, Any]] | str:
    """Return the call that a line of the enriched stream is, or why it is refused."""
    atom = enriched(line)
    if isinstance(atom, str):
        return atom
    call = call_of(atom)
    if isinstance(call, str):
        return call
    return "call", {"timestamp": atom.get("time") or now.isoformat(), **call}


def _said(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""


def _opened(plain: object, packed: object) -> dict[str, Any] | str | None:
    """Return a JSON object that came as text or in base 64, none where there is none."""
    if isinstance(packed, str) and packed:
        text = packed.translate({ord("-"): "+", ord("_"): "/", ord("="): None})
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            return "JSON in base 64"
    if not plain:
        return None
    if isinstance(plain, str | bytes):
        try:
            plain = orjson.loads(plain)
        except orjson.JSONDecodeError:
            return "JSON"
    return plain if isinstance(plain, dict) else "a JSON object"


def _moment(ms: object) -> str | bool | None:
    """Return the moment of milliseconds since 1970 as text, none where none is told, else False."""
    if ms is None or ms == "":
        return None
    text = str(ms)
    if isinstance(ms, bool) or not text.isascii() or not text.isdecimal() or len(text) > 15:
        return False
    if int(text) > _LATEST_MS:
        return False
    return (_EPOCH + timedelta(milliseconds=int(text))).isoformat()
