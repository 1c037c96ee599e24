"""Reads a file into the living store, stretch by stretch: each once, whenever it was killed."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Connection

from limner.errors import BadSource
from limner.events.cleaning import CleaningConfig, clean
from limner.events.event import EVENT_SCHEMA
from limner.events.ingest import told_by
from limner.events.mapping import Mapping
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.source import RawBatch, open_source
from limner.profiles.database.jobs import Job, Jobs, Progress
from limner.profiles.database.store import DatabaseStore
from limner.profiles.live import Arrival, Receipt

__all__ = ["READERS", "import_file"]

READERS = ("csv", "json_lines", "parquet", "ga4", "segment")
"""Who may read a file that was sent: those that open nothing but the file itself."""


def import_file(
    store: DatabaseStore,
    job: Job,
    *,
    path: Path,
    cleaning: CleaningConfig,
    clock: Callable[[], datetime],
    rows: int = 10_000,
    currency: str | None = None,
    told: Callable[[Receipt], None] = lambda _: None,
) -> Job:
    """Read what is left of a job's file; return the job as it is then.

    A stretch of rows is stored in one transaction together with how far the job is, so none is
    lost and none counted twice, however often this is begun again. Every row that is refused is
    kept with its reason.

    Parameters
    ----------
    store
        Where to.
    job
        What to read; its settings may hold a mapping.
    path
        Where the file lies.
    cleaning, currency
        What counts as an event, and in which prices are that name none.
    clock
        Tells the present, in UTC.
    rows
        So many rows make a stretch. It must not change while a job is under way.
    told
        Is told of every transaction.

    Raises
    ------
    BadSource
        If the file cannot be read, or by no reader that may.
    Overtaken
        If the job was cancelled, or another process does it; what is stored stays stored.
    """
    given = job.settings.get("mapping")
    mapping = None if given is None else Mapping.read(given, where="mapping")
    if not path.is_file():
        raise BadSource(f"{job.source} is not there any more", hint="send it again")
    if mapping is not None and mapping.reader not in READERS:
        raise _not_among(job.source, mapping.reader)
    reader, mapping = open_source(path, mapping)
    if mapping.reader not in READERS:
        raise _not_among(job.source, mapping.reader)
    if not mapping.has_events and not (mapping.catalogue or mapping.attributes):
        raise BadSource(
            f"{job.source} must have a column of times, got none that looks like one",
            hint="say which is which in a mapping: limner doctor FILE writes one",
        )
    size = int(job.settings.get("rows", rows))
    for at, batch in enumerate(reader.read(path, mapping, batch_rows=size)):
        if at < job.progress.stretches:
            continue
        now = clock()
        arrival = _arrival(batch, job.source, told_by(mapping, cleaning), now, currency)
        received_us = round(now.timestamp() * 1e6)
        job = _store(store, job, arrival, batch, received_us=received_us, told=told)
    return job


def _store(
    store: DatabaseStore,
    job: Job,
    arrival: Arrival,
    batch: RawBatch,
    *,
    received_us: int,
    told: Callable[[Receipt], None],
) -> Job:
    after = job

    def step(connection: Connection, receipt: Receipt) -> None:
        nonlocal after
        was = job.progress
        progress = Progress(
            stretches=was.stretches + 1,
            rows=was.rows + len(batch.events) + len(batch.refused),
            accepted=was.accepted + receipt.accepted,
            duplicates=was.duplicates + len(receipt.duplicates),
            refused=was.refused + len(arrival.refused),
            erased=was.erased + len(receipt.erased),
            share=round(batch.progress, 4),
        )
        after = Jobs.step(connection, job, progress)

    told(store.accept(arrival, received_us=received_us, within=step))
    return after


def _arrival(
    batch: RawBatch, source: str, cleaning: CleaningConfig, now: datetime, currency: str | None
) -> Arrival:
    """Clean a stretch as files are cleaned; the file is called as whoever sent it calls it."""
    events = pl.DataFrame(schema={**EVENT_SCHEMA, "_line": pl.Int64})
    refused = [batch.refused]
    if len(batch.events):
        cleaned = clean(batch.events, cleaning, file=source, now=now)
        texts = [name for name, kind in EVENT_SCHEMA.items() if kind == pl.String]
        events = cleaned.kept.select(events.columns).with_columns(
            pl.col(texts).str.replace_all("\0", "", literal=True)  # PostgreSQL holds none
        )
        events = events.with_columns(pl.col("currency").fill_null(pl.lit(currency, pl.String)))
        refused.append(cleaned.refused)
    bad = pl.concat([each.select(REFUSED_SCHEMA.names()) for each in refused]).with_columns(
        file=pl.lit(source), row=pl.col("row").str.replace_all("\0", "\ufffd", literal=True)
    )
    return Arrival(events, bad, batch.catalogue, batch.attributes)


def _not_among(source: str, reader: str) -> BadSource:
    return BadSource(
        f"{source} must be read by one of {', '.join(READERS)}, got {reader}",
        hint="send CSV, JSON lines or Parquet; or read it on the machine: limner ingest",
    )
