"""Four customers and eleven events, worked out with pencil and paper."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from limner.dataset.aggregates import Aggregates
from limner.dataset.ledger import Ledger
from limner.events.event import CATALOGUE_SCHEMA, EVENT_SCHEMA
from shops import Shop

HERE = Path(__file__).parent / "aggregates"
EXPECTED = json.loads((HERE / "expected.json").read_text())
CUT = datetime.fromisoformat(EXPECTED["cut"])


def table(name, schema):
    read = pl.read_csv(HERE / name, infer_schema=False)
    columns = []
    for column, dtype in schema.items():
        text = pl.col(column) if column in read.columns else pl.lit(None, pl.String)
        if column == "time":
            text = text.str.to_datetime("%+", time_unit="us", time_zone="UTC")
        columns.append(text.cast(dtype).alias(column))
    return read.select(columns)


@pytest.fixture(scope="module", params=[1, 3])
def described(request):
    shop = Shop(
        table("log.csv", EVENT_SCHEMA),
        catalogue=table("catalogue.csv", CATALOGUE_SCHEMA),
        buckets=request.param,
    )
    ledger = Ledger.of(shop)
    made = Aggregates().fit(ledger, before=CUT)
    return {
        customer: dict(zip(made.names, row.tolist(), strict=True))
        for customer, row in zip(ledger.customers.tolist(), made.at(ledger, CUT), strict=True)
    }


@pytest.mark.parametrize("customer", EXPECTED["customers"])
def test_golden_aggregates(described, customer):
    for name, value in EXPECTED["customers"][customer].items():
        expected = np.nan if value is None else value
        np.testing.assert_allclose(
            described[customer][name], expected, rtol=1e-5, atol=1e-6, err_msg=name
        )
