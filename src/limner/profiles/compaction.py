"""Old events move from the living store into the bucketed log, from which all can be rebuilt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from limner.events.cleaning import CleaningConfig
from limner.events.event import EVENT_SCHEMA
from limner.events.ingest import ingest
from limner.events.keeping import keep_evidence
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
    again then only lets the store forget. Events move under the ids that they came under; what the
    store knows of who is who is kept beside the log too.

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
    seeded = store.recall(SEEDED) == log.manifest.fingerprint
    if keep_evidence(log, store.identities.evidence()) and seeded:
        store.remember(SEEDED, log.manifest.fingerprint)
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


def of_the_log(
    log: EventLog, customers: str | Sequence[str], *, offset: int, limit: int
) -> pl.DataFrame:
    """Return the events of an id, or of all ids of a person, the newest first, past so many."""
    ids = [customers] if isinstance(customers, str) else list(customers)
    names = pl.Series(ids, dtype=pl.String)
    rows = log.events_of(names)
    if len(names) > 1:
        rows = rows.sort("time", "customer_id", maintain_order=True)
    return rows.reverse().slice(offset, limit)
