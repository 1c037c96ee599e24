"""Take sources into the log: read, clean, deal into buckets, and swap the old state for the new."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl

from limner.errors import BadSource
from limner.events.cleaning import Cleaned, CleaningConfig, Note, clean
from limner.events.evidence import ids_in, once, without
from limner.events.identity import Fingerprint, digest_of_files, name_of, size_of
from limner.events.log import FLAGS_SCHEMA, EventLog
from limner.events.look import files_of
from limner.events.manifest import BucketFile, Manifest, SideFile, SourceRecord
from limner.events.quality import write_quality
from limner.events.rebuild import Rebuilt, rebuild
from limner.events.refusals import REFUSED_SCHEMA, refuse
from limner.events.sides import Side
from limner.events.source import RawBatch, Reader
from limner.events.spool import Spool
from limner.events.suppression import ERASED, Suppression
from limner.events.tally import Tally, settings_digest
from limner.events.writing import Change, change

__all__ = ["IngestReport", "Progress", "ingest", "told_by"]

MEMORY_BYTES = 768 * 1024**2
"""How much cleaned rows may take in memory before they wait on disk."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: ``stage`` is ``reading`` or ``writing``, ``share`` of it in [0, 1]."""

    stage: str
    name: str
    share: float
    rows: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did.

    For each source ``rows_in`` is ``kept`` plus ``refused``; and ``rows_before`` plus all rows in
    is ``rows_after`` plus all refused and withdrawn. ``skipped`` names sources that were in the
    log already, to the byte and with the same settings.
    """

    sources: tuple[SourceRecord, ...]
    skipped: tuple[str, ...]
    rows_before: int
    rows_after: int
    customers: int
    fingerprint: str
    seconds: float

    @property
    def changed(self) -> bool:
        """Whether the log is another than before."""
        return bool(self.sources)

    @property
    def rows_in(self) -> int:
        """Rows of all sources that were read."""
        return sum(one.rows_in for one in self.sources)

    @property
    def refused(self) -> dict[str, Note]:
        """Refused rows of all sources, by reason."""
        total: dict[str, Note] = {}
        for source in self.sources:
            for reason, note in source.refused.items():
                total[reason] = total[reason] + note if reason in total else note
        return dict(sorted(total.items()))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain tables, ready for JSON."""
        return {
            "sources": [source.to_dict() for source in self.sources],
            "skipped": list(self.skipped),
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "customers": self.customers,
            "fingerprint": self.fingerprint,
            "seconds": round(self.seconds, 3),
        }


def ingest(
    log: EventLog,
    sources: Iterable[tuple[Reader, Any, Any]],
    *,
    config: CleaningConfig | None = None,
    now: datetime,
    progress: Callable[[Progress], None] | None = None,
    memory_bytes: int = MEMORY_BYTES,
    suppression: Suppression | None = None,
) -> IngestReport:
    """Add sources to a log: all of them, or none.

    Rows that the log has already are refused as ``duplicate_row``, and a source that it has
    already is skipped, so that doing it twice changes nothing. Neither the order of sources nor
    the way their rows are cut into files makes a difference to the events in the log.

    Parameters
    ----------
    log
        Where to.
    sources
        For each the reader, the mapping, and what the reader reads: a path, an address, a frame.
    config
        How to clean; times are read as the mapping's options say, where they say it.
    now
        The present: later times are refused.
    progress
        Called now and then.
    memory_bytes
        How much cleaned rows may take in memory before they wait on disk.
    suppression
        Who was erased: their rows are refused as ``erased``, and only their places are kept.

    Raises
    ------
    BadSource
        If a source cannot be read.
    LogBusy
        If another process is writing to the log.
    DiskFull
        If the disk has no room. After this and any other error the log is as it was.
    """
    started = time.monotonic()
    with change(log.folder) as under_way:
        work = _Ingest(
            under_way,
            log,
            config or CleaningConfig(),
            now=now,
            progress=progress,
            memory_bytes=memory_bytes,
            suppression=suppression,
        )
        for reader, mapping, source in sources:
            work.read(reader, mapping, source)
        manifest = work.finish() or under_way.before
        write_quality(log.folder, manifest)
    return IngestReport(
        sources=tuple(tally.record for tally in work.tallies if tally.record),
        skipped=tuple(work.skipped),
        rows_before=under_way.before.rows,
        rows_after=manifest.rows,
        customers=manifest.customers,
        fingerprint=manifest.fingerprint,
        seconds=time.monotonic() - started,
    )


class _Ingest:
    """One ingest under way."""

    def __init__(
        self,
        under_way: Change,
        log: EventLog,
        config: CleaningConfig,
        *,
        now: datetime,
        progress: Callable[[Progress], None] | None,
        memory_bytes: int,
        suppression: Suppression | None,
    ) -> None:
        self.change, self.log, self.config, self.now = under_way, log, config, now
        self.suppression = suppression or Suppression(b"")
        self.tell = progress or (lambda _: None)
        self.before = under_way.before
        self.spool = Spool(
            under_way.scratch, buckets=self.before.buckets, memory_bytes=memory_bytes
        )
        self.catalogue = Side.of_catalogue(log.catalogue())
        self.attributes = Side.of_attributes(log.attributes())
        self.evidence = [log.evidence()]
        self.tallies: list[Tally] = []
        self.skipped: list[str] = []
        self.origins: list[tuple[Tally, str]] = []
        self.without: set[int] = set()
        self.rejects: list[SideFile] = []
        self.known = {(one.digest, one.settings) for one in self.before.sources}

    def read(self, reader: Reader, mapping: Any, source: Any) -> None:  # noqa: ANN401
        """Read one source into the spool, unless the log has it already."""
        config = told_by(mapping, self.config)
        settings = settings_digest(mapping, self.config)
        name, files = name_of(source), files_of(source)
        sizes = {digest.partition(":")[0] for digest, _ in self.known}
        if files and str(size_of(files)) in sizes:
            digest = digest_of_files(files)
            if (digest, settings) in self.known:
                self.skipped.append(name)
                return
        tally = Tally(name, settings)
        first_origin = len(self.origins)
        stamps = [file.stat().st_mtime_ns for file in files]
        seen = Fingerprint()
        with ThreadPoolExecutor(1) as beside:
            pending: Future[str] | None = beside.submit(digest_of_files, files) if files else None
            for batch in reader.read(source, mapping):
                if not files:
                    for frame in (batch.events, batch.refused, batch.catalogue, batch.attributes):
                        seen.add(frame)
                self._take(batch, tally, config)
                self.tell(Progress("reading", name, batch.progress, tally.rows_in))
            tally.digest = pending.result() if pending else seen.result()
        if stamps != [file.stat().st_mtime_ns for file in files]:
            raise BadSource(
                f"{name} was changed while it was read", hint="ingest it when it is complete"
            )
        if (tally.digest, settings) in self.known:
            self.skipped.append(name)
            self.without |= set(range(first_origin, len(self.origins)))
            return
        self._refuse_again(name, tally)
        self.known.add((tally.digest, settings))
        self.tallies.append(tally)
        self._write_rejects(tally)

    def _refuse_again(self, name: str, tally: Tally) -> None:
        """Refuse a file whose events the log has already, as another mapping read them."""
        before = [one for one in self.before.sources if one.digest == tally.digest and one.kept]
        if before and tally.rows_in:
            raise BadSource(
                f"the log has the events of {name} already, read with another mapping or other "
                "settings: they would stand in it twice",
                hint="remove the folder log/ and ingest all files anew with the mapping you want",
            )

    def _take(self, batch: RawBatch, tally: Tally, config: CleaningConfig) -> None:
        file = batch.file or tally.name
        if not self.origins or self.origins[-1] != (tally, file):
            self.origins.append((tally, file))
        tally.rows_in += len(batch.events) + len(batch.refused)
        tally.other_rows += batch.other_rows
        alone: set[str] = set()
        bad = [batch.refused]
        if len(batch.events):
            cleaned: Cleaned = clean(batch.events, config, file=file, now=self.now)
            tally.note(cleaned.noted)
            bad.append(cleaned.refused)
            origin = pl.lit(len(self.origins) - 1, pl.Int32)
            gone = self.suppression.mask(cleaned.kept["customer_id"])
            tally.refuse(_refused_as_erased(cleaned.kept.filter(gone), file))
            self.spool.add(cleaned.kept.filter(~gone).with_columns(_source=origin))
            alone = self.suppression.items_alone(cleaned.kept, *bad)
        for refused in bad:
            tally.refuse(self.suppression.hush(refused))
        told, items = batch.attributes, batch.catalogue
        if batch.evidence is not None:
            named = {who for who in ids_in(batch.evidence) if self.suppression.holds(who)}
            self.evidence.append(without(batch.evidence, named))
        if told is not None and len(told) and "customer_id" in told.columns:
            told = told.filter(~self.suppression.mask(told["customer_id"].cast(pl.String)))
        if items is not None and alone:
            items = items.filter(~pl.col("item_id").cast(pl.String).is_in(sorted(alone)))
        for side, rows in ((self.catalogue, items), (self.attributes, told)):
            dropped = side.dropped
            side.add(rows)
            tally.note({"beside_incomplete": Note(side.dropped - dropped, file)})

    def finish(self) -> Manifest | None:
        """Write the new state and make it the state of the log; None if nothing is new."""
        if not self.tallies:
            return None
        files: dict[int, list[BucketFile]] = {file.bucket: [] for file in self.before.files}
        for file in self.before.files:
            files[file.bucket].append(file)
        flags = [self.log.flags()]
        withdrawn = Tally("the log", "")
        total = sum(self.spool.rows)
        for bucket, done in self._rebuilt(flagged=flags[0]):
            self.spool.forget(bucket)
            files[bucket] = list(done.files)
            flags.append(done.flags)
            for origin, added in done.added.iter_rows():
                self.origins[origin][0].kept += added
            self._lose(done.lost, withdrawn)
            self.tell(
                Progress("writing", f"bucket {bucket}", (bucket + 1) / len(self.spool.rows), total)
            )
        for tally in (*self.tallies, withdrawn):
            self._write_rejects(tally)
        manifest = self._manifest(files, flags, withdrawn)
        self.change.commit(manifest)
        return manifest

    def _rebuilt(self, *, flagged: pl.DataFrame) -> Iterator[tuple[int, Rebuilt]]:
        """Go through the buckets that got rows, made anew; two at once where memory is no worry."""
        buckets = [bucket for bucket, rows in enumerate(self.spool.rows) if rows]
        again = partial(
            rebuild,
            self.change,
            self.spool,
            config=self.config,
            flagged=flagged,
            without=self.without,
        )
        beside = ThreadPoolExecutor(1 if self.spool.spilled else 2)
        try:
            yield from zip(buckets, beside.map(again, buckets), strict=True)
        finally:
            beside.shutdown(cancel_futures=True)

    def _manifest(
        self, files: Mapping[int, list[BucketFile]], flags: list[pl.DataFrame], withdrawn: Tally
    ) -> Manifest:
        generation = self.before.generation + 1
        for tally in self.tallies:
            tally.finish(generation, withdrawn if tally is self.tallies[-1] else None)
        changes: dict[str, Any] = {
            "files": tuple(file for bucket in sorted(files) for file in files[bucket]),
            "sources": self.before.sources
            + tuple(tally.record for tally in self.tallies if tally.record),
            "rejects": self.before.rejects + tuple(self.rejects),
        }
        for name, side in (("catalogue", self.catalogue), ("attributes", self.attributes)):
            fresh = side.result()
            if fresh is not None:
                changes[name] = self.change.write(fresh, name)
        linked = once(self.evidence)
        if not linked.equals(self.evidence[0]):
            changes["evidence"] = self.change.write(linked, "evidence")
        marked = (
            pl.concat(flags)
            .group_by("customer_id", "flag")
            .agg(pl.col("value").max(), pl.col("limit").last())
            .sort("customer_id", "flag")
            .select(FLAGS_SCHEMA.names())
        )
        if len(marked) and not marked.equals(flags[0]):
            changes["flags"] = self.change.write(marked, "flags")
            changes["flagged"] = dict(marked["flag"].value_counts().sort("flag").iter_rows())
        return self.before.with_changes(**changes)

    def _lose(self, lost: pl.DataFrame, withdrawn: Tally) -> None:
        """Account for rows that a bucket did not take, each to the source it came from."""
        for (origin, reason), rows in lost.group_by("_source", "_reason"):
            tally, file = (withdrawn, "the log") if origin is None else self.origins[origin]
            sentence = _WHY_LOST[str(reason)]
            tally.refuse(
                refuse(
                    rows,
                    reason=pl.Series([str(reason)]).new_from_index(0, len(rows)),
                    detail=pl.Series([sentence]).new_from_index(0, len(rows)),
                    file=file,
                )
            )

    def _write_rejects(self, tally: Tally) -> None:
        if tally.waiting:
            stem = f"rejects/{len(self.rejects):04d}"
            self.rejects.append(self.change.write(tally.take_waiting(), stem))


_WHY_LOST = {
    "duplicate_row": "the log has a row that equals it in every column",
    "repeated_id": "the customer has an earlier row with this event_id",
    "bot_like": "the customer acts faster than people do",
}


def _refused_as_erased(rows: pl.DataFrame, file: str) -> pl.DataFrame:
    """Return rows of erased people as refused ones that say where they stood, and no more."""
    return (
        rows.select(
            pl.lit(ERASED).alias("reason"),
            pl.lit("the customer was erased").alias("detail"),
            pl.lit(file).alias("file"),
            pl.col("_line") if "_line" in rows.columns else pl.lit(None, pl.Int64).alias("line"),
            pl.lit(None, pl.String).alias("row"),
        )
        .rename({"_line": "line"}, strict=False)
        .cast(REFUSED_SCHEMA)
    )


def told_by(mapping: Any, config: CleaningConfig) -> CleaningConfig:  # noqa: ANN401
    """Let the options of a mapping have the last word on how values are written."""
    options = getattr(mapping, "options", None)
    told: dict[str, Any] = {}
    for name in ("time_zone", "day_first", "time_format", "decimal_comma"):
        value = getattr(options, name, None)
        if value not in (None, "") and name in getattr(options, "model_fields_set", ()):
            told[name] = value
    return config.model_copy(update=told)
