"""Deliveries become what the store takes: read and cleaned just as files are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
import polars as pl

from limner.events.calls import evidence_of_rows
from limner.events.cleaning import CleaningConfig, clean
from limner.events.event import EVENT_SCHEMA
from limner.events.json_text import parse_json_block
from limner.events.mapping import Mapping
from limner.events.readers.segment import Segment
from limner.events.refusals import REFUSED_SCHEMA, nothing_refused, refuse
from limner.events.shaping import typed_catalogue
from limner.profiles.live import Arrival
from limner.service.wire import Delivery

__all__ = ["Read", "Rules", "read_deliveries"]

_PLAIN: dict[str, pl.DataType | type[pl.DataType]] = dict.fromkeys(
    [*EVENT_SCHEMA.names(), "anonymous_id"], pl.String
)


@dataclass(frozen=True, slots=True)
class Rules:
    """By what rules events are read, whichever way they come.

    ``cleaning`` says what counts as an event, ``mapping`` what the shop's own events are called,
    ``currency`` in which prices are that name none.
    """

    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    mapping: Mapping = field(default_factory=lambda: Mapping(reader="segment"))
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """Deliveries, read together.

    ``origin`` says of each line from which delivery it is and which event of it; lines are
    numbered from 1, the calls before the rows.
    """

    arrival: Arrival
    origin: Sequence[tuple[int, int]]


def read_deliveries(deliveries: Sequence[Delivery], rules: Rules, *, now: datetime) -> Read:
    """Read what came in as the readers of files would, and clean it by the same rules. Pure.

    Parameters
    ----------
    deliveries
        What trackers sent.
    rules
        By what rules.
    now
        The present, against which times in the future are measured.
    """
    origin: list[tuple[int, int]] = []
    events, refused, catalogue, attributes, evidence = [], [], [], [], []
    calls = [call for each in deliveries for call in each.calls]
    if calls:
        own = sorted({name for each in deliveries for name in each.own})
        of_items = {name for each in deliveries for name in each.of_items}
        batch = Segment().read_calls(
            b"\n".join(calls), rules.mapping, own=own, of_items=of_items, source="segment"
        )
        origin += [(at, place) for at, each in enumerate(deliveries) for place in each.calls_at]
        latest = now + timedelta(days=rules.cleaning.ahead_days)
        events.append(batch.events)
        refused += [batch.refused, _ahead(batch.told, latest)]
        catalogue.append(batch.catalogue)
        attributes.append(_until(batch.attributes, "known_at", latest))
        evidence.append(_until(batch.evidence, "at", latest))
    rows = [row for each in deliveries for row in each.rows]
    if rows:
        stretch, _ = parse_json_block(b"\n".join(rows), _PLAIN, line=len(origin) + 1, file="plain")
        origin += [(at, place) for at, each in enumerate(deliveries) for place in each.rows_at]
        events.append(stretch.frame.drop("anonymous_id").with_columns(stretch.line))
        ahead = now + timedelta(days=rules.cleaning.ahead_days)
        evidence.append(_until(evidence_of_rows(stretch.frame), "at", ahead))
        refused.append(stretch.refused)
    kept = pl.DataFrame(schema={**EVENT_SCHEMA, "_line": pl.Int64})
    for frame in events:
        if len(frame):
            # before anything is looked at: what is nothing else is nothing
            cleaned = clean(_without_nul(frame), rules.cleaning, file="http", now=now)
            kept = pl.concat([kept, cleaned.kept.select(kept.columns)])
            refused.append(cleaned.refused)
    kept = kept.with_columns(pl.col("currency").fill_null(pl.lit(rules.currency, pl.String)))
    early = [
        (each.reason, each.detail, delivery.source, None, _text(each.row))
        for delivery in deliveries
        for each in delivery.refused
    ]
    late = [_as_sent(deliveries, origin, row) for frame in refused for row in frame.iter_rows()]
    items = [dict(item) for each in deliveries for item in each.items]
    if items:
        catalogue.append(typed_catalogue(pl.DataFrame(items, infer_schema_length=None)))
    bad = pl.DataFrame([*late, *early], schema=REFUSED_SCHEMA, orient="row")
    linked = _joined(evidence)
    return Read(Arrival(kept, bad, _joined(catalogue), _joined(attributes), linked), origin)


def _ahead(told: pl.DataFrame | None, latest: datetime) -> pl.DataFrame:
    """Return as refused the calls that tell of a customer at a time that lies ahead."""
    if told is None or told.is_empty():
        return nothing_refused()
    ahead = told.filter(pl.col("known_at") > latest)
    why = pl.Series(["time_in_future"]).new_from_index(0, len(ahead))
    said = pl.lit("time lies in the future: ") + pl.col("known_at").dt.to_string("iso:strict")
    detail = ahead.select(said.alias("detail"))["detail"]
    return refuse(ahead, reason=why, detail=detail, file="segment")


def _until(rows: pl.DataFrame | None, column: str, latest: datetime) -> pl.DataFrame | None:
    """Return what was known at a time that may be, or at none."""
    if rows is None or rows.is_empty():
        return rows
    return rows.filter((pl.col(column) <= latest).fill_null(value=True))


def _text(row: bytes) -> str:
    """Return bytes as a text that PostgreSQL can hold, too."""
    return row.decode("utf-8", "replace").replace("\0", "\ufffd")


def _without_nul(frame: pl.DataFrame) -> pl.DataFrame:
    """Take out the one character that PostgreSQL's texts cannot hold."""
    return frame.with_columns(pl.col(pl.String).str.replace_all("\0", "", literal=True))


Refused = tuple[str, str | None, str | None, int | None, str | None]


def _as_sent(
    deliveries: Sequence[Delivery], origin: Sequence[tuple[int, int]], refused: Refused
) -> Refused:
    """Return a refused row with the event in a form in which it can be sent again.

    Its source is the tracker; where that speaks otherwise, ``as`` says which form the row has.
    """
    reason, detail, _, line, _ = refused
    if line is None:
        return refused
    at, place = origin[line - 1]
    delivery = deliveries[at]
    if place in delivery.calls_at:
        form, sent = "segment", delivery.calls[delivery.calls_at.index(place)]
    else:
        form, sent = "plain", _as_plain(delivery.rows[delivery.rows_at.index(place)])
    source = form if delivery.source == form else f"{delivery.source} as {form}"
    return reason, detail, source, line, sent.decode("utf-8", "replace")


def _as_plain(row: bytes) -> bytes:
    """Return a row with its properties as an object again; the reader takes them as text."""
    told = orjson.loads(row)
    if isinstance(told.get("properties"), str):
        told["properties"] = orjson.loads(told["properties"])
    return orjson.dumps(told)


def _joined(frames: Sequence[pl.DataFrame | None]) -> pl.DataFrame | None:
    known = [frame for frame in frames if frame is not None and len(frame)]
    return pl.concat(known, how="diagonal_relaxed") if known else None
