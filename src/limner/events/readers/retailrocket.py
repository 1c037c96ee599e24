"""RetailRocket's events: views, carts and transactions of visitors, clock in milliseconds."""

from collections.abc import Iterator
from typing import final

from limner.events.look import Head
from limner.events.mapping import Mapping
from limner.events.source import RawBatch
from limner.events.tables import read_tables

__all__ = ["RetailRocket"]

_COLUMNS = {"timestamp", "visitorid", "event", "itemid", "transactionid"}


@final
class RetailRocket:
    """Reads ``events.csv`` of the published data set, or the same columns in Parquet."""

    def sniff(self, head: Head) -> float:
        """Return 0.95 if the five columns are there."""
        return 0.95 if set(head.columns) >= _COLUMNS else 0.0

    def suggest(self, head: Head) -> Mapping:  # noqa: ARG002 - the columns are always the same
        """Return the only mapping there is."""
        return Mapping(
            reader="retailrocket",
            columns={
                "customer_id": "visitorid",
                "time": "timestamp",
                "kind": "event",
                "item_id": "itemid",
                "order_id": "transactionid",
            },
            kinds={"view": "view", "addtocart": "cart", "transaction": "purchase"},
        )

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the rows; raises BadSource if a file is broken or lacks a column."""
        return read_tables(source, mapping, batch_rows=batch_rows)
