"""Signs that something is wrong with events."""

import polars as pl

from limner.events.symptoms import repeated_rows


def test_equal_rows_are_counted():
    one = {"customer_id": "a", "kind": "view", "item_id": None, "time": "2024-01-01", "_line": 1}
    events = pl.DataFrame([one, {**one, "_line": 2}, {**one, "customer_id": "b", "_line": 3}])
    (found,) = repeated_rows(events, 3)
    assert found.count == 1


def test_rows_that_differ_are_no_finding():
    events = pl.DataFrame({"customer_id": ["a", "b"], "time": ["1", "1"], "_line": [1, 2]})
    assert list(repeated_rows(events, 2)) == []
