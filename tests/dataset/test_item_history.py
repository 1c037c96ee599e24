"""Who met which item before a moment."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.dataset.item_history import item_history
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from shops import START, Shop, a_log, an_event, logs

CUT = START + timedelta(days=60)
FADES = (30.0, np.inf)


def history_of(shop, cut=CUT, kinds=("purchase",), items=None):
    return item_history(
        Ledger.of(shop), cut, deeds=Deeds(kinds, items or {}), half_lives_days=FADES
    )


def test_decayed_counts_worked_by_hand():
    """Orders 30 and 60 days before the cut weigh a half and a quarter at 30 days' half-life."""
    shop = Shop(
        a_log(
            [
                an_event("ann", 0, item="milk", order_id="a", price=2.0),
                an_event("ann", 30, item="milk", order_id="b", price=4.0),
                an_event("ann", 30, item="milk", order_id="b", price=None),
                an_event("ann", 50, kind="view", item="milk"),
            ]
        )
    )
    history = history_of(shop)
    assert history.kinds == ("deed", "view")
    np.testing.assert_allclose(history.decayed[0], [[0.75, 2.0], [2 ** (-1 / 3), 1.0]], rtol=1e-6)
    assert history.counts.tolist() == [[2, 1]]
    assert history.recency_days.tolist() == [[30, 10]]
    assert history.age_days.tolist() == [[60, 10]]
    assert history.prices.tolist() == [3.0]
    assert (history.orders[0], history.last_days[0], history.first_days[0]) == (2, 30, 60)


@given(log=logs, later=st.floats(0, 60))
def test_what_happens_from_the_cut_on_moves_nothing(log, later):
    shop = Shop(log)
    planted = shop.also(a_log([an_event("ann", 60 + later, item="milk", price=9.0)] * 3))
    before, after = (
        Ledger.of(planted, before=CUT) if _some_before(log) else None,
        Ledger.of(planted),
    )
    if before is None:
        assert not len(history_of(planted))
        return
    old = item_history(before, CUT, deeds=Deeds(("purchase",)), half_lives_days=FADES)
    new = item_history(after, CUT, deeds=Deeds(("purchase",)), half_lives_days=FADES)
    assert _named(before, old) == _named(after, new)


@given(log=logs, buckets=st.integers(2, 4))
def test_buckets_do_not_matter(log, buckets):
    whole, parted = Ledger.of(Shop(log)), Ledger.of(Shop(log, buckets=buckets))
    deeds = Deeds(("purchase",))
    assert _named(whole, item_history(whole, CUT, deeds=deeds, half_lives_days=FADES)) == _named(
        parted, item_history(parted, CUT, deeds=deeds, half_lives_days=FADES)
    )


def test_what_the_deeds_say_of_items_narrows_every_kind():
    shop = Shop(
        a_log(
            [
                an_event("ann", 1, item="milk"),
                an_event("ann", 2, kind="view", item="soap"),
                an_event("ann", 3, kind="view", item="milk"),
            ]
        )
    )
    history = history_of(shop, items={"item": ("milk",)})
    assert len(history) == 1
    assert history.counts.tolist() == [[1, 1]]


def test_messages_and_events_without_an_item_are_no_evidence():
    shop = Shop(
        a_log([an_event("ann", 1, kind="message", item="milk"), an_event("ann", 2, item=None)])
    )
    history = history_of(shop)
    assert len(history) == 0
    assert history.at.tolist() == [0, 0]
    assert history.find(np.array([0]), np.array([0])).tolist() == [-1]


@pytest.mark.parametrize(("item", "place"), [("milk", 0), ("soap", 1), ("bag", -1)])
def test_pairs_are_found_by_customer_and_item(item, place):
    rows = [an_event("ann", 1, item="milk"), an_event("ann", 2, item="soap")]
    ledger = Ledger.of(Shop(a_log([*rows, an_event("ben", 2, item="bag")])))
    history = item_history(ledger, CUT, deeds=Deeds(("purchase",)), half_lives_days=FADES)
    code = int(np.flatnonzero(ledger.items == item)[0])
    assert history.find(np.array([0]), np.array([code])).tolist() == [place]


def _some_before(log):
    return bool((log["time"] < CUT).any())


def _named(ledger, history):
    """Return everything that is known of each pair, by names, which a cut of the log keeps."""
    return {
        (str(ledger.customers[owner]), str(ledger.items[item])): {
            kind: (
                history.decayed[place, number].tolist(),
                float(history.counts[place, number]),
                float(history.recency_days[place, number]),
                float(history.age_days[place, number]),
            )
            for number, kind in enumerate(history.kinds)
            if history.counts[place, number]
        }
        for place, (owner, item) in enumerate(zip(history.owners, history.items, strict=True))
    }
