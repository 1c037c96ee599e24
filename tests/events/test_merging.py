"""Rows of a bucket are put in one order and kept once."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.events.merging import settle
from log_tools import some_rows


def placed(frame, source=0):
    return frame.with_columns(
        _source=pl.lit(source, pl.Int32), _line=pl.int_range(1, len(frame) + 1, dtype=pl.Int64)
    )


@settings(max_examples=25)
@given(st.permutations(range(12)))
def test_the_order_of_arrival_does_not_matter(order):
    rows = some_rows(12, customers=2).with_columns(
        time=some_rows(12)["time"].dt.truncate("1h"), item_id=pl.Series([None, "x"] * 6)
    )
    settled = settle(placed(rows[list(order)])).kept.drop("_line")
    assert settled.equals(settle(placed(rows)).kept.drop("_line"))
    assert settled["customer_id"].is_sorted()


def test_of_equal_rows_the_first_stays_and_one_in_the_log_before_all():
    rows = some_rows(1)
    old = placed(rows, source=None)
    settled = settle(pl.concat([placed(rows, source=1), placed(rows, source=0), old]))
    assert settled.kept["_source"].to_list() == [None]
    assert settled.lost["_source"].to_list() == [0, 1]
    assert settled.lost["_reason"].to_list() == ["duplicate_row"] * 2


def test_rows_that_differ_in_one_value_both_stay():
    rows = pl.concat([some_rows(1), some_rows(1).with_columns(price=pl.lit(None, pl.Float64))])
    assert len(settle(placed(rows)).kept) == 2


def test_times_far_apart_are_sorted_too():
    rows = some_rows(3, customers=3).with_columns(
        time=pl.Series([2**62, -(2**62), 0]).cast(pl.Datetime("us", "UTC"))
    )
    settled = settle(placed(rows)).kept
    assert settled["customer_id"].to_list() == ["c0", "c1", "c2"]


def test_no_rows_settle_too():
    settled = settle(placed(some_rows(0)))
    assert settled.kept.is_empty()
    assert settled.lost.is_empty()
