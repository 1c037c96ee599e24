"""Where events come from: a first look at a source, its reader, and the batches it gives."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, runtime_checkable

import polars as pl

from limner import plugins
from limner.errors import BadSource
from limner.events import readers
from limner.events.look import Head, files_of, look
from limner.events.mapping import Mapping
from limner.events.refusals import nothing_refused

__all__ = [
    "Head",
    "RawBatch",
    "Reader",
    "files_of",
    "look",
    "open_source",
    "rank_readers",
]


@dataclass(frozen=True, slots=True)
class RawBatch:
    """One stretch of a source. Rows of the source = events + refused + other rows.

    A row of the source that unfolds into several events counts as the events that it makes.
    """

    events: pl.DataFrame
    """Our column names, the types that the source has, and ``_line`` (Int64, from 1): the line of
    a text file, or the row of a table."""
    refused: pl.DataFrame = field(default_factory=nothing_refused)
    """Rows that could not even be parsed: :data:`~limner.events.refusals.REFUSED_SCHEMA`."""
    catalogue: pl.DataFrame | None = None
    """What the stretch says about items: :data:`~limner.events.event.CATALOGUE_SCHEMA`."""
    attributes: pl.DataFrame | None = None
    """What it says about customers: :data:`~limner.events.event.ATTRIBUTES_SCHEMA`."""
    evidence: pl.DataFrame | None = None
    """Which names belong together: :data:`~limner.events.evidence.EVIDENCE_SCHEMA`."""
    told: pl.DataFrame | None = None
    """Of the other rows the lines (``_line``) and the moments they speak of (``known_at``)."""
    other_rows: int = 0
    """Rows of the source that are no events, only told of items or customers."""
    progress: float = 1.0
    """The share of the source that has been read, in [0, 1]."""
    file: str = ""
    """The file that the stretch comes from, or the name of the source."""

    def of_many(self, at: int, files: int) -> Self:
        """Return the same batch with the progress through all files, this one being ``at``."""
        return replace(self, progress=(at + self.progress) / files)


@runtime_checkable
class Reader(Protocol):
    """One kind of source. A reader holds no state: one may be used for many sources."""

    def sniff(self, head: Head) -> float:
        """Return how sure the reader is that the source is of its kind, in [0, 1]."""
        ...

    def suggest(self, head: Head) -> Mapping:
        """Return the mapping that fits best, as far as the first look can tell."""
        ...

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the source once, in memory bounded by ``batch_rows``.

        Raises
        ------
        BadSource
            If the source cannot be read, or lacks a column that the mapping names.
        """
        ...


def rank_readers(head: Head) -> list[tuple[str, Reader, float]]:
    """Return every reader with its name and how sure it is of a source, the surest first."""
    ranked = [
        (name, reader, reader.sniff(head))
        for name, reader in ((name, make()) for name, make in plugins.load_all(readers))
    ]
    return sorted(ranked, key=lambda entry: -entry[2])


def open_source(source: Any, mapping: Mapping | None = None) -> tuple[Reader, Mapping]:  # noqa: ANN401
    """Return who reads a source, and how its columns become ours.

    Parameters
    ----------
    source
        A path, a pattern such as ``logs/*.csv``, a folder, an address of a database such as
        ``sql+duckdb:///shop.db?table=orders``, or a data frame.
    mapping
        How to read it; without one the surest reader suggests it.

    Raises
    ------
    BadSource
        If there is no such source, it is empty, or no reader takes it.
    UnknownPlugin
        If the mapping names a reader that does not exist.

    Examples
    --------
    >>> reader, mapping = open_source(pl.DataFrame({"user_id": ["u1"], "time": ["2024-05-01"]}))
    >>> mapping.reader, mapping.columns["customer_id"]
    ('frame', 'user_id')
    """
    if mapping is not None:
        reader: Reader = plugins.load(readers, mapping.reader)()
        return reader, mapping
    head = look(source)
    _, reader, confidence = rank_readers(head)[0]
    if confidence <= 0:
        known = ", ".join(plugins.names(readers))
        raise BadSource(
            f"{head.name} must be a source that a reader takes, got {head.form}",
            hint=f"readers: {known}; if it is a path, look whether it is spelt right",
        )
    return reader, reader.suggest(head)
