"""Traits, worked by hand, and the laws that they keep."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from limner.profiles.references import TraitsConfig, learn_references
from limner.profiles.traits import learn_history, learn_traits, read_bucket


@pytest.fixture
def references(shop, catalogue, as_of):
    return learn_references([shop], catalogue, as_of=as_of)


@pytest.fixture
def traits(shop, references):
    return {row["customer_id"]: row for row in learn_traits(shop, references).to_dicts()}


def test_orders_and_money_by_hand(traits):
    """Ann: 6 + 5 + 2 + 4 + 2 + 3 = 22 in four orders, two lines without id at one moment are one."""
    ann = traits["ann"]
    assert (ann["orders"], ann["spend"], ann["average_order_value"]) == (4, 22.0, 5.5)
    assert (ann["largest_order_value"], ann["largest_order_id"]) == (11.0, "a1")
    assert ann["discount_share"] == pytest.approx(1 / 23, abs=1e-6)
    assert ann["pieces"] == 8
    assert ann["lines_per_order"] == 1.5


def test_gaps_by_hand(traits):
    """Gaps of 10 days and 30 minutes, 10 days and 35 minutes, 29 days 23 hours and 5 minutes."""
    ann = traits["ann"]
    gaps = [10 + 30 / 1440, 10 + 35 / 1440, 29 + (23 * 60 + 5) / 1440]
    assert ann["usual_gap_days"] == pytest.approx(gaps[1], abs=1e-6)
    assert ann["average_gap_days"] == pytest.approx(sum(gaps) / 3, abs=1e-6)
    assert ann["gap_before_last_days"] == pytest.approx(gaps[2], abs=1e-6)
    assert ann["recency_days"] == pytest.approx(9 + (14 * 60 + 50) / 1440, abs=1e-6)


def test_a_return_is_subtracted(traits):
    ben = traits["ben"]
    assert (ben["orders"], ben["spend"], ben["returns"], ben["return_share"]) == (1, 0.0, 1, 1.0)
    assert ben["last_return_order_id"] == "b1"


def test_who_never_bought_is_told_of_by_events(traits):
    eve = traits["eve"]
    assert (eve["orders"], eve["spend"], eve["average_order_value"]) == (0, 0.0, None)
    assert eve["basis"] == "events"
    assert [(each["key"], each["share"]) for each in eve["items"]] == [("milk", 1.0)]
    assert eve["hours"][12] == 2
    assert eve["weekly_spend"] is None


def test_favourites_are_shares_of_spend(traits):
    """Dairy 18 of 22, of it Meadow (milk 10, cheese 5) 15 of 22."""
    ann = traits["ann"]
    assert [(each["key"], each["count"]) for each in ann["categories"]] == [
        ("Food > Dairy", 5),
        ("Home > Bath", 1),
    ]
    assert ann["categories"][0]["share"] == pytest.approx(18 / 22, abs=1e-6)
    assert ann["brands"][0]["key"] == "Meadow"
    assert ann["brands"][0]["share"] == pytest.approx(15 / 22, abs=1e-6)
    assert ann["categories"][0]["time"] == datetime(2024, 2, 20, 9, 10, tzinfo=UTC)
    assert ann["items"][0]["name"] == "Milk 1 l"


def test_price_position_by_hand(traits, references):
    """Of dairy, milk 2 < cream 3 < cheese 6: 1/6, 3/6, 5/6; soap is alone: 1/2.

    Ann: (5 milk x 1/6 + 1 cheese x 5/6 + 1 cream x 1/2 + 1 soap x 1/2) / 8.
    """
    position = dict(references.items.select("item_id", "price_position").rows())
    assert position == pytest.approx({"milk": 1 / 6, "cream": 1 / 2, "cheese": 5 / 6, "soap": 0.5})
    assert traits["ann"]["price_position"] == pytest.approx(
        (5 / 6 + 5 / 6 + 1 / 2 + 1 / 2) / 8, abs=1e-6
    )
    assert traits["ann"]["price_tier"] == "medium"


def test_rhythm_and_weeks_by_hand(traits):
    """Orders on Monday 1 January, Thursday 11, Sunday 21, Tuesday 20 February; at 9, 9, 10, 9."""
    ann = traits["ann"]
    assert (ann["hours"][9], ann["hours"][10], sum(ann["hours"])) == (3, 1, 4)
    assert ann["weekdays"] == [1, 1, 0, 1, 0, 0, 1]
    weekly = ann["weekly_spend"]
    assert len(weekly) == 52
    assert weekly[-2] == 3.0  # 20 February is in the second week before 1 March
    assert sum(weekly) == 22.0


def test_hours_are_counted_in_the_shops_zone(shop, catalogue, as_of):
    config = TraitsConfig(time_zone="Asia/Shanghai")
    references = learn_references([shop], catalogue, as_of=as_of, config=config)
    ann = learn_traits(shop, references, config=config).row(0, named=True)
    assert ann["hours"][17] == 3


def test_nothing_at_or_after_the_moment_moves_anything(shop, a_log, catalogue, as_of):
    future = a_log(
        ("ann", "2024-03-01T00:00", "purchase", "gold", "f1", 1e6),
        ("ann", "2024-05-01T00:00", "return", "milk", "a1", 2.0),
        ("eve", "2024-03-01T00:00", "purchase", "milk", "f2", 9.0, {"currency": "EUR"}),
        ("new", "2024-03-02T00:00", "purchase", "milk", "f3", 9.0),
    )
    later = pl.concat([shop, future])
    now, then = (learn_references([log], catalogue, as_of=as_of) for log in (shop, later))
    assert_frame_equal(now.items, then.items)
    same = ["customers", "recency_edges", "frequency_edges", "monetary_edges", "popular"]
    for name in [*same, "usual_gap_days", "currency", "knows_hours"]:
        assert getattr(now, name) == getattr(then, name)
    assert_frame_equal(learn_traits(shop, now), learn_traits(later, now))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15
)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_the_events_does_not_matter(shop, catalogue, as_of, seed):
    shuffled = shop.collect().sample(fraction=1, shuffle=True, seed=seed).lazy()
    one = learn_references([shop], catalogue, as_of=as_of)
    two = learn_references([shuffled], catalogue, as_of=as_of)
    assert_frame_equal(learn_traits(shop, one), learn_traits(shuffled, two), check_exact=True)


def test_an_empty_bucket_has_no_traits(shop, references):
    assert learn_traits(shop.head(0), references).is_empty()


def test_history_counts_orders_of_an_item(shop, references):
    wanted = pl.DataFrame(
        {
            "customer_id": ["ann", "ann", "eve"],
            "item_id": ["milk", "gold", "milk"],
            "rank": [0, 1, 0],
        }
    )
    found = learn_history(read_bucket(shop, references), wanted)
    assert found["bought"].to_list() == [3, 0, 0]
    assert found["last_bought"][0] == datetime(2024, 1, 21, 10, 5, tzinfo=UTC)
    assert found["rank"].to_list() == [0, 1, 0]
