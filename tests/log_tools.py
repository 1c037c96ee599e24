"""What the tests of the log share: a reader of frames, a fixed present, small logs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from limner.events.cleaning import CleaningConfig
from limner.events.ingest import IngestReport, ingest
from limner.events.log import EventLog
from limner.events.quality import quality_of
from limner.events.source import RawBatch

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Frames:
    """Read a list of frames: each is one batch of the source."""

    def sniff(self, head: Any) -> float:
        return 0.0

    def suggest(self, head: Any) -> Any:
        raise NotImplementedError

    def read(self, source: Any, mapping: Any, *, batch_rows: int = 1_000_000) -> Iterator[RawBatch]:
        line = 0
        for number, frame in enumerate(source):
            numbered = frame.with_columns(
                _line=pl.int_range(line + 1, line + 1 + len(frame), dtype=pl.Int64)
            )
            line += len(frame)
            yield RawBatch(events=numbered, progress=(number + 1) / len(source), file="frames")


class Batches:
    """Read a list of batches as they are."""

    def sniff(self, head: Any) -> float:
        return 0.0

    def suggest(self, head: Any) -> Any:
        raise NotImplementedError

    def read(self, source: Any, mapping: Any, *, batch_rows: int = 1_000_000) -> Iterator[RawBatch]:
        yield from source


def take(
    log: EventLog, *sources: list[pl.DataFrame], config: CleaningConfig | None = None, **more: Any
) -> IngestReport:
    """Ingest sources, each a list of frames."""
    return ingest(log, [(Frames(), None, one) for one in sources], config=config, now=NOW, **more)


def content(log: EventLog) -> pl.DataFrame:
    """Return all events."""
    return log.scan().collect()


def balanced(log: EventLog) -> bool:
    """Say whether every row that came in is in the log or among the rejects."""
    quality = quality_of(log.manifest)
    return quality.balanced and quality.rows_in == log.manifest.rows + len(log.rejects().collect())


def files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file of a log but its lock."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }


def some_rows(count: int = 200, *, customers: int = 20, start: int = 0) -> pl.DataFrame:
    """Return rows, all different, of customers ``c0`` to ``c…``."""
    number = pl.int_range(start, start + count, eager=True)
    return pl.select(
        customer_id=pl.format("c{}", number * 7 % customers),
        time=pl.datetime(2025, 1, 1, time_zone="UTC") + pl.duration(minutes=number),
        kind=pl.lit("purchase"),
        item_id=pl.format("i{}", number % 5),
        quantity=pl.lit(1.0),
        price=number.cast(pl.Float64) / 4 + 1,
    )


class Swapped(EventLog):
    """A log to which somebody else adds once, between the first scan and what is read of it."""

    more: pl.DataFrame | None = None

    def scan(self, **asked):
        """Look at the events, and let the files go that were looked at."""
        found = super().scan(**asked)
        if self.more is not None:
            rows, self.more = self.more, None
            take(EventLog(self.folder), [rows])
        return found
