"""What came true, against plain Python; and nothing before the cut or after the window."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.dataset import labels
from limner.dataset.cuts import Window
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from shops import CATALOGUE, START, Shop, a_catalogue, a_log, an_event, logs, told

WINDOW = Window(START + timedelta(days=60), 30)
asked = st.sampled_from(
    [
        Deeds(),
        Deeds(("purchase",)),
        Deeds(("purchase", "return")),
        Deeds(("never seen",)),
        Deeds(("purchase",), {"category": ("Dairy", "Bakery")}),
        Deeds((), {"department": ("Home",), "brand": ("Alp",)}),
        Deeds((), {"item": ("milk", "no such thing")}),
        Deeds((), {"brand": ("no such brand",)}),
    ]
)


def step(item, level):
    path = CATALOGUE.get(item, (None, None))[0]
    return None if path is None else path.split(" > ")[:level][-1]


def column(row, name):
    return {
        "item": row["item_id"],
        "department": step(row["item_id"], 1),
        "category": step(row["item_id"], 2),
        "brand": CATALOGUE.get(row["item_id"], (None, None))[1],
    }[name]


def done(events, deeds, since=None, before=None):
    """Return customer -> the rows that are such deeds within [since, before)."""
    found = {name: [] for name in events["customer_id"].unique()}
    for row in events.to_dicts():
        if since is not None and row["time"] < since:
            continue
        if before is not None and row["time"] >= before:
            continue
        if row["kind"] == "message" if not deeds.kinds else row["kind"] not in deeds.kinds:
            continue
        if all(column(row, name) in allowed for name, allowed in deeds.items.items()):
            found[row["customer_id"]].append(row)
    return found


def worth(row):
    if row["price"] is None:
        return 0.0
    pieces = 1.0 if row["quantity"] is None else row["quantity"]
    sign = -1 if row["kind"] == "return" else 1
    return sign * (row["price"] * pieces - (row["discount"] or 0.0))


def a_ledger(events, buckets=2):
    return Ledger.of(Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=buckets))


@settings(max_examples=40, deadline=None)
@given(logs, asked)
def test_counts_amounts_and_activity_are_what_plain_python_says(events, deeds):
    ledger = a_ledger(events)
    future = done(events, deeds, WINDOW.cut, WINDOW.end)
    counts = labels.future_counts(ledger, WINDOW, deeds=deeds)
    amounts = labels.future_amounts(ledger, WINDOW, deeds=deeds)
    for code, customer in enumerate(ledger.customers.tolist()):
        rows = future[customer]
        assert counts[code] == len({row["order_id"] or row["time"] for row in rows})
        assert amounts[code] == pytest.approx(max(0.0, sum(map(worth, rows))))
    for days in (None, 20.5):
        since = None if days is None else WINDOW.cut - timedelta(days=days)
        past = done(events, deeds, since, WINDOW.cut)
        active = labels.active_customers(ledger, WINDOW, deeds=deeds, within_days=days)
        assert active.tolist() == sorted(active.tolist())
        assert set(ledger.customers[active]) == {name for name, rows in past.items() if rows}


@settings(max_examples=40, deadline=None)
@given(logs, asked, st.sampled_from(["category", "department", "brand"]))
def test_classes_and_items_are_what_plain_python_says(events, deeds, of):
    ledger = a_ledger(events)
    names = ledger.names_of(of)
    future = done(events, deeds, WINDOW.cut, WINDOW.end)
    past = done(events, deeds, None, WINDOW.cut)
    classes = labels.commonest_classes(ledger, WINDOW, deeds=deeds, column=of, most=3)
    counts = {}
    for row in (row for rows in past.values() for row in rows):
        if column(row, of) is not None:
            counts[column(row, of)] = counts.get(column(row, of), 0) + 1
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    assert [names[code] for code in classes] == ranked[:3]
    found = labels.future_classes(
        ledger, WINDOW, deeds=deeds, column=of, classes=list(range(len(names)))
    )
    at, items = labels.item_codes(ledger, WINDOW, deeds=deeds)
    seen_at, seen = labels.seen_items(ledger, WINDOW, deeds=deeds)
    for code, customer in enumerate(ledger.customers.tolist()):
        rows = future[customer]
        assert {names[place] for place in np.flatnonzero(found[code])} == {
            column(row, of) for row in rows
        } - {None}
        for bounds, codes, wanted in ((at, items, rows), (seen_at, seen, past[customer])):
            own = ledger.items[codes[bounds[code] : bounds[code + 1]]].tolist()
            assert own == sorted({row["item_id"] for row in wanted} - {None})


def test_a_window_begins_at_its_cut_and_ends_before_its_end():
    microsecond = timedelta(microseconds=1)
    for moment, counted in (
        (WINDOW.cut - microsecond, False),
        (WINDOW.cut, True),
        (WINDOW.end - microsecond, True),
        (WINDOW.end, False),
    ):
        ledger = a_ledger(a_log([an_event("ann", moment)]))
        assert labels.future_counts(ledger, WINDOW, deeds=Deeds()).tolist() == [counted]
        seen = labels.active_customers(ledger, WINDOW, deeds=Deeds(), within_days=None)
        assert len(seen) == (moment < WINDOW.cut)


def test_an_amount_is_never_below_nought():
    log = a_log([an_event("ann", 61, price=5.0), an_event("ann", 62, "return", price=9.0)])
    deeds = Deeds(("purchase", "return"))
    assert labels.future_amounts(a_ledger(log), WINDOW, deeds=deeds).tolist() == [0.0]


def test_a_message_is_received_and_not_done():
    log = a_log([an_event("ann", 59, "message"), an_event("ann", 61, "message")])
    ledger = a_ledger(log)
    assert labels.future_counts(ledger, WINDOW, deeds=Deeds()).tolist() == [0]
    assert labels.future_counts(ledger, WINDOW, deeds=Deeds(("message",))).tolist() == [1]


def test_what_happens_after_a_window_changes_no_label(lively):
    cut = START + timedelta(days=80)
    window = Window(cut, 20)
    whole, past = Ledger.of(lively), Ledger.of(lively, before=window.end)
    known = np.isin(whole.customers, past.customers)
    for of in (labels.future_counts, labels.future_amounts):
        np.testing.assert_array_equal(
            of(whole, window, deeds=Deeds())[known], of(past, window, deeds=Deeds())
        )


def test_the_newest_told_value_stands_and_ties_go_to_the_last_line():
    day = [START + timedelta(days=n) for n in range(3)]
    attributes = told(
        [
            ("ann", "age", "old", day[0]),
            ("ann", "age", "new", day[2]),
            ("ann", "age", "middle", day[1]),
            ("ben", "age", "first"),
            ("ben", "age", "last"),
            ("eve", "size", "xl"),
            ("eve", "age", None),
            ("a stranger", "age", "unseen"),
        ]
    )
    shop = Shop(a_log([an_event(c, 1) for c in ("ann", "ben", "eve")]), attributes=attributes)
    ledger = Ledger.of(shop)
    codes, names = labels.attribute_labels(ledger, "age")
    said = {
        customer: names[code] if code >= 0 else None
        for customer, code in zip(ledger.customers.tolist(), codes.tolist(), strict=True)
    }
    assert said == {"ann": "new", "ben": "last", "eve": None}
    assert names == ("last", "new")


def test_of_an_attribute_nobody_told_nothing_is_known():
    codes, names = labels.attribute_labels(a_ledger(a_log([an_event("ann", 1)])), "age")
    assert codes.tolist() == [-1]
    assert names == ()
