"""What becomes of the rows of one source, counted while they pass."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import polars as pl

from limner.events.cleaning import CleaningConfig, Note
from limner.events.manifest import SourceRecord
from limner.events.refusals import REFUSED_SCHEMA

__all__ = ["Tally", "settings_digest"]


class Tally:
    """Counts of one source, and refused rows that wait to be written.

    Parameters
    ----------
    name
        What the source is called.
    settings
        Digest of how it was read, see :func:`settings_digest`.
    """

    def __init__(self, name: str, settings: str) -> None:
        self.name, self.settings, self.digest = name, settings, ""
        self.rows_in = self.kept = self.other_rows = 0
        self.refused: dict[str, Note] = {}
        self.noted: dict[str, Note] = {}
        self.waiting: list[pl.DataFrame] = []
        self.record: SourceRecord | None = None

    def refuse(self, rows: pl.DataFrame) -> None:
        """Count refused rows by reason, with the first of each as its example."""
        if rows.is_empty():
            return
        rows = rows.select(REFUSED_SCHEMA.names()).cast(REFUSED_SCHEMA)
        self.waiting.append(rows)
        first = rows.group_by("reason").agg(pl.len(), pl.first("file", "line", "detail"))
        for reason, count, file, line, detail in first.sort("reason").iter_rows():
            place = f"{file}, line {line}" if line is not None else f"{file}"
            note = Note(count, f"{place}: {detail}")
            self.refused[reason] = self.refused[reason] + note if reason in self.refused else note

    def note(self, noted: Mapping[str, Note]) -> None:
        """Count what was odd but kept."""
        for code, note in noted.items():
            if note.count:
                self.noted[code] = self.noted[code] + note if code in self.noted else note

    def take_waiting(self) -> pl.DataFrame:
        """Return the refused rows since the last time."""
        rows = pl.concat(self.waiting)
        self.waiting.clear()
        return rows

    def finish(self, generation: int, withdrawn: "Tally | None") -> None:
        """Close the account."""
        self.record = SourceRecord(
            name=self.name,
            digest=self.digest,
            settings=self.settings,
            generation=generation,
            rows_in=self.rows_in,
            kept=self.kept,
            refused=dict(sorted(self.refused.items())),
            noted=dict(sorted(self.noted.items())),
            withdrawn=dict(sorted(withdrawn.refused.items())) if withdrawn else {},
            other_rows=self.other_rows,
        )


def settings_digest(mapping: Any, config: CleaningConfig) -> str:  # noqa: ANN401
    """Return a digest of how a source is read: its mapping, and how rows are cleaned."""
    written = mapping.model_dump_json() if hasattr(mapping, "model_dump_json") else repr(mapping)
    return blake2b(f"{written}\n{config.model_dump_json()}".encode(), digest_size=8).hexdigest()
