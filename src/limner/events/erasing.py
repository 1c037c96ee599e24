"""Take people out of a log: what they did, what they told, and what was refused of theirs."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from limner.events.buckets import bucket_of
from limner.events.cleaning import Note
from limner.events.evidence import ID_KINDS, without
from limner.events.holding import let_go
from limner.events.log import FLAGS_SCHEMA, EventLog
from limner.events.manifest import BucketFile, SideFile, SourceRecord
from limner.events.quality import write_quality
from limner.events.rebuild import write_bucket
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.suppression import ERASED, hushed, names_in
from limner.events.writing import Change, change

__all__ = ["Held", "LogErasure", "erase_from_log", "held_in_log"]


@dataclass(frozen=True, slots=True)
class Held:
    """What a log holds on some people: rows of its own schemas.

    ``rejects`` and ``evidence`` have a ``customer_id`` beside; ``evidence`` that names two of them
    is there for both.
    """

    events: pl.DataFrame
    attributes: pl.DataFrame
    flags: pl.DataFrame
    rejects: pl.DataFrame
    evidence: pl.DataFrame


@dataclass(frozen=True, slots=True)
class LogErasure:
    """How much was taken out of a log, and how many of its files were written anew."""

    events: int
    attributes: int
    flags: int
    rejects: int
    files: int


def held_in_log(log: EventLog, customers: Collection[str]) -> Held:
    """Return all that a log holds on some people."""
    names = pl.Series(sorted(set(customers)), dtype=pl.String)
    wanted = pl.col("customer_id").is_in(names.implode())
    return Held(
        log.events_of(names),
        log.attributes().filter(wanted),
        log.flags().filter(wanted),
        log.read(lambda: _refused_of(log, names)),
        _evidence_on(log, names.to_list()),
    )


def _refused_of(log: EventLog, names: pl.Series) -> pl.DataFrame:
    found = [pl.DataFrame(schema={**REFUSED_SCHEMA, "customer_id": pl.String})]
    for file in log.manifest.rejects:
        rows = _read(log, file, REFUSED_SCHEMA)
        who = _named(rows, names)
        found.append(rows.with_columns(customer_id=who).filter(who.is_not_null()))
    return pl.concat(found)


def _evidence_on(log: EventLog, customers: Collection[str]) -> pl.DataFrame:
    whole = log.evidence()
    parts = [whole.clear().with_columns(customer_id=pl.lit(None, pl.String))]
    for who in customers if len(whole) else ():
        mine = [f"{kind}:{who}" for kind in ID_KINDS]
        own = whole.filter(pl.col("a").is_in(mine) | pl.col("b").is_in(mine))
        parts.append(own.with_columns(customer_id=pl.lit(who)))
    return pl.concat(parts)


def erase_from_log(log: EventLog, customers: Collection[str], *, mark: str) -> LogErasure:
    """Take people out of a log in one step; whoever reads sees it before or after.

    The files that held them are written anew without them, and the old ones are removed. Refused
    rows that name them keep their place and reason, without what they said, so that every row
    stays accounted for: events that go are ``withdrawn`` as ``erased``. States of the log that
    are kept for whoever reads them for long (:mod:`limner.events.holding`) go too.

    Parameters
    ----------
    log
        From where.
    customers
        Whom.
    mark
        What the account calls this; no id.

    Raises
    ------
    LogBusy
        If another process is writing to the log.
    DiskFull
        If the disk has no room; the log is as it was.
    """
    names = pl.Series(sorted(set(customers)), dtype=pl.String)
    with change(log.folder) as under_way:
        work = _Erasing(under_way, log, names)
        done = work.run(mark)
        let_go(log)
        write_quality(log.folder, log.manifest)
    return done


class _Erasing:
    """One erasure under way."""

    def __init__(self, under_way: Change, log: EventLog, names: pl.Series) -> None:
        self.change, self.log, self.names = under_way, log, names
        self.before = under_way.before
        self.rewritten = 0
        self.hushed: set[str] = set()

    def run(self, mark: str) -> LogErasure:
        """Write the next state and make it the state of the log, if it is another."""
        files, events = self._buckets()
        told, attributes = self._side("attributes")
        marked, flags = self._side("flags")
        linked = self._evidence()
        rejects, refused = self._rejects()
        done = LogErasure(events, attributes, flags, refused, self.rewritten)
        if self.rewritten or self._gone(files):
            changes: dict[str, Any] = {
                "files": files,
                "attributes": told,
                "evidence": linked,
                "rejects": rejects,
            }
            if flags:
                changes |= {"flags": marked, "flagged": self._flagged(marked)}
            self.change.commit(
                self.before.with_changes(**changes, sources=self._sources(mark, events))
            )
        return done

    def _gone(self, files: tuple[BucketFile, ...]) -> bool:
        return len(files) != len(self.before.files)

    def _buckets(self) -> tuple[tuple[BucketFile, ...], int]:
        """Return the files of events, those that held somebody written anew, and what went."""
        homes = set(bucket_of(self.names, buckets=self.before.buckets).to_list())
        kept, gone = [], 0
        for file in self.before.files:
            if file.bucket not in homes:
                kept.append(file)
                continue
            rows = pl.read_parquet(self.change.folder / file.name, glob=False)
            stay = rows.filter(~pl.col("customer_id").is_in(self.names.implode()))
            gone += len(rows) - len(stay)
            if len(stay) == len(rows):
                kept.append(file)
            elif len(stay):
                kept.append(write_bucket(self.change, stay, file.bucket, file.part))
                self.rewritten += 1
        return tuple(kept), gone

    def _side(self, name: str) -> tuple[SideFile | None, int]:
        """Return a table beside the events without these people, and how many rows went."""
        file: SideFile | None = getattr(self.before, name)
        if file is None:
            return None, 0
        rows: pl.DataFrame = getattr(self.log, name)()
        stay = rows.filter(~pl.col("customer_id").is_in(self.names.implode()))
        if len(stay) == len(rows):
            return file, 0
        self.rewritten += 1
        return self.change.write(stay, name), len(rows) - len(stay)

    def _evidence(self) -> SideFile | None:
        """Return the evidence that names none of these people."""
        file = self.before.evidence
        if file is None:
            return None
        rows = self.log.evidence()
        stay = without(rows, self.names.to_list())
        if len(stay) == len(rows):
            return file
        self.rewritten += 1
        return self.change.write(stay, "evidence")

    def _flagged(self, file: SideFile | None) -> Mapping[str, int]:
        if file is None:
            return {}
        rows = _read(self.log, file, FLAGS_SCHEMA)
        return dict(rows["flag"].value_counts().sort("flag").iter_rows())

    def _rejects(self) -> tuple[tuple[SideFile, ...], int]:
        """Return the refused rows, those that name these people without what they said."""
        kept, gone = [], 0
        for number, file in enumerate(self.before.rejects):
            rows = _read(self.log, file, REFUSED_SCHEMA)
            named = _named(rows, self.names).is_not_null()
            if not named.any():
                kept.append(file)
                continue
            gone += int(named.sum())
            for place, line, detail in rows.filter(named).select("file", "line", "detail").rows():
                where = f"{place}, line {line}" if line is not None else f"{place}"
                self.hushed.add(f"{where}: {detail}")
            kept.append(self.change.write(hushed(rows, named), f"rejects/e{number:04d}"))
            self.rewritten += 1
        return tuple(kept), gone

    def _sources(self, mark: str, events: int) -> tuple[SourceRecord, ...]:
        """Return the account: examples that quoted these people are cut, what went is told."""
        quiet = tuple(
            replace(one, refused=self._quiet(one.refused), withdrawn=self._quiet(one.withdrawn))
            for one in self.before.sources
        )
        if not events:
            return quiet
        told = SourceRecord(
            name=ERASED,
            digest=f"{ERASED}:{mark}",
            settings="",
            generation=self.before.generation + 1,
            rows_in=0,
            kept=0,
            refused={},
            noted={},
            withdrawn={ERASED: Note(events, "")},
        )
        return (*quiet, told)

    def _quiet(self, notes: Mapping[str, Note]) -> dict[str, Note]:
        return {
            code: replace(note, example=note.example.partition(": ")[0])
            if note.example in self.hushed
            else note
            for code, note in notes.items()
        }


def _read(log: EventLog, file: SideFile, schema: pl.Schema) -> pl.DataFrame:
    return pl.read_parquet(log.folder / file.name, schema=schema, glob=False)


def _named(rows: pl.DataFrame, names: pl.Series) -> pl.Series:
    """Return whom each refused row names (N,), null where it names none of these people."""
    wanted = set(names.to_list())
    spelt = sorted({*wanted, *(json.dumps(name, ensure_ascii=False)[1:-1] for name in wanted)})
    maybe = rows.select(
        # A backslash may hide any letter.
        pl.col("row").str.contains_any(spelt) | pl.col("row").str.contains("\\", literal=True)
    ).to_series()
    found = [
        next(iter(sorted(names_in(row) & wanted)), None) if likely else None
        for row, likely in zip(rows["row"].to_list(), maybe.to_list(), strict=True)
    ]
    return pl.Series("customer_id", found, dtype=pl.String)
