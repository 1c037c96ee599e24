"""What is sufficient to know of a customer's purchases."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.dataset.cuts import Window
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.dataset.purchases import purchases_before, repeat_ages
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA

START = datetime(2024, 1, 1, tzinfo=UTC)
BOUGHT = Deeds(("purchase",))


class ALog:
    """Events in memory, in buckets by the customer's last character."""

    def __init__(self, rows, buckets=1):
        frame = pl.DataFrame(rows, infer_schema_length=None)
        self.events = frame.select(
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in EVENT_SCHEMA.items()
        ).sort("customer_id", "time")
        self.buckets = buckets

    def scan(self, *, bucket=None, before=None):
        found = self.events.lazy()
        if bucket is not None:
            last = pl.col("customer_id").str.tail(1).cast(pl.Int64)
            found = found.filter(last % self.buckets == bucket)
        return found if before is None else found.filter(pl.col("time") < before)

    def catalogue(self):
        return pl.DataFrame(schema=CATALOGUE_SCHEMA)

    def attributes(self):
        return pl.DataFrame(schema=ATTRIBUTES_SCHEMA)


def a_purchase(customer, day, worth, **more):
    return {
        "customer_id": customer,
        "time": START + timedelta(days=day),
        "kind": "purchase",
        "price": float(worth),
        "quantity": 1.0,
        **more,
    }


def at(day):
    return Window(START + timedelta(days=day), 30.0)


def test_golden_numbers():
    """Worked by hand: days 0, 4 (two orders), 10; known until day 19."""
    log = ALog(
        [
            a_purchase("c1", 0, 10),
            a_purchase("c1", 4, 5),
            a_purchase("c1", 4.5, 15),
            a_purchase("c1", 10, 30),
        ]
    )
    found = purchases_before(Ledger.of(log), at(20), deeds=BOUGHT)
    assert (found.days[0], found.orders[0], found.frequency[0]) == (3, 4, 2)
    assert (found.recency_days[0], found.age_days[0]) == (10, 19)
    assert (found.first_value[0], found.last_value[0], found.mean_value[0]) == (10, 30, 20)
    assert found.spread_value[0] == 10
    assert (found.mean_gap_days[0], found.spread_gap_days[0]) == (5, pytest.approx(np.sqrt(2)))
    assert found.total_value[0] == 60
    assert sorted(repeat_ages(Ledger.of(log), at(20), deeds=BOUGHT)) == [4, 10]


def test_a_cut_within_a_day_counts_that_day():
    log = ALog([a_purchase("c1", 0, 10)])
    assert purchases_before(Ledger.of(log), at(2.5), deeds=BOUGHT).age_days[0] == 2
    assert purchases_before(Ledger.of(log), at(2), deeds=BOUGHT).age_days[0] == 1


def test_a_single_purchase_has_no_gap_and_no_spread():
    found = purchases_before(Ledger.of(ALog([a_purchase("c1", 3, 7)])), at(9), deeds=BOUGHT)
    assert np.isnan([found.spread_value[0], found.mean_gap_days[0], found.spread_gap_days[0]]).all()
    assert (found.frequency[0], found.recency_days[0], found.age_days[0]) == (0, 0, 5)


def test_customers_come_in_the_order_asked_for_and_who_never_bought_has_nothing():
    rows = [a_purchase("c1", 1, 3), a_purchase("c2", 2, 4), a_purchase("c2", 5, 6)]
    log = ALog([*rows, {**a_purchase("c3", 1, 0), "kind": "view"}])
    ledger = Ledger.of(log)
    found = purchases_before(ledger, at(9), deeds=BOUGHT, customers=np.array([2, 1, 0]))
    assert found.customers.tolist() == [2, 1, 0]
    assert found.days.tolist() == [0, 2, 1]
    assert found.bought.tolist() == [False, True, True]
    assert np.isnan(found.mean_value[0])
    assert found.total_value[0] == 0


def test_a_purchase_at_or_after_the_cut_changes_nothing():
    rows = [a_purchase("c1", 1, 3), a_purchase("c2", 2, 4), a_purchase("c1", 6, 9)]
    planted = [*rows, a_purchase("c1", 9, 99), a_purchase("c2", 12, 50)]
    before = purchases_before(Ledger.of(ALog(rows)), at(9), deeds=BOUGHT)
    after = purchases_before(Ledger.of(ALog(planted)), at(9), deeds=BOUGHT)
    for name in before.__slots__:
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 60), st.integers(0, 90)),
        min_size=1,
        max_size=40,
    )
)
def test_it_does_not_matter_into_how_many_buckets_the_log_was_cut(bought):
    rows = [a_purchase(f"c{who}", day, worth) for who, day, worth in bought]
    facts = []
    for buckets in (1, 3):
        ledger = Ledger.of(ALog(rows, buckets))
        found = purchases_before(ledger, at(61), deeds=BOUGHT)
        names = ledger.customers[found.customers]
        facts.append(
            {
                name: (days, age, round(mean, 6))
                for name, days, age, mean in zip(
                    names, found.days, found.age_days, found.mean_value, strict=True
                )
            }
        )
    assert facts[0] == facts[1]
