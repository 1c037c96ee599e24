"""Habits worked by hand: orders newest first, gaps, and how long a customer may stay away."""

from datetime import timedelta

import polars as pl
import pytest

from limner.dataset import habits
from limner.dataset.ledger import Ledger, age_days
from shops import CATALOGUE, START, Shop, a_catalogue, a_log, an_event

CUT = START + timedelta(days=60)


@pytest.fixture(scope="module")
def ledger():
    """Orders 50, 40 and 20 days ago; the newest has two lines of two categories."""
    return Ledger.of(
        Shop(
            a_log(
                [
                    an_event("ann", 10, item="milk", price=2.0, quantity=1.0, order_id="o1"),
                    an_event("ann", 20, item="milk", price=4.0, quantity=1.0, order_id="o2"),
                    an_event("ann", 40, item="milk", price=1.0, quantity=2.0, order_id="o3"),
                    an_event("ann", 40.25, item="soap", price=6.0, quantity=1.0, order_id="o3"),
                    an_event("ann", 41, "message"),
                    an_event("ann", 42, "return", "soap", price=6.0),
                ]
            ),
            catalogue=a_catalogue(CATALOGUE),
        )
    )


@pytest.fixture(scope="module")
def past(ledger):
    ((start, _, part),) = ledger.parts()
    return part.with_columns(row=pl.col("customer") - start, age=age_days(CUT))


def test_an_order_is_as_old_as_its_first_line_and_the_newest_comes_first(past, ledger):
    orders = habits.orders_of(past, ledger)
    assert orders["age"].to_list() == [20, 40, 50]
    assert orders["gap"].to_list() == [20, 10, None]
    assert orders["amount"].to_list() == [8, 4, 2]
    assert orders["lines"].to_list() == [2, 1, 1]
    assert orders["categories"].to_list() == [2, 1, 1]
    assert orders["quantity"].to_list() == [3, 1, 1]


def test_golden_gaps_say_how_long_a_customer_may_stay_away(past, ledger):
    """Of gaps of 20 and 10 days, weighing 0.5^(20/90) and 0.5^(40/90), none outlasts 20 days."""
    (row,) = habits.order_statistics(habits.orders_of(past, ledger), (30, 60), (30,)).to_dicts()
    newer, older = 0.5 ** (20 / 90), 0.5 ** (40 / 90)
    assert row["gap survival 7d"] == pytest.approx(1 / 2)
    assert row["idle share 7d"] == pytest.approx(
        (newer * 13 + older * 3) / (newer * 20 + older * 10)
    )
    assert row["idle share 14d"] == pytest.approx(newer * 6 / (newer * 20 + older * 10))
    assert row["idle share 30d"] == 0
    assert row["gap mean"] == 15
    assert row["orders 30d"] == 1
    assert row["amount 60d"] == 14
    assert row["order amount last"] == 8


def test_a_message_is_no_deed_and_a_return_is_counted(past, ledger):
    (row,) = habits.histories(past, ledger).to_dicts()
    assert row["return count"] == 1
    assert row["days active"] == 5
    assert row["distinct items"] == 2
    assert row["mean price"] == pytest.approx(19 / 5)


def test_names_stand_for_the_columns_in_their_order(past, ledger):
    windows, lives = (7, 30), (30,)
    plain = habits.histories(past, ledger)
    assert tuple(plain.columns[1:]) == habits.HISTORY_NAMES
    orders = habits.order_statistics(habits.orders_of(past, ledger), windows, lives)
    assert tuple(orders.columns[1:]) == habits.order_names(windows, lives)
    both = plain.join(orders, on="row")
    added = habits.compare(both, windows).columns[len(both.columns) :]
    assert tuple(added) == habits.compared_names(windows)


def test_a_ratio_without_a_denominator_is_unknown(past, ledger):
    orders = habits.orders_of(past, ledger).head(1).with_columns(gap=pl.lit(None, pl.Float64))
    both = habits.histories(past, ledger).join(
        habits.order_statistics(orders, (7, 14), (30,)), on="row"
    )
    (row,) = habits.compare(both, (7, 14)).to_dicts()
    assert row["recency over gap"] is None
    assert row["orders trend 7d in 14d"] is None
    assert row["order rate"] == pytest.approx(1 / 50)


def test_nothing_is_not_a_value():
    frame = pl.DataFrame({"item": ["a", None, "a", "b", None], "none": [None] * 5})
    assert frame.select(habits.distinct("item")).item() == 2
    assert frame.select(habits.distinct("none")).item() == 0


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        ("orders", False),
        ("decayed amount 7d", False),
        ("distinct brands", False),
        ("days since order", True),
        ("orders trend 7d in 14d", True),
        ("gap mean", True),
    ],
)
def test_what_is_missing_is_nought_for_a_count_and_unknown_else(name, unknown):
    assert habits.is_unknown(name) == unknown


def test_lengths_of_time_are_written_short():
    assert [habits.days_text(days) for days in (7, 7.0, 0.5)] == ["7d", "7d", "0.5d"]
