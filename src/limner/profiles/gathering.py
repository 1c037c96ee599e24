"""Events of all ids of a person under the one by which the person is known; the log stays."""

from collections.abc import Mapping

import polars as pl

from limner.events.buckets import bucket_of
from limner.events.event import EVENT_SCHEMA
from limner.events.evidence import value_of
from limner.events.log import EventLog
from limner.events.merging import ORIGIN, settle
from limner.profiles.identity import IdentityConfig, Link, resolve

__all__ = [
    "apart_of_persons",
    "bucket_of_persons",
    "ids_by_bucket",
    "moved_in",
    "named",
    "settled",
    "under_persons",
]


def settled(before: pl.DataFrame, came: pl.DataFrame) -> pl.DataFrame:
    """Return events of the log and those that came since in order, each once, by the log's rule."""
    if came.is_empty():
        return before
    return _in_order(pl.concat([before, came.select(before.columns)]))


def under_persons(events: pl.DataFrame, moved: Mapping[str, str]) -> pl.DataFrame:
    """Return events under the ids by which people are known, each once, by the log's rule.

    What was told under two ids of a person, with one ``event_id`` or alike in all it says, is one
    event; of two that differ the first in the log's order stays.

    Parameters
    ----------
    events
        Columns of :data:`~limner.events.event.EVENT_SCHEMA`.
    moved
        Ids that are told of under another, and under which.
    """
    told = named(events, moved)
    return events if told is events else _in_order(told)


def moved_in(evidence: pl.DataFrame, config: IdentityConfig | None = None) -> dict[str, str]:
    """Return the ids that are told of under another of the same person, and under which."""
    if evidence.is_empty():
        return {}
    links = evidence.with_columns(pl.col("at").dt.epoch("us")).iter_rows()
    person = resolve((Link(*row) for row in links), config).person
    return {
        value_of(key): who
        for key, who in person.items()
        if key.startswith("id:") and value_of(key) != who
    }


def named(rows: pl.DataFrame, moved: Mapping[str, str]) -> pl.DataFrame:
    """Return rows with ``customer_id`` as people are known; the same if that changes nothing."""
    if not moved:
        return rows
    there = rows["customer_id"].is_in(pl.Series(list(moved), dtype=pl.String).implode())
    if not there.any():
        return rows
    return rows.with_columns(pl.col("customer_id").replace(dict(moved)))


def ids_by_bucket(names: pl.Series, moved: Mapping[str, str], *, buckets: int) -> pl.Series:
    """Return the bucket (N,) in which the person of each of N ids is told of."""
    people = names.replace(dict(moved)) if moved else names
    return bucket_of(people, buckets=buckets)


def bucket_of_persons(
    log: EventLog,
    bucket: int,
    moved: Mapping[str, str],
    came: pl.DataFrame | None = None,
) -> pl.LazyFrame:
    """Return the events of all people who are told of in a bucket, whichever ids they came under.

    Parameters
    ----------
    log, bucket
        Where from.
    moved
        Ids that are told of under another, and under which.
    came
        Events that the log lacks, of ids whose persons are told of in this bucket.
    """
    if not moved and came is None:
        return log.scan(bucket=bucket)
    found = apart_of_persons(log, bucket, moved)
    if came is not None:
        found = settled(found, came)
    return under_persons(found, moved).lazy()


def apart_of_persons(log: EventLog, bucket: int, moved: Mapping[str, str]) -> pl.DataFrame:
    """Return the events of all people who are told of in a bucket, under the ids they came under.

    Parameters
    ----------
    log, bucket, moved
        As for :func:`bucket_of_persons`.
    """
    return log.read(lambda: _apart_of_persons(log, bucket, moved))


def _apart_of_persons(log: EventLog, bucket: int, moved: Mapping[str, str]) -> pl.DataFrame:
    own = log.scan(bucket=bucket)
    if not moved:
        return own.collect()
    names = pl.Series(list(moved), dtype=pl.String)
    from_ = bucket_of(names, buckets=log.buckets)
    to = bucket_of(pl.Series(list(moved.values()), dtype=pl.String), buckets=log.buckets)
    away = names.filter((from_ == bucket) & (to != bucket)).implode()
    parts = [own.filter(~pl.col("customer_id").is_in(away)).collect()]
    for other in sorted(set(from_.filter((to == bucket) & (from_ != bucket)).to_list())):
        wanted = names.filter((from_ == other) & (to == bucket)).implode()
        rows = log.scan(bucket=other).filter(pl.col("customer_id").is_in(wanted))
        parts.append(rows.collect())
    return pl.concat(parts)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    origin = [pl.lit(None, kind).alias(name) for name, kind in ORIGIN.items()]
    return settle(rows.with_columns(origin)).kept.select(EVENT_SCHEMA.names())
