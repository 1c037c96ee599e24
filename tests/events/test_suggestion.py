"""What columns probably mean."""

import polars as pl
import pytest

from limner.events.suggestion import fit, suggest_mapping


def test_well_known_names_find_their_places():
    frame = pl.DataFrame(
        {
            "CustomerID": ["u1", "u2", "u1"],
            "InvoiceDate": ["2024-01-01", "2024-01-02", "2024-01-03"],
            "StockCode": ["p1", "p2", "p1"],
        }
    )
    columns = suggest_mapping(frame, "csv").columns
    assert columns["customer_id"] == "CustomerID"
    assert columns["time"] == "InvoiceDate"
    assert columns["item_id"] == "StockCode"
    assert fit(frame) > fit(pl.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]}))


@pytest.mark.parametrize(
    ("prices", "comma"),
    [
        (["4,50", "12,00", "1.234,50"], True),
        (["EUR 4,50", "EUR 3,5"], True),
        (["4.50", "1,234.50", "3"], False),
        (["1,234", "5,678"], False),
        (["3", "4"], False),
    ],
)
def test_a_comma_before_the_cents_is_found_out(prices, comma):
    count = len(prices)
    frame = pl.DataFrame(
        {
            "customer_id": [f"u{row}" for row in range(count)],
            "time": ["2024-01-01"] * count,
            "price": prices,
        }
    )
    assert suggest_mapping(frame, "csv").options.decimal_comma is comma


def test_a_number_may_have_an_exponent():
    frame = pl.DataFrame(
        {"customer_id": ["a", "b"], "time": ["2024-01-01"] * 2, "price": ["1e3", "2.5E-1"]}
    )
    assert suggest_mapping(frame, "csv").columns["price"] == "price"
