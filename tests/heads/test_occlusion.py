"""Histories with something left out are those of customers who had not done it."""

from datetime import timedelta

import numpy as np

from limner.dataset.batches import batch_at
from limner.dataset.sequences import cut_sequences
from limner.dataset.vocabulary import FIELDS
from limner.heads.occlusion import MOST_CATEGORIES, RECENT_DAYS, leave_out
from shops import START, Shop, a_catalogue, a_lively_shop, a_log, an_event
from visits import CUT, CUT_US, sequences_of

CATALOGUE = a_catalogue({"milk": ("Food > Dairy", None), "soap": ("Home > Bath", None)})
READ = ("codes", "numbers", "bought", "gap_days", "age_days", "lines", "worth")


def left_out(shop, *, longest=16, categories=99, rows=None):
    _, names, (one,) = sequences_of(shop)
    rows = np.arange(len(one)) if rows is None else rows
    categories = min(categories, len(names.names["category"]))
    found = leave_out(one, rows, CUT_US, longest=longest, categories=categories)
    return one, names, found


def row_of(batch, row):
    """Return what a row of a batch reads, without its padding."""
    visits = int(batch.lengths[row])
    lines = batch.visit // batch.gap_days.shape[1] == row
    found = {}
    for name in READ:
        values = getattr(batch, name)
        found[name] = values[lines] if len(values) == len(lines) else values[row, :visits]
    return found


def alike(one, other):
    return all(np.array_equal(one[name], other[name], equal_nan=True) for name in READ)


def test_the_last_visit_and_the_recent_ones_worked_by_hand():
    """Ann came 60, 20, 10 and 2 days before the moment: three visits are recent."""
    days = (40, 80, 90, 98)
    shop = Shop(a_log([an_event("ann", day, item="milk", price=1.0) for day in days]))
    _, _, found = left_out(shop)
    batch = found.batch
    last, recent = found.left_out
    assert (last.factor, last.count, last.column) == ("last_visit", 1, 1)
    assert (recent.factor, recent.count, recent.column) == ("recent_visits", 3, 2)
    assert recent.first_us == round((START + timedelta(days=80)).timestamp() * 1e6)
    assert recent.last_us == last.first_us == last.last_us
    assert batch.last.tolist() == [[3, 2, 0]]
    assert batch.since_days.tolist() == [[2, 10, 60]]
    assert batch.known_days.tolist() == [[60, 60, 60]]


def test_nobody_is_told_of_without_anything_at_all():
    """Neither is the only visit left out, nor visits that are all recent, nor the only category."""
    shop = Shop(
        a_log(
            [
                an_event("one visit", 50, item="milk"),
                an_event("recent alone", 90, item="milk"),
                an_event("recent alone", 95, item="milk"),
                an_event("no item", 3),
                an_event("no item", 5),
            ]
        ),
        catalogue=CATALOGUE,
    )
    _, _, found = left_out(shop)
    # Customers stand in the order of their names.
    assert [(each.owner, each.factor) for each in found.left_out] == [
        (0, "last_visit"),
        (2, "last_visit"),
    ]
    assert found.whole.tolist() == [0, 1, 2]


def test_without_a_category_it_is_the_history_of_somebody_who_never_met_it():
    """Also where its visits hold other things, and where whole visits go with it."""
    lines = [
        an_event("ann", 10, item="milk", price=1.0, order_id="a"),
        an_event("ann", 10, item="soap", price=2.0, order_id="a"),
        an_event("ann", 20, item="soap", price=2.0, order_id="b"),
        an_event("ann", 30, item="milk", price=1.5, order_id="c"),
        an_event("ann", 30, item=None, price=4.0, order_id="c"),
    ]
    shop = Shop(a_log(lines), catalogue=CATALOGUE)
    _, names, found = left_out(shop)
    wholes = [each for each in found.left_out if each.factor == "category"]
    assert [names.names["category"][each.category - 1] for each in wholes] == ["Bath", "Dairy"]
    assert [each.count for each in wholes] == [2, 2]
    for each, item in zip(wholes, ("soap", "milk"), strict=True):
        other = Shop(a_log([one for one in lines if one["item_id"] != item]), catalogue=CATALOGUE)
        _, _, (one,) = sequences_of(other, names=names)
        wanted = batch_at(one, np.array([0]), np.array([[CUT_US]]), longest=16)
        first = np.array([one.first_us[0]])
        assert first == START.timestamp() * 1e6 + 10 * 86_400e6
        assert alike(row_of(found.batch, each.row), row_of(wanted, 0))


def test_the_whole_is_what_is_read_without_all_this():
    """Of some customers in some order, and no further back than is read."""
    shop = a_lively_shop(customers=30, buckets=1)
    rows = np.array([7, 3, 11])
    one, _, found = left_out(shop, longest=6, rows=rows)
    plain = batch_at(one, rows, np.full((3, 1), CUT_US), longest=6)
    for owner, row in enumerate(found.whole):
        assert alike(row_of(found.batch, row), row_of(plain, owner))
        assert found.batch.known_days[row, 0] == plain.known_days[owner, 0]
        assert found.batch.since_days[row, 0] == plain.since_days[owner, 0]
    for each in found.left_out:
        if each.factor == "category":
            read = row_of(plain, each.owner)["codes"][:, FIELDS.index("category")]
            assert each.count == (read == each.category).sum()
            kept = row_of(found.batch, each.row)["codes"][:, FIELDS.index("category")]
            assert sorted(kept) == sorted(read[read != each.category])


def test_only_the_commonest_named_categories_are_left_out():
    shop = a_lively_shop(customers=30, buckets=1)
    _, _, found = left_out(shop)
    counts = np.bincount([each.owner for each in found.left_out if each.factor == "category"])
    assert counts.max() == MOST_CATEGORIES
    _, _, found = left_out(shop, categories=1)
    assert {each.category for each in found.left_out} == {0, 1}


def test_what_comes_later_than_the_moment_is_not_there():
    shop = a_lively_shop(customers=10, buckets=1)
    ledger, names, (one,) = sequences_of(shop)
    (whole,) = cut_sequences(ledger, names, CUT + timedelta(days=50))
    rows = np.arange(len(one))
    places = np.searchsorted(whole.customers, one.customers)
    told = {"longest": 16, "categories": 6}
    found, wanted = leave_out(whole, places, CUT_US, **told), leave_out(one, rows, CUT_US, **told)
    assert found.left_out == wanted.left_out
    assert found.batch.last.tolist() == wanted.batch.last.tolist()
    assert all(alike(row_of(found.batch, at), row_of(wanted.batch, at)) for at in range(20))


def test_recent_is_a_month():
    assert RECENT_DAYS == 30
