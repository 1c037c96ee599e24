"""What stands beside the events: the catalogue and the attributes, the newest word winning."""

from collections.abc import Sequence
from typing import Self

import polars as pl

from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA

__all__ = ["Side"]

_COMPACT_ROWS = 1_000_000


class Side:
    """Rows with a key, of which the last one told stays.

    Parameters
    ----------
    known
        The rows so far.
    schema
        Columns and types.
    key
        Columns of which every combination stands once.
    needed
        Columns without which a row says nothing.
    """

    def __init__(
        self, known: pl.DataFrame, *, schema: pl.Schema, key: Sequence[str], needed: Sequence[str]
    ) -> None:
        self.known, self.schema, self.key, self.needed = known, schema, list(key), list(needed)
        self.dropped = 0
        self._fresh: list[pl.DataFrame] = []

    @classmethod
    def of_catalogue(cls, known: pl.DataFrame) -> Self:
        """One row an item; the newest wins as a whole."""
        return cls(known, schema=CATALOGUE_SCHEMA, key=["item_id"], needed=["item_id"])

    @classmethod
    def of_attributes(cls, known: pl.DataFrame) -> Self:
        """One row a customer, attribute and moment it became known."""
        key = ["customer_id", "name", "known_at"]
        return cls(
            known, schema=ATTRIBUTES_SCHEMA, key=key, needed=["customer_id", "name", "value"]
        )

    def add(self, rows: pl.DataFrame | None) -> None:
        """Take rows in; missing columns are null. Rows without their key are counted and left."""
        if rows is None or rows.is_empty():
            return
        typed = rows.select(
            pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype).alias(name)
            for name, dtype in self.schema.items()
        )
        texts = [name for name, dtype in self.schema.items() if dtype == pl.String]
        stripped = pl.col(texts).str.strip_chars()
        typed = typed.with_columns(pl.when(stripped != "").then(stripped))
        whole = typed.drop_nulls(self.needed)
        self.dropped += len(typed) - len(whole)
        self._fresh.append(self._last(whole))
        if sum(len(one) for one in self._fresh) > _COMPACT_ROWS:
            self._fresh = [self._last(pl.concat(self._fresh))]

    def result(self) -> pl.DataFrame | None:
        """Return the rows as they are now, sorted by key, or None if nothing changed."""
        if not self._fresh:
            return None
        now = self._last(pl.concat([self.known, *self._fresh])).sort(self.key)
        return None if now.equals(self.known) else now

    def _last(self, rows: pl.DataFrame) -> pl.DataFrame:
        return rows.unique(self.key, keep="last", maintain_order=True)
