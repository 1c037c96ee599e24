"""What a database is asked: events, timelines, words and counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select

from limner.errors import UnknownCustomer
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.profiles.database import tables as t
from limner.profiles.database.writing import EVENT, insert_many, moment_of, newest_of, one_of, parts
from limner.profiles.live import Told
from limner.profiles.marks import event_marks

__all__ = [
    "attributes_of",
    "catalogue_of",
    "events_of",
    "forget",
    "oldest_of",
    "timeline_of",
    "totals_of",
    "unknown",
]


def events_of(
    connection: Connection, numbers: Sequence[int], *wanted: ColumnElement[bool]
) -> pl.DataFrame:
    """Return the events held of some customers, all or those wanted, with the log's columns."""
    found: list[Any] = []
    for part in parts(list(numbers)):
        asked = _EVENTS.where(one_of(t.journal.c.customer_no, part), *wanted)
        found += connection.execute(asked).all()
    return _framed([row[2:] for row in found])


def oldest_of(
    connection: Connection, *, before_us: int, limit: int
) -> tuple[list[tuple[int, int]], pl.DataFrame]:
    """Return events before a moment, those that came first, and their customers and numbers."""
    asked = _EVENTS.where(t.journal.c.time_us < before_us).order_by(t.journal.c.seq).limit(limit)
    found = connection.execute(asked).all()
    return [(row[0], row[1]) for row in found], _framed([row[2:] for row in found])


def forget(connection: Connection, numbers: Sequence[tuple[int, int]]) -> None:
    """Let go of events by customer and number; when they came stays known, by their marks."""
    for part in parts(list(numbers)):
        asked = _EVENTS.add_columns(t.journal.c.received_us)
        rows = connection.execute(
            asked.where(one_of(t.journal.c.seq, [seq for _, seq in part]))
        ).all()
        marks = event_marks(_framed([row[2:-1] for row in rows]))
        came = [(row[2], mark, row[3], row[-1]) for row, mark in zip(rows, marks, strict=True)]
        if came:
            insert_many(connection, t.arrivals, came, or_not=True)
    if numbers:
        j = t.journal.c
        gone = delete(t.journal).where(j.customer_no == bindparam("no"), j.seq == bindparam("at"))
        connection.execute(gone, [{"no": no, "at": seq} for no, seq in numbers])


def _framed(rows: list[Any]) -> pl.DataFrame:
    schema = {"customer_id": pl.String, "time": pl.Int64} | {
        name: EVENT_SCHEMA[name] for name in EVENT
    }
    return (
        pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
        .with_columns(pl.col("time").cast(EVENT_SCHEMA["time"]))
        .select(EVENT_SCHEMA.names())
    )


_EVENTS = select(
    t.journal.c.customer_no,
    t.journal.c.seq,
    t.customers.c.customer_id,
    t.journal.c.time_us,
    *(t.journal.c[name] for name in EVENT),
).join_from(t.journal, t.customers, t.journal.c.customer_no == t.customers.c.no)


def timeline_of(
    connection: Connection,
    customer_id: str | Sequence[str],
    *,
    before: int | None,
    limit: int,
) -> list[Told]:
    """Return a person's events, the newest to come in first. Raises UnknownCustomer.

    ``customer_id`` may be one id of the person, or all of them; an event then names its own.
    """
    c, j = t.customers.c, t.journal.c
    ids = [customer_id] if isinstance(customer_id, str) else list(customer_id)
    people = dict(
        connection.execute(select(c.no, c.customer_id).where(c.customer_id.in_(ids))).all()
    )
    if not people:
        raise unknown(ids[0])
    asked = select(
        j.customer_no, j.seq, j.received_us, j.time_us, *(j[name] for name in EVENT)
    ).where(j.customer_no.in_(list(people)))
    if before is not None:
        asked = asked.where(j.seq < before)
    rows = connection.execute(asked.order_by(j.seq.desc()).limit(limit)).all()
    found = []
    for no, seq, received, time_us, *rest in rows:
        event = {"time": moment_of(time_us).isoformat()}
        if len(ids) > 1:
            event["customer_id"] = people[no]
        event |= {name: value for name, value in zip(EVENT, rest, strict=True) if value is not None}
        found.append(Told(seq, received, event))
    return found


def catalogue_of(connection: Connection, items: Sequence[str] | None) -> pl.DataFrame:
    """Return the newest word on each item, or on some."""
    whole = select(*(t.items.c[name] for name in CATALOGUE_SCHEMA))
    asked = (
        [whole]
        if items is None
        else ([whole.where(one_of(t.items.c.item_id, part)) for part in parts(list(items))])
    )
    rows = [tuple(row) for each in asked for row in connection.execute(each)]
    return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA, orient="row")


def attributes_of(connection: Connection, customers: Sequence[str]) -> pl.DataFrame:
    """Return what some customers told."""
    a = t.attributes.c
    rows = []
    for part in parts(list(customers)):
        asked = select(a.customer_id, a.name, a.value, a.known_us).where(
            one_of(a.customer_id, part)
        )
        rows += [
            (who, name, value, moment_of(known) if known else None)
            for who, name, value, known in connection.execute(asked)
        ]
    return pl.DataFrame(rows, schema=ATTRIBUTES_SCHEMA, orient="row")


def totals_of(connection: Connection) -> Mapping[str, int]:
    """Return how many events, customers, rejects and stale portraits there are."""
    c = t.customers.c
    asked = {
        "customers": select(func.count()).select_from(t.customers),
        "events": select(func.count()).select_from(t.journal),
        "rejects": select(func.count()).select_from(t.rejects),
        "stale": select(func.count()).select_from(t.customers).where(c.drawn < c.seq),
    }
    told = {name: int(connection.execute(each).scalar_one()) for name, each in asked.items()}
    return {**told, "token": newest_of(connection)}


def unknown(customer_id: str) -> UnknownCustomer:
    """Return the error that says that somebody is not known."""
    return UnknownCustomer(
        f"nobody has the customer id {customer_id!r}", hint="look at the ids in the log"
    )
