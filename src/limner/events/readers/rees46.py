"""REES46's event history of online shops: views, carts and purchases with categories and brands."""

from collections.abc import Iterator
from typing import final

import polars as pl

from limner.events.event import CATEGORY_SEPARATOR
from limner.events.look import Head
from limner.events.mapping import Mapping
from limner.events.source import RawBatch
from limner.events.tables import read_tables

__all__ = ["Rees46"]

_COLUMNS = {"event_time", "event_type", "product_id", "category_id", "price", "user_id"}


@final
class Rees46:
    """Reads the monthly files as CSV or Parquet, plain or packed.

    ``electronics.smartphone`` becomes a path of two steps; where a product has no such code its
    category is the number.
    """

    def sniff(self, head: Head) -> float:
        """Return 0.95 if the columns are there, with ``category_code`` or ``user_session``."""
        columns = set(head.columns)
        own = {"category_code", "user_session"} & columns
        return 0.95 if columns >= _COLUMNS and own else 0.0

    def suggest(self, head: Head) -> Mapping:
        """Return the mapping of the columns that are there."""
        columns = {
            "customer_id": "user_id",
            "time": "event_time",
            "kind": "event_type",
            "item_id": "product_id",
            "session_id": "user_session",
            "price": "price",
        }
        category = "category_code" if "category_code" in head.columns else "category_id"
        catalogue = {"category": category, "brand": "brand", "price": "price"}
        return Mapping(
            reader="rees46",
            columns={ours: their for ours, their in columns.items() if their in head.columns},
            kinds={"remove_from_cart": "uncart"},
            catalogue={ours: their for ours, their in catalogue.items() if their in head.columns},
        )

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the rows; raises BadSource if a file is broken or lacks a column."""
        return read_tables(source, mapping, batch_rows=batch_rows, prepare=_with_paths)


def _with_paths(frame: pl.DataFrame) -> pl.DataFrame:
    if "category_code" not in frame.columns:
        return frame
    code = pl.col("category_code").cast(pl.String)
    path = pl.when(code != "").then(code).str.replace_all(".", CATEGORY_SEPARATOR, literal=True)
    if "category_id" in frame.columns:
        path = pl.coalesce(path, pl.col("category_id").cast(pl.String))
    return frame.with_columns(category_code=path)
