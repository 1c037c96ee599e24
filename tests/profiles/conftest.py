"""A tiny shop whose numbers can be worked by hand."""

from datetime import UTC, datetime

import polars as pl
import pytest

from limner.events.event import CATALOGUE_SCHEMA, EVENT_SCHEMA

AS_OF = datetime(2024, 3, 1, tzinfo=UTC)


@pytest.fixture
def as_of():
    return AS_OF


@pytest.fixture
def a_log():
    """Return a function that makes a log of rows: (who, when, kind, item, order, price) and more."""

    def make(*rows, **columns):
        names = ["customer_id", "time", "kind", "item_id", "order_id", "price"]
        table = []
        for row in rows:
            row, more = (row[:-1], row[-1]) if isinstance(row[-1], dict) else (row, {})
            plain = dict.fromkeys(EVENT_SCHEMA.names()) | dict(zip(names, row, strict=False))
            plain |= {"currency": "USD"} | columns | more
            plain["time"] = datetime.fromisoformat(plain["time"]).replace(tzinfo=UTC)
            table.append(plain)
        return pl.DataFrame(table, schema=EVENT_SCHEMA, orient="row").lazy()

    return make


@pytest.fixture
def catalogue():
    rows = [
        ("milk", "Milk 1 l", "Food > Dairy > Milk", "Meadow"),
        ("cheese", "Cheese", "Food > Dairy > Cheese", "Meadow"),
        ("cream", "Cream", "Food > Dairy > Cream", "Alp"),
        ("soap", "Soap", "Home > Bath", None),
    ]
    table = [dict.fromkeys(CATALOGUE_SCHEMA.names()) for _ in rows]
    for plain, row in zip(table, rows, strict=True):
        plain |= dict(zip(("item_id", "title", "category", "brand"), row, strict=True))
    return pl.DataFrame(table, schema=CATALOGUE_SCHEMA)


@pytest.fixture
def shop(a_log):
    """One bucket: ann comes every ten days, ben once and brings it back, eve only looks."""
    return a_log(
        ("ann", "2024-01-01T09:00", "purchase", "milk", "a1", 2.0, {"quantity": 3.0}),
        ("ann", "2024-01-01T09:00", "purchase", "cheese", "a1", 6.0, {"discount": 1.0}),
        ("ann", "2024-01-11T09:30", "purchase", "milk", "a2", 2.0),
        ("ann", "2024-01-21T10:00", "view", "cream", None, None),
        ("ann", "2024-01-21T10:05", "purchase", "soap", None, 4.0),
        ("ann", "2024-01-21T10:05", "purchase", "milk", None, 2.0),
        ("ann", "2024-02-20T09:10", "purchase", "cream", "a4", 3.0),
        ("ben", "2024-02-10T20:00", "purchase", "soap", "b1", 4.0),
        ("ben", "2024-02-12T20:00", "return", "soap", "b1", 4.0),
        ("eve", "2024-02-28T12:00", "view", "milk", None, None),
        ("eve", "2024-02-29T12:00", "cart", "milk", None, 2.0),
    )
