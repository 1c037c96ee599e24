"""What calls and events say of who is who: names that stand in one of them belong together."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl

from limner.events.evidence import (
    EVIDENCE_SCHEMA,
    name_of,
    no_evidence,
    once,
    value_of,
)
from limner.events.moments import read_moments, within_years

__all__ = ["evidence_of_calls", "evidence_of_rows"]

_LINKING = ("identify", "track", "page", "screen", "alias")
_LONGEST = 512
"""Longer values, in bytes of UTF-8, are no names."""
_TELLING = ('"device"', '"traits"', '"externalIds"')


def evidence_of_calls(calls: pl.DataFrame) -> pl.DataFrame:
    """Return which names calls link, each pair once.

    ``userId`` and ``anonymousId`` of one call are linked; so are, with whoever the call is about,
    ``traits.email`` and ``traits.phone`` (of identify, and in ``context.traits``),
    ``context.device.id`` and ``context.externalIds``; and the ``previousId`` of an alias.

    Parameters
    ----------
    calls
        As the reader takes them, with ``_type`` and ``time`` (text).
    """
    if not _may_link(calls):
        return no_evidence()
    context = pl.col("context")
    speaks = pl.any_horizontal(context.str.contains(each, literal=True) for each in _TELLING)
    both = pl.col("userId").is_not_null() & pl.col("anonymousId").is_not_null()
    asked = both | pl.col("_type").is_in(["identify", "alias"]) | speaks.fill_null(value=False)
    some = calls.filter(pl.col("_type").is_in(_LINKING) & asked)
    if some.is_empty():
        return no_evidence()
    moments = within_years(read_moments(some["time"]).time).to_list()
    wanted = ["_type", "userId", "anonymousId", "previousId", "messageId", "traits", "context"]
    rows = []
    for at, call in zip(moments, some.select(wanted).iter_rows(named=True), strict=True):
        for one, other in _pairs(call):
            rows.append((*sorted((one, other)), call["_type"], at, call["messageId"] or ""))
    return _framed(rows)


def _may_link(calls: pl.DataFrame) -> bool:
    """Whether calls may link anything; most have one id and no context, and cost nothing more."""
    if calls["context"].null_count() < len(calls):
        return True
    both = calls["userId"].is_not_null() & calls["anonymousId"].is_not_null()
    return bool(both.any() or calls["_type"].is_in(["identify", "alias"]).any())


def evidence_of_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Return which names events in our own words link: ``customer_id`` and ``anonymous_id``.

    Parameters
    ----------
    rows
        Text columns ``customer_id``, ``anonymous_id``, ``time`` and ``event_id``.
    """
    both = pl.col("customer_id").is_not_null() & pl.col("anonymous_id").is_not_null()
    some = rows.filter(both & (pl.col("customer_id") != pl.col("anonymous_id")))
    if some.is_empty():
        return no_evidence()
    moments = within_years(read_moments(some["time"]).time).to_list()
    told = some.select("customer_id", "anonymous_id", "event_id").iter_rows()
    return _framed(
        (
            *sorted((name_of("user_id", user), name_of("anonymous_id", visitor))),
            "event",
            at,
            call or "",
        )
        for at, (user, visitor, call) in zip(moments, told, strict=True)
    )


def _framed(rows: Iterable[tuple[Any, ...]]) -> pl.DataFrame:
    """Return rows as evidence, without names that are empty or longer than an id can be."""
    fits = [
        row for row in rows if all(0 < len(value_of(name).encode()) <= _LONGEST for name in row[:2])
    ]
    return once(pl.DataFrame(fits, schema=EVIDENCE_SCHEMA, orient="row").drop_nulls("at"))


def _pairs(call: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Go through the names that one call links."""
    known = [
        name_of(kind, value)
        for kind, field in (("user_id", "userId"), ("anonymous_id", "anonymousId"))
        if (value := call[field]) and value.strip()
    ]
    if not known:
        return
    who, before = known[0], call["previousId"]
    if call["_type"] == "alias":
        if before and before.strip():
            yield who, name_of("anonymous_id", before)
        return
    if len(known) > 1:
        yield known[0], known[1]
    own = _object(call["traits"]) if call["_type"] == "identify" else {}
    for name in _told(own, _object(call["context"])):
        yield who, name


def _told(own: Mapping[str, Any], context: Mapping[str, Any]) -> Iterator[str]:
    """Go through the names that traits and context tell of whoever a call is about."""
    for group in (own, context.get("traits")):
        if isinstance(group, dict):
            for name in ("email", "phone"):
                if said := _text(group.get(name)):
                    yield name_of(name, said)
    device, others = context.get("device"), context.get("externalIds")
    if isinstance(device, dict) and (said := _text(device.get("id"))):
        yield name_of("device", said)
    for each in others if isinstance(others, list) else ():
        if isinstance(each, dict) and (said := _text(each.get("id"))):
            yield name_of("external_id", f"{_text(each.get('type')) or 'id'}={said}")


def _object(text: str | None) -> dict[str, Any]:
    if not text or not text.startswith("{"):
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return a name that may be one: a text or a whole number; else nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()
