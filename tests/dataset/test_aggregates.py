"""The automatic block: equal to a patient clerk's, blind to the future, whatever the buckets."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import naive
from limner.dataset.aggregates import Aggregates, AggregatesConfig
from limner.dataset.ledger import Ledger
from limner.errors import BadConfig, NotFitted
from shops import CATALOGUE, START, Shop, a_catalogue, a_log, an_event, logs

WINDOWS, LIVES = (7, 30, 60), (7, 30, 90)
CONFIG = AggregatesConfig(windows_days=WINDOWS, half_lives_days=LIVES, bands=3)
CUT = START + timedelta(days=60)
FACETS = ("kind", "department", "category", "brand", "band")


def described(shop, cut=CUT, config=CONFIG):
    """Return the names, and customer -> row."""
    ledger = Ledger.of(shop)
    made = Aggregates(config).fit(ledger, before=cut)
    return made, dict(zip(ledger.customers.tolist(), made.at(ledger, cut), strict=True))


def in_the_shop(events, buckets=1):
    return Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=buckets)


def tied(orders):
    """Return whether two orders came at one moment, so that neither is the last."""
    return len({order["age"] for order in orders}) < len(orders)


def check_row(made, row, events):
    """Compare one customer's row with the clerk's, name by name."""
    expected = naive.plain(events, WINDOWS, LIVES)
    where = dict(zip(made.names, row.tolist(), strict=True))
    open_to_chance = tied(naive.orders_of(events))
    for name, value in expected.items():
        if open_to_chance and name in (
            "order amount last",
            "order lines last",
            "order amount newest five",
            "last over mean amount",
        ):
            continue
        np.testing.assert_allclose(where[name], value, rtol=1e-5, atol=1e-5, err_msg=name)
    known = naive.by_class(events, WINDOWS, LIVES, made.vocabulary_.edges)
    for name, value in where.items():
        if name in expected:
            continue
        measure, label = name.split(": ")
        facet, known_as = label.split(" ", 1)
        key = measure, facet, known_as.removeprefix("price band ")
        empty = np.nan if measure == "days since" else 0.0
        np.testing.assert_allclose(value, known.get(key, empty), rtol=1e-5, atol=1e-5, err_msg=name)


@settings(max_examples=25, deadline=None)
@given(logs)
def test_they_are_what_a_patient_clerk_would_work_out(events):
    made, found = described(in_the_shop(events))
    for customer, past in naive.customers_of(events.to_dicts(), CUT, CATALOGUE).items():
        check_row(made, found[customer], past)


future = st.lists(
    st.builds(
        an_event,
        customer=st.sampled_from(["ann", "ben", "aaa", "newcomer", "zzz"]),
        day=st.one_of(st.just(60.0), st.floats(60, 200, width=32)),
        kind=st.sampled_from(["purchase", "view", "redeem", "return", "a new deed"]),
        item=st.sampled_from([None, "a new thing", "zz new thing", "milk", "salt", "soap"]),
        order_id=st.sampled_from([None, "o1", "o9"]),
        quantity=st.sampled_from([None, 1000.0]),
        price=st.sampled_from([None, 1.0, 1e6]),
        discount=st.sampled_from([None, 0.5]),
    ),
    max_size=25,
).map(a_log)


@settings(max_examples=15, deadline=None)
@given(logs, future, st.sampled_from([1, 3]))
def test_what_comes_at_the_cut_or_after_moves_nothing(events, planted, buckets):
    shop = in_the_shop(events, buckets)
    before, rows_before = described(shop)
    after, rows_after = described(shop.also(planted))
    assert after.names == before.names
    assert after.vocabulary_.edges == before.vocabulary_.edges
    for customer, row in rows_before.items():
        assert rows_after[customer].tobytes() == row.tobytes()


def test_a_lively_shop_is_blind_to_its_own_future(lively):
    cut = START + timedelta(days=90)
    _, known = described(lively, cut, AggregatesConfig())
    past = Shop(lively.scan(before=cut).collect(), catalogue=lively.catalogue(), buckets=2)
    _, alone = described(past, cut, AggregatesConfig())
    for customer, row in alone.items():
        assert known[customer].tobytes() == row.tobytes()


@settings(max_examples=10, deadline=None)
@given(logs, st.sampled_from([3, 8]))
def test_the_number_of_buckets_does_not_matter(events, buckets):
    _, one = described(in_the_shop(events))
    _, several = described(in_the_shop(events, buckets))
    assert one.keys() == several.keys()
    for customer, row in one.items():
        assert several[customer].tobytes() == row.tobytes()


@pytest.mark.parametrize("buckets", [3, 8])
def test_a_lively_shop_may_lie_in_any_number_of_buckets(lively, buckets):
    cut = START + timedelta(days=90)
    made, one = described(lively.cut_into(1), cut, AggregatesConfig())
    other, several = described(lively.cut_into(buckets), cut, AggregatesConfig())
    assert made.vocabulary_.edges == other.vocabulary_.edges
    for customer, row in one.items():
        assert several[customer].tobytes() == row.tobytes()


def test_it_does_not_matter_in_which_order_equal_times_were_written():
    first = [an_event("ann", 3, item="milk", order_id="o1", price=2.0)]
    second = [an_event("ann", 3, "view", "soap"), an_event("ann", 3, "return", "milk", price=2.0)]
    _, one = described(in_the_shop(a_log(first + second)))
    _, other = described(in_the_shop(a_log(second + first)))
    np.testing.assert_array_equal(one["ann"], other["ann"])


def test_price_bands_hold_the_same_number_of_prices_each():
    """Worked by hand: the thirds of 1, 2, …, 7 lie at 3 and 5."""
    log = a_log([an_event(f"c{price}", 1, price=float(price)) for price in range(1, 8)])
    for buckets in (1, 2, 5):
        made, _ = described(in_the_shop(log, buckets))
        assert made.vocabulary_.edges == (3.0, 5.0)


def test_rarer_classes_share_hashed_columns_and_none_is_lost():
    few = AggregatesConfig(windows_days=(30,), half_lives_days=(30,), departments=1, hashed=2)
    things = {f"i{n}": (f"D{n}", None) for n in range(6)}
    log = a_log([an_event("ann", 60 - n, "view", f"i{n % 6}") for n in range(1, 20)])
    shop = Shop(log, catalogue=a_catalogue(things))
    made, found = described(shop, config=few)
    places = [i for i, name in enumerate(made.names) if "decayed count 30d: department" in name]
    assert len(places) == 3
    expected = sum(0.5 ** (n / 30) for n in range(1, 20))
    assert found["ann"][places].sum() == pytest.approx(expected, rel=1e-5)


def test_a_kind_first_seen_after_learning_has_no_column_and_does_no_harm():
    log = a_log([an_event("ann", 1, price=1.0), an_event("ann", 50, "redeem")])
    ledger = Ledger.of(in_the_shop(log))
    made = Aggregates(CONFIG).fit(ledger, before=START + timedelta(days=10))
    assert not any("redeem" in name for name in made.names)
    assert made.at(ledger, CUT).shape == (1, len(made.names))


def test_a_customer_without_a_past_has_nought_in_counts_and_nothing_known_else():
    log = a_log([an_event("ann", 1, item="milk", price=1.0), an_event("eve", 90, price=1.0)])
    made, found = described(in_the_shop(log))
    where = dict(zip(made.names, found["eve"].tolist(), strict=True))
    assert where["orders"] == where["distinct items"] == where["count: kind purchase"] == 0
    assert np.isnan(where["days since order"])
    assert np.isnan(where["days since: kind purchase"])


def test_a_shop_with_views_only_or_one_customer_or_no_catalogue_is_described():
    for log in (
        [an_event("ann", 3, "view", "milk")],
        [an_event("ann", 3, "message"), an_event("ben", 3, "message")],
        [an_event("ann", 3, "purchase", price=0.0)],
    ):
        made, found = described(Shop(a_log(log)))
        assert found["ann"].shape == (len(made.names),)
        assert len(set(made.names)) == len(made.names)


def test_the_published_log_agrees_with_the_clerk(published):
    cut = START.replace(year=2017) + timedelta(days=200)
    made, found = described(published, cut)
    known = {
        item: (category, brand)
        for item, category, brand in published.catalogue()
        .select("item_id", "category", "brand")
        .iter_rows()
    }
    some = sorted(found)[:6]
    rows_of = [row for row in published.events.to_dicts() if row["customer_id"] in some]
    wanted = naive.customers_of(rows_of, cut, known)
    for customer in some:
        where = dict(zip(made.names, found[customer].tolist(), strict=True))
        for name, value in naive.plain(wanted[customer], WINDOWS, LIVES).items():
            np.testing.assert_allclose(where[name], value, rtol=1e-4, atol=1e-4, err_msg=name)


def test_they_ask_to_be_fitted_first(lively):
    with pytest.raises(NotFitted, match="fit"):
        Aggregates().at(Ledger.of(lively), CUT)


@pytest.mark.parametrize("days", [(), (0, 7), (30, 7), (7, 7), (-1,)])
def test_windows_must_rise_from_above_nought(days):
    with pytest.raises(BadConfig, match="windows_days"):
        AggregatesConfig.read({"windows_days": days})
