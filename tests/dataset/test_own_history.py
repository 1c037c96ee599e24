"""A customer's history with a class: equal to a clerk's, and blind to the future."""

import itertools
import math
import statistics
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.dataset.own_history import AFFINITY_PENALTY, own_history
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event, logs

CUT = START + timedelta(days=60)
DEEDS = Deeds(("purchase",))
WINDOWS, LIVES = (7, 14, 30, 60, 90), (7, 15, 30, 90, 180)


def in_the_shop(events, buckets=1):
    return Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=buckets)


def measured(shop, column="category", cut=CUT, deeds=DEEDS, who=None):
    """Return names, and (customer, class) -> measures, for all customers and classes."""
    ledger = Ledger.of(shop)
    names = ledger.names_of(column)
    codes = np.arange(len(ledger)) if who is None else who(ledger)
    found = own_history(
        ledger, cut, customers=codes, column=column, classes=np.arange(len(names)), deeds=deeds
    )
    return found.names, {
        (customer, name): found.values[place, slot]
        for place, customer in enumerate(ledger.customers[codes].tolist())
        for slot, name in enumerate(names)
    }


def worked_out(events):
    """Return what a clerk would say of one customer's events with one class, before the cut."""
    bought = [event for event in events if event["kind"] == "purchase"]
    orders = {}
    for event in bought:
        orders.setdefault(event["order"], []).append(event)
    ages = sorted(max(line["age"] for line in lines) for lines in orders.values())
    gaps = [b - a for a, b in itertools.pairwise(ages)]
    gap = statistics.fmean(gaps) if gaps else math.nan
    recency = [*ages, math.nan, math.nan, math.nan]
    found = {
        "recency": recency[0],
        "recency 2": recency[1],
        "recency 3": recency[2],
        "first": max(ages, default=math.nan),
        "orders": len(ages),
        "gap mean": gap,
        "gap deviation": statistics.stdev(gaps) if len(gaps) > 1 else math.nan,
        "recency over gap": recency[0] / gap if gap > 0 else math.nan,
        "amount": sum(event["amount"] for event in bought),
        "lines": len(bought),
        "distinct items": sum(
            naive.distinct(line["item"] for line in lines) for lines in orders.values()
        ),
        "any recency": min((event["age"] for event in events), default=math.nan),
        "any decayed 30d": sum(0.5 ** (event["age"] / 30) for event in events),
    }
    found |= {f"orders {days}d": sum(age < days for age in ages) for days in WINDOWS}
    return found | {f"decayed {days}d": sum(0.5 ** (age / days) for age in ages) for days in LIVES}


@settings(max_examples=25, deadline=None)
@given(logs)
def test_it_is_what_a_patient_clerk_would_work_out(events):
    names, found = measured(in_the_shop(events, 2))
    everyone = naive.customers_of(events.to_dicts(), CUT, CATALOGUE)
    lately = {
        customer: [
            event
            for event in past
            if event["kind"] == "purchase" and event["category"] and event["age"] < 60
        ]
        for customer, past in everyone.items()
    }
    active = sum(map(bool, lately.values()))
    for (customer, category), row in found.items():
        where = dict(zip(names, row.tolist(), strict=True))
        own = [event for event in everyone[customer] if event["category"] == category]
        wanted = worked_out(own)
        ages = [[e["age"] for e in past if e["category"] == category] for past in lately.values()]
        for days in (14, 30, 60):
            buyers = sum(any(age < days for age in one) for one in ages)
            wanted[f"class share {days}d"] = buyers / max(1, active)
        newly = sum(any(age < 30 for age in one) for one in ages)
        wanted["class trend"] = newly / (1 + sum(any(age >= 30 for age in one) for one in ages))
        assert set(where) == {*wanted, "affinity"}
        for name, value in wanted.items():
            np.testing.assert_allclose(where[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


future = st.lists(
    st.builds(
        an_event,
        customer=st.sampled_from(["ann", "ben", "aaa", "newcomer", "zzz"]),
        day=st.one_of(st.just(60.0), st.floats(60, 200, width=32)),
        kind=st.sampled_from(["purchase", "view", "a new deed"]),
        item=st.sampled_from([None, "a new thing", "milk", "salt", "soap"]),
        price=st.sampled_from([None, 1e6]),
    ),
    max_size=20,
).map(a_log)


@settings(max_examples=20, deadline=None)
@given(logs, future, st.sampled_from([1, 3]))
def test_what_comes_at_the_cut_or_after_moves_nothing(events, planted, buckets):
    shop = in_the_shop(events, buckets)
    _, before = measured(shop)
    _, after = measured(shop.also(planted))
    for pair, row in before.items():
        assert after[pair].tobytes() == row.tobytes(), pair


def test_a_lively_shop_is_blind_to_its_own_future(lively):
    newcomers = [
        an_event(f"n{n:03}", 90 + n / 100, item=f"i{n % 24:02}", price=1.0) for n in range(300)
    ]
    cut = START + timedelta(days=90)
    past = Shop(lively.scan(before=cut).collect(), catalogue=lively.catalogue(), buckets=2)
    _, alone = measured(past, cut=cut)
    _, known = measured(lively.also(a_log(newcomers)), cut=cut)
    for pair, row in alone.items():
        assert known[pair].tobytes() == row.tobytes()


@pytest.mark.parametrize("column", ["category", "department", "brand"])
def test_the_number_of_buckets_does_not_matter(lively, column):
    cut = START + timedelta(days=90)
    names, one = measured(lively.cut_into(1), column, cut)
    for buckets in (3, 8):
        _, several = measured(lively.cut_into(buckets), column, cut)
        for pair, row in one.items():
            # The affinity sums over all customers, and a sum's last digit knows its order.
            np.testing.assert_allclose(several[pair], row, rtol=1e-4, atol=1e-6)
            assert several[pair][:-1].tobytes() == row[:-1].tobytes(), names


def test_the_affinity_is_ease_worked_out_plainly():
    shop = a_lively_shop(customers=40, days=80, seed=4)
    names, found = measured(shop)
    assert names[-1] == "affinity"
    ledger = Ledger.of(shop)
    weights = np.zeros((len(ledger), len(ledger.categories)))
    known = {
        item: (category, brand)
        for item, category, brand in shop.catalogue()
        .select("item_id", "category", "brand")
        .iter_rows()
    }
    past = naive.customers_of(shop.events.to_dicts(), CUT, known)
    for row, customer in enumerate(ledger.customers.tolist()):
        for event in past[customer]:
            if event["kind"] == "purchase":
                place = ledger.categories.index(event["category"])
                weights[row, place] += 0.5 ** (event["age"] / 90)
    weights = np.log1p(weights)
    seen = weights.any(axis=1)
    weights[seen] /= np.linalg.norm(weights[seen], axis=1, keepdims=True)
    penalty = AFFINITY_PENALTY * min(1.0, seen.sum() / 2000)
    inverse = np.linalg.inv(weights.T @ weights + penalty * np.eye(weights.shape[1]))
    similar = -inverse / np.diag(inverse)
    np.fill_diagonal(similar, 0)
    scores = weights @ similar
    for row, customer in enumerate(ledger.customers.tolist()):
        for place, category in enumerate(ledger.categories):
            got = found[customer, category][-1]
            np.testing.assert_allclose(got, scores[row, place], rtol=1e-3, atol=1e-4)


def test_some_customers_get_what_they_get_among_all(lively):
    cut = START + timedelta(days=90)
    _, everyone = measured(lively, cut=cut)
    _, some = measured(lively, cut=cut, who=lambda ledger: np.array([3, 50, 7]))
    assert len(some) == 3 * 6
    for pair, row in some.items():
        np.testing.assert_array_equal(row, everyone[pair])


def test_a_log_where_nobody_bought_has_no_history_but_contacts():
    names, found = measured(in_the_shop(a_log([an_event("ann", 50, "view", "milk")])))
    where = dict(zip(names, found["ann", "Dairy"].tolist(), strict=True))
    assert where["orders"] == where["affinity"] == where["class share 60d"] == 0
    assert math.isnan(where["recency"])
    assert where["any recency"] == 10


def test_a_shop_without_a_catalogue_has_no_classes():
    names, found = measured(Shop(a_log([an_event("ann", 50, item="milk")])))
    assert found == {}
    assert names
