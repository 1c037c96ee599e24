"""Who met what before a moment: against counts by hand and by a loop."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given

from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.dataset.meetings import known_customers, meetings
from shops import CATALOGUE, START, Shop, a_catalogue, a_log, an_event, logs, planted

CUT = START + timedelta(days=60)
PURCHASES = Deeds(("purchase",))


def found(shop, *, column="item", cut=CUT, deeds=PURCHASES, half_life_days=30.0):
    """Return (customer, name) -> weight."""
    ledger = Ledger.of(shop)
    names = ledger.items if column == "item" else ledger.names_of(column)
    weights = {}
    for one in meetings(ledger, cut, columns=[column], deeds=deeds, half_life_days=half_life_days):
        matrix = one.counts[column].tocoo()
        for row, place, weight in zip(matrix.row, matrix.col, matrix.data, strict=True):
            weights[str(ledger.customers[one.customers[row]]), str(names[place])] = weight
    return weights


def test_an_event_of_a_half_life_ago_counts_half():
    shop = Shop(
        a_log(
            [
                an_event("ann", 30, item="milk"),
                an_event("ann", 0, item="milk"),
                an_event("ann", 30, item="soap", kind="view"),
                an_event("ben", 60, item="milk"),
            ]
        )
    )
    assert found(shop) == {("ann", "milk"): pytest.approx(0.75)}
    assert found(shop, half_life_days=np.inf) == {("ann", "milk"): pytest.approx(2)}


@given(logs)
def test_counts_are_those_of_a_loop(log):
    shop = Shop(log, catalogue=a_catalogue(CATALOGUE), buckets=3)
    for column, place in (("item", None), ("brand", 1)):
        expected = {}
        for event in log.rows(named=True):
            name = event["item_id"]
            name = name if place is None else CATALOGUE.get(name, (None, None))[place]
            age = (CUT - event["time"]) / timedelta(days=1)
            if name is None or age <= 0 or event["kind"] != "purchase":
                continue
            key = event["customer_id"], name
            expected[key] = expected.get(key, 0.0) + 0.5 ** (age / 30)
        assert found(shop, column=column) == pytest.approx(expected, rel=1e-6)


def test_whoever_only_heard_from_the_shop_is_known_but_met_nothing():
    shop = Shop(
        a_log(
            [
                an_event("ann", 1, kind="message"),
                an_event("ben", 1, item=None),
                an_event("eve", 70, item="milk"),
            ]
        )
    )
    ledger = Ledger.of(shop)
    assert ledger.customers[known_customers(ledger, CUT)].tolist() == ["ann", "ben"]
    (one,) = meetings(ledger, CUT, columns=["item"], deeds=PURCHASES, half_life_days=9.0)
    assert ledger.customers[one.customers].tolist() == ["ben"]
    assert one.counts["item"].nnz == 0


def test_what_comes_later_moves_nothing(lively):
    cut = START + timedelta(days=110)
    later = lively.also(planted(110))
    for column in ("item", "category"):
        one, other = (found(each, column=column, cut=cut) for each in (lively, later))
        assert one == other
    one, other = Ledger.of(lively), Ledger.of(later)
    known = [ledger.customers[known_customers(ledger, cut)].tolist() for ledger in (one, other)]
    assert known[0] == known[1]
