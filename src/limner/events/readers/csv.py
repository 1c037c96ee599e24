"""Any CSV, by the names of its columns; separator and encoding are found out."""

from collections.abc import Iterator
from typing import final

from limner.errors import BadSource
from limner.events.look import Head, files_of
from limner.events.mapping import Mapping, Options
from limner.events.source import RawBatch
from limner.events.suggestion import fit, suggest_mapping
from limner.events.tables import read_csv

__all__ = ["Csv"]


@final
class Csv:
    """Reads CSV, plain or packed; every column is text, and every line is accounted for."""

    def sniff(self, head: Head) -> float:
        """Return 0.2 for any CSV, up to 0.7 for one with the columns of a log."""
        return 0.2 + 0.5 * fit(head.frame) if head.form == "delimited" else 0.0

    def suggest(self, head: Head) -> Mapping:
        """Return what the names and values of the columns suggest."""
        if head.frame is None or head.dialect is None:
            raise BadSource(f"{head.name} must be a CSV, got {head.form}")
        options = Options(
            separator=head.dialect.separator,
            encoding=head.encoding,
            header=None if head.dialect.header else False,
        )
        return suggest_mapping(head.frame, "csv", options=options)

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the rows; raises BadSource if a file is broken or lacks a column."""
        files = files_of(source)
        if not files:
            raise BadSource(f"{source} must be a CSV, but there is none")
        for at, file in enumerate(files):
            for batch in read_csv(file, mapping, batch_rows=batch_rows):
                yield batch.of_many(at, len(files))
