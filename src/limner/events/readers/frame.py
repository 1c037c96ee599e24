"""Any data frame in memory: pandas, Polars, Arrow, a DuckDB relation."""

from collections.abc import Iterator
from typing import final

import polars as pl

from limner.errors import BadSource
from limner.events.delimited import Stretch
from limner.events.frames import batches_of
from limner.events.look import Head
from limner.events.mapping import Mapping
from limner.events.refusals import nothing_refused
from limner.events.shaping import check_columns, shape
from limner.events.source import RawBatch
from limner.events.suggestion import suggest_mapping

__all__ = ["Frame"]


@final
class Frame:
    """Reads a data frame of any maker that narwhals knows, eager or lazy."""

    def sniff(self, head: Head) -> float:
        """Return 0.9 for a data frame: nobody else takes one."""
        return 0.9 if head.form == "frame" else 0.0

    def suggest(self, head: Head) -> Mapping:
        """Return what the names and values of the columns suggest."""
        if head.frame is None:
            raise BadSource(f"{head.name} must be a data frame, got {head.form}")
        return suggest_mapping(head.frame, "frame")

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the rows; raises BadSource if it is no data frame or lacks a column."""
        name, first = type(source).__name__, 1
        for frame, progress in batches_of(source, rows=batch_rows):
            check_columns(frame.columns, mapping, name=name)
            line = pl.int_range(first, first + len(frame), eager=True).alias("_line")
            first += len(frame)
            yield shape(Stretch(frame, line, nothing_refused(), progress), mapping, file=name)
