"""What happened: one customer, one moment, one deed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl

from limner.errors import BadEvent

__all__ = [
    "ATTRIBUTES_SCHEMA",
    "CATALOGUE_SCHEMA",
    "CATEGORY_SEPARATOR",
    "EVENT_SCHEMA",
    "KINDS",
    "Event",
    "amount",
]

KINDS: tuple[str, ...] = (
    "view",
    "search",
    "cart",
    "uncart",
    "wish",
    "purchase",
    "return",
    "review",
    "rate",
    "redeem",
    "message",
)
"""The kinds every part of the house understands; a log may hold others beside them."""

CATEGORY_SEPARATOR = " > "
"""What stands between the steps of a category path, broadest step first."""

EVENT_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type] # the classes are types of columns
        "customer_id": pl.String,
        "time": pl.Datetime("us", "UTC"),
        "kind": pl.String,
        "item_id": pl.String,
        "order_id": pl.String,
        "session_id": pl.String,
        "quantity": pl.Float64,
        "price": pl.Float64,
        "discount": pl.Float64,
        "currency": pl.String,
        "text": pl.String,
        "rating": pl.Float64,
        "properties": pl.String,
        "event_id": pl.String,
    }
)
"""Columns of the log. ``price`` is for one piece before ``discount``, which is for the whole line;
both in ``currency``. ``properties`` is a JSON object. ``event_id`` is the sender's own, or null."""

CATALOGUE_SCHEMA = pl.Schema(
    {
        "item_id": pl.String,
        "title": pl.String,
        "description": pl.String,
        "category": pl.String,
        "brand": pl.String,
        "price": pl.Float64,
        "image": pl.String,
    }
)
"""Columns of the catalogue; ``category`` is a path, its steps joined by ``CATEGORY_SEPARATOR``."""

ATTRIBUTES_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type] # the classes are types of columns
        "customer_id": pl.String,
        "name": pl.String,
        "value": pl.String,
        "known_at": pl.Datetime("us", "UTC"),
    }
)
"""Columns of the customer attributes: one row a customer, attribute and moment it became known.
A null ``known_at`` says that the moment is not on record: such an attribute may be asked about,
but is never told to a model as known at a moment."""


def amount() -> pl.Expr:
    """Return what a line is worth: price times quantity less discount, 0 where there is no price.

    A missing quantity counts as one piece. The unit is that of ``price``.
    """
    quantity = pl.col("quantity").fill_null(1.0)
    worth = pl.col("price") * quantity - pl.col("discount").fill_null(0.0)
    return worth.fill_null(0.0)


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """One deed of one customer. Events sort by time, then customer, kind and id.

    ``time`` is aware and in UTC; ``quantity`` in pieces; ``price`` for one piece before
    ``discount``, which is for the whole line, both in ``currency``.
    """

    time: datetime
    customer_id: str
    kind: str
    event_id: str | None = None
    item_id: str | None = None
    order_id: str | None = None
    session_id: str | None = None
    quantity: float | None = None
    price: float | None = None
    discount: float | None = None
    currency: str | None = None
    text: str | None = None
    rating: float | None = None
    properties: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def __post_init__(self) -> None:
        if not self.customer_id:
            raise BadEvent("customer_id must not be empty", hint="name who did it")
        if self.time.utcoffset() is None:
            raise BadEvent(
                f"time must have a zone, got {self.time.isoformat()}",
                hint="datetime(..., tzinfo=UTC)",
            )
        object.__setattr__(self, "time", self.time.astimezone(UTC))

    def to_row(self) -> dict[str, Any]:
        """Return the event as a row of :data:`EVENT_SCHEMA`."""
        row = {name: getattr(self, name) for name in EVENT_SCHEMA.names()}
        row["properties"] = json.dumps(dict(self.properties)) if self.properties else None
        return row
