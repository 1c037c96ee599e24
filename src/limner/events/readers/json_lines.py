"""Any JSON lines, plain or packed; nested fields go by their path, ``user.id``."""

from collections.abc import Iterator
from typing import final

from limner.errors import BadSource
from limner.events.look import Head, files_of
from limner.events.mapping import Mapping, Options
from limner.events.source import RawBatch
from limner.events.suggestion import fit, suggest_mapping
from limner.events.tables import read_json

__all__ = ["JsonLines"]


@final
class JsonLines:
    """Reads one JSON object a line; every field is text, and a broken line is refused."""

    def sniff(self, head: Head) -> float:
        """Return 0.2 for any JSON lines, up to 0.6 for some with the fields of a log."""
        return 0.2 + 0.4 * fit(head.frame) if head.form == "json_lines" else 0.0

    def suggest(self, head: Head) -> Mapping:
        """Return what the names and values of the fields suggest."""
        if head.frame is None or head.form != "json_lines":
            raise BadSource(f"{head.name} must be JSON lines, got {head.form}")
        options = Options(encoding="" if head.encoding == "utf-8" else head.encoding)
        return suggest_mapping(head.frame, "json_lines", options=options)

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the lines; raises BadSource if a file is broken as a whole."""
        files = files_of(source)
        if not files:
            raise BadSource(f"{source} must be JSON lines, but there are none")
        for at, file in enumerate(files):
            for batch in read_json(file, mapping, batch_rows=batch_rows):
                yield batch.of_many(at, len(files))
