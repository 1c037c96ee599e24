"""Taobao's UserBehavior: who viewed, carted, liked or bought what, with a header or without."""

from collections.abc import Iterator
from typing import final

import polars as pl

from limner.events.look import Head
from limner.events.mapping import Mapping, Options
from limner.events.source import RawBatch
from limner.events.tables import read_tables

__all__ = ["Taobao"]

_KINDS = {"pv": "view", "cart": "cart", "fav": "wish", "buy": "purchase"}
_NAMES = ("user_id", "item_id", "category_id", "behavior", "time")
_TOLD = {
    "behavior": ("behavior", "behavior_type", "behaviour", "behaviour_type"),
    "time": ("timestamp", "event_time", "time", "ts"),
}


@final
class Taobao:
    """Reads UserBehavior as CSV (five columns, often without a header) or Parquet.

    The clock is in seconds. Categories are numbers and go to the catalogue.
    """

    def sniff(self, head: Head) -> float:
        """Return 0.95 if the five columns are there and hold the four words."""
        columns = _columns(head)
        if columns is None or head.frame is None:
            return 0.0
        words = head.frame[columns["behavior"]].drop_nulls().cast(pl.String).unique()
        known = words.is_in(list(_KINDS)).mean()
        return 0.95 if len(words) and float(known or 0) > 0.7 else 0.0  # type: ignore[arg-type]

    def suggest(self, head: Head) -> Mapping:
        """Return the mapping of the five columns."""
        columns = _columns(head) or dict(zip(_NAMES, _NAMES, strict=True))
        dialect = head.dialect
        return Mapping(
            reader="taobao",
            columns={
                "customer_id": columns["user_id"],
                "time": columns["time"],
                "kind": columns["behavior"],
                "item_id": columns["item_id"],
            },
            kinds=_KINDS,
            catalogue={"item_id": columns["item_id"], "category": columns["category_id"]},
            options=Options(header=False if dialect and not dialect.header else None),
        )

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the rows; raises BadSource if a file is broken or lacks a column."""
        return read_tables(source, mapping, batch_rows=batch_rows)


def _columns(head: Head) -> dict[str, str] | None:
    """Return the source's name of each of the five columns, or None if they are not there."""
    if len(head.columns) != len(_NAMES):
        return None
    if head.dialect is not None and not head.dialect.header:
        return dict(zip(_NAMES, head.columns, strict=True))
    found = {name: name for name in _NAMES[:3] if name in head.columns}
    for name, words in _TOLD.items():
        known = [word for word in words if word in head.columns]
        found |= {name: known[0]} if known else {}
    return found if len(found) == len(_NAMES) else None
