"""What follows a moment, against loops that nobody can misread."""

import numpy as np
import pytest

from limner.dataset.futures import futures
from limner.dataset.sequences import DAY_US, NUMBERS
from limner.dataset.vocabulary import FIELDS
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event
from visits import CUT_US, lines_of, sequences_of

START_US = round(START.timestamp() * 1e6)


@pytest.fixture(scope="module")
def bucket():
    return sequences_of(a_lively_shop(customers=30, days=130, seed=6))[2][0]


def some_moments(one, count=60):
    """Return moments anywhere, and moments at which something happened."""
    rng = np.random.default_rng(1)
    rows = rng.integers(0, len(one), count)
    moments = one.first_us[rows] + (rng.random(count) * 90 * DAY_US).astype(np.int64)
    exact = one.time_us[rng.integers(one.at[rows], one.at[rows + 1])]
    return np.r_[rows, rows], np.r_[moments, exact]


def test_the_first_at_or_after_a_moment_is_what_a_loop_finds(bucket):
    rows, moments = some_moments(bucket)
    moments[:2] = [0, 2 * CUT_US]  # long before everything, long after it
    visits, events = bucket.visits_before(rows, moments), bucket.lines_before(rows, moments)
    for place, (row, moment) in enumerate(zip(rows, moments, strict=True)):
        own = lines_of(bucket, row)
        before = [lines for lines in own if bucket.time_us[lines[0]] < moment]
        assert visits[place] == bucket.visits[row] + len(before)
        assert events[place] == bucket.at[row] + sum(map(len, before))


def test_futures_are_what_a_loop_counts(bucket):
    one = bucket
    rows, moments = some_moments(one)
    category = one.codes[:, FIELDS.index("category")].astype(np.int64) - 1
    found = futures(
        one,
        rows,
        moments,
        until_us=CUT_US,
        horizons_days=(7, 30),
        class_of=np.where(category < 3, category, -1),
        classes=3,
        class_days=14,
    )
    for place, (row, moment) in enumerate(zip(rows, moments, strict=True)):
        own = range(one.at[row], one.at[row + 1])
        for at, days in enumerate((7, 30)):
            window = [e for e in own if moment <= one.time_us[e] < moment + days * DAY_US]
            bought = [e for e in window if one.bought[e]]
            assert found.orders[place, at] == sum(one.begins[e] for e in bought)
            worth = sum(one.numbers[e, NUMBERS.index("amount")] for e in bought)
            assert found.worth[place, at] == pytest.approx(worth, rel=1e-4, abs=1e-4)
            assert found.known[place, at] == (moment + days * DAY_US <= CUT_US)
        window = [e for e in own if moment <= one.time_us[e] < moment + 14 * DAY_US]
        classes = {int(category[e]) for e in window if one.bought[e]}
        assert set(np.flatnonzero(found.classes[place])) == {c for c in classes if 0 <= c < 3}
        items = sorted({int(one.items[e]) for e in window if one.bought[e] and one.items[e] >= 0})
        assert found.bought[found.bought_at[place] : found.bought_at[place + 1]].tolist() == items
        assert found.classes_known[place] == (moment + 14 * DAY_US <= CUT_US)


def test_the_later_half_of_an_order_is_future_but_no_order_of_its_own():
    """Nor are views, lines without an item, or returns among the items bought."""
    lines = [
        an_event("ann", 1, item="milk", order_id="o1", price=2.0),
        an_event("ann", 2, item="soap", order_id="o1", price=5.0),
        an_event("ann", 2, "view", item="salt"),
        an_event("ann", 3, item=None, order_id="o2", price=7.0),
        an_event("ann", 3, "return", item="bread", order_id="o2", price=7.0),
    ]
    ledger, _, (one,) = sequences_of(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE)))
    moments = START_US + np.array([1, 1.5, 2.5]) * DAY_US
    found = futures(
        one,
        np.zeros(3, np.int64),
        moments.astype(np.int64),
        until_us=CUT_US,
        horizons_days=(10,),
        class_of=np.full(5, -1),
        classes=0,
        class_days=10,
    )
    assert found.orders[:, 0].tolist() == [2, 1, 1]
    assert found.worth[:, 0].tolist() == [14, 12, 7]
    names = [str(ledger.items[item]) for item in found.bought]
    assert [names[a:b] for a, b in zip(found.bought_at, found.bought_at[1:], strict=False)] == [
        ["milk", "soap"],
        ["soap"],
        [],
    ]
    assert found.classes.shape == (3, 0)
