"""Keep those out who were erased, within the transaction that lets others in."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

import polars as pl
from sqlalchemy import Connection, delete, select

from limner.errors import BadConfig
from limner.events.evidence import ids_in, without
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.suppression import ERASED, Suppression, names_in
from limner.profiles.database import tables as t
from limner.profiles.database.writing import insert_many, one_of, parts
from limner.profiles.live import ERASURES, Arrival

__all__ = [
    "add_digests",
    "erased_since",
    "evidence_let_in",
    "let_in",
    "lift_digests",
    "without_erased",
]

Value = TypeVar("Value")


def without_erased(
    connection: Connection, arrival: Arrival, pepper: bytes | None
) -> tuple[Arrival, tuple[int, ...]]:
    """Return an arrival without what is of erased people, and the lines of their events.

    Each such event becomes a refused row that says so, and nothing of what was sent.

    Raises
    ------
    BadConfig
        If somebody was erased, and there is no key by which to know them.
    """
    if _nobody(connection):
        return arrival, ()
    events, told = arrival.events, arrival.attributes
    rows = arrival.refused["row"].to_list()
    named = {name for row in rows for name in names_in(row)}
    linked = arrival.evidence
    people = {*events["customer_id"].to_list(), *named}
    if linked is not None:
        people |= ids_in(linked)
    if told is not None:
        people |= set(told["customer_id"].drop_nulls().to_list())
    known = _among(connection, people, pepper)
    gone = known.mask(events["customer_id"])
    if "_line" not in events.columns:
        events = events.with_row_index("_line")
    lines = events.filter(gone)["_line"].to_list()
    source = arrival.refused["file"].drop_nulls().head(1).to_list() or ["http"]
    marks = pl.DataFrame(
        [(ERASED, "the customer was erased", source[0], line, None) for line in lines],
        schema=REFUSED_SCHEMA,
        orient="row",
    )
    alone = known.items_alone(events, arrival.refused)
    items = arrival.catalogue
    if items is not None and alone:
        items = items.filter(~pl.col("item_id").is_in(sorted(alone)).fill_null(value=False))
    return replace(
        arrival,
        catalogue=items,
        events=events.filter(~gone),
        refused=pl.concat([known.hush(arrival.refused), marks]),
        attributes=None if told is None else told.filter(~known.mask(told["customer_id"])),
        evidence=None if linked is None else _without(linked, known),
    ), tuple(lines)


def evidence_let_in(
    connection: Connection, evidence: pl.DataFrame, pepper: bytes | None
) -> pl.DataFrame:
    """Return evidence that names nobody who was erased. Raises BadConfig without the key."""
    if _nobody(connection):
        return evidence
    return _without(evidence, _among(connection, ids_in(evidence), pepper))


def _without(evidence: pl.DataFrame, known: Suppression) -> pl.DataFrame:
    return without(evidence, {who for who in ids_in(evidence) if known.holds(who)})


def let_in(
    connection: Connection, people: Mapping[str, Value], pepper: bytes | None
) -> dict[str, Value]:
    """Return those of some people who were not erased. Raises BadConfig without the key."""
    if _nobody(connection):
        return dict(people)
    known = _among(connection, people, pepper)
    return {who: each for who, each in people.items() if not known.holds(who)}


def add_digests(connection: Connection, digests: Iterable[bytes], *, at_us: int) -> None:
    """Put hashes on the list."""
    rows = [(digest, at_us) for digest in digests]
    if rows:
        insert_many(connection, t.suppressed, rows, or_not=True)


def lift_digests(connection: Connection, digests: Iterable[bytes]) -> None:
    """Take hashes off the list."""
    for part in parts(list(digests)):
        connection.execute(delete(t.suppressed).where(one_of(t.suppressed.c.digest, part)))


def erased_since(connection: Connection, mark: str) -> bool:
    """Whether somebody was erased since the store gave this mark for erasures."""
    asked = select(t.meta.c.value).where(t.meta.c.name == ERASURES)
    return (connection.execute(asked).scalar_one_or_none() or "") != mark


def _nobody(connection: Connection) -> bool:
    return connection.execute(select(t.suppressed.c.digest).limit(1)).first() is None


def _among(connection: Connection, people: Iterable[str], pepper: bytes | None) -> Suppression:
    """Return which of some people are on the list, as a list of its own."""
    if pepper is None:
        raise BadConfig(
            "this store knows people who were erased, but not the key by which to tell them",
            hint="open it with the secret of its workspace: secrets/pepper",
        )
    key = Suppression(pepper)
    asked = sorted({key.digest(who) for who in people})
    found: set[bytes] = set()
    for part in parts(asked):
        rows = connection.execute(
            select(t.suppressed.c.digest).where(one_of(t.suppressed.c.digest, part))
        )
        found.update(bytes(row[0]) for row in rows)
    return Suppression(pepper, found)
