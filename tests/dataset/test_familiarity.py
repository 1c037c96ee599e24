"""How well customers and items are known, by hand, against plain Python, and not from the future."""

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limner.dataset.familiarity import new_items, orders_before, tail_items
from limner.dataset.ledger import Ledger
from shops import (
    CATALOGUE,
    START,
    Shop,
    a_catalogue,
    a_lively_shop,
    a_log,
    an_event,
    logs,
    planted,
)

CUT = START + timedelta(days=60)


def test_an_order_counts_once_and_a_message_not_at_all():
    rows = [
        an_event("a", 1, item="milk", order_id="o1"),
        an_event("a", 1, item="bread", order_id="o1"),
        an_event("a", 2, "view", item="milk"),
        an_event("a", 3, "message"),
        an_event("b", 4, "message"),
        an_event("c", 60, item="milk", order_id="o9"),
    ]
    assert orders_before(Ledger.of(Shop(a_log(rows))), CUT).tolist() == [2, 0, 0]


def test_an_item_is_new_for_thirty_days_and_until_it_comes_up():
    rows = [
        an_event("a", 29, item="long known"),
        an_event("a", 30, item="just new"),
        an_event("a", 70, item="still to come"),
        an_event("b", 59, item="long known"),
    ]
    shop = Shop(a_log(rows), catalogue=a_catalogue({"on the shelf": ("Dairy", "Alp")}), buckets=2)
    ledger = Ledger.of(shop)
    new = dict(zip(ledger.items.tolist(), new_items(ledger, CUT).tolist(), strict=True))
    assert new == {
        "long known": False,
        "just new": True,
        "still to come": True,
        "on the shelf": True,
    }


def by_name(ledger, values, names="customers"):
    return dict(zip(getattr(ledger, names).tolist(), values.tolist(), strict=True))


@given(events=logs, buckets=st.integers(1, 3))
def test_both_agree_with_plain_python(events, buckets):
    ledger = Ledger.of(Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=buckets))
    past = [row for row in events.to_dicts() if row["time"] < CUT]
    orders = {name: set() for name in events["customer_id"]}
    for row in past:
        if row["kind"] != "message":
            orders[row["customer_id"]].add(row["order_id"] or row["time"])
    assert by_name(ledger, orders_before(ledger, CUT)) == {
        name: len(own) for name, own in orders.items()
    }
    early = {row["item_id"] for row in past if row["time"] < CUT - timedelta(days=30)}
    assert set(ledger.items[~new_items(ledger, CUT)]) == early - {None}


def test_a_future_event_moves_nothing():
    shop = a_lively_shop(customers=60)
    before, after = Ledger.of(shop), Ledger.of(shop.also(planted()))
    cut = START + timedelta(days=110)
    for measure, names in ((orders_before, "customers"), (new_items, "items")):
        plain = by_name(before, measure(before, cut), names)
        later = by_name(after, measure(after, cut), names)
        assert plain == {name: later[name] for name in plain}
        assert len(later) > len(plain)


@given(st.lists(st.integers(0, 50), max_size=30), st.floats(0.1, 0.9))
def test_the_head_holds_its_share_with_as_few_items_as_can_be(taken, share):
    counts = np.array(taken, np.int64)
    tail = tail_items(counts, head_share=share)
    assert tail.shape == counts.shape
    if counts.sum():
        head = np.sort(counts[~tail])
        assert head.sum() >= share * counts.sum()
        assert head[1:].sum() < share * counts.sum()
        assert counts[tail].max(initial=0) <= head[0]
    else:
        assert tail.all()
