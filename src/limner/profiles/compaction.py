"""Old events move from the living store into the bucketed log, from which all can be rebuilt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from limner.events.buckets import bucket_of
from limner.events.cleaning import CleaningConfig
from limner.events.event import EVENT_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.readers.frame import Frame
from limner.profiles.live import LiveStore
from limner.profiles.painter import SEEDED

__all__ = ["Compacted", "compact", "of_the_log"]

_PART = 200_000
"""So many events move at a time."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What moved: events that left the store, and how many of them were new to the log."""

    moved: int
    new: int


def compact(
    store: LiveStore,
    log: EventLog,
    *,
    before: datetime,
    now: datetime,
    cleaning: CleaningConfig | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Compacted:
    """Move what happened before a moment into the log.

    The events are in the log before they leave the store. Whoever reads both in between, or after
    a kill, finds each once, since the log's own rule takes out what is there twice; running it
    again then only lets the store forget.

    Parameters
    ----------
    store, log
        From where, and to where.
    before
        Only events strictly before it move; customers' counters stay as they are.
    now
        The present.
    cleaning
        As the log is cleaned.
    progress
        Is told how many moved so far.
    """
    moved = new = 0
    columns = {name: name for name in EVENT_SCHEMA.names()}
    while True:
        numbers, events = store.oldest(before=before, limit=_PART)
        if events.is_empty():
            return Compacted(moved, new)
        plain = [name for name in events.columns if not events[name].is_null().all()]
        mapping = Mapping(reader="frame", columns={name: columns[name] for name in plain})
        before_it = log.manifest
        counted = before_it.fingerprint == store.recall(SEEDED) or not before_it.rows
        report = ingest(log, [(Frame(), mapping, events.select(plain))], config=cleaning, now=now)
        new += report.rows_after - report.rows_before
        store.forget(numbers)
        if counted and report.rows_before == before_it.rows:
            store.remember(SEEDED, report.fingerprint)  # what moved is counted already
        moved += len(events)
        progress(moved)


def of_the_log(log: EventLog, customer_id: str, *, offset: int, limit: int) -> pl.DataFrame:
    """Return a customer's events in the log, the newest first, past so many."""
    (bucket,) = bucket_of(pl.Series([customer_id], dtype=pl.String), buckets=log.buckets).to_list()
    return (
        log.scan(bucket=bucket)
        .filter(pl.col("customer_id") == customer_id)
        .reverse()
        .slice(offset, limit)
        .collect()
    )
