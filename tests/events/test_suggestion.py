"""What columns probably mean."""

import polars as pl

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
