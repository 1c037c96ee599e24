"""Portraits: the log and the models joined."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from limner.profiles.inputs import TraitInput
from limner.profiles.portrait import PortraitConfig, about
from limner.profiles.references import TraitsConfig, learn_references
from limner.profiles.text import card_text
from limner.profiles.words import trait_value

READ = datetime(2024, 2, 1, tzinfo=UTC)


def test_everybody_who_did_anything_has_a_profile(profiles):
    assert list(profiles) == ["ann", "ben", "eve"]
    assert {each.model_version for each in profiles.values()} == {"m1"}


def test_groups_and_stages_of_a_tiny_shop(profiles):
    """Ann's recency of 9.6 days is the lower of two, so all edges: fifth 5. Ben's 19.2: 1.

    She has 4 orders and ben's 1 is every edge: fifth 5; the same with money: 22 and 0. Her usual
    gap is 10 days; ben has none, and the shop's is ann's.
    """
    found = {
        who: (each.lifecycle.rfm_group, each.lifecycle.stage) for who, each in profiles.items()
    }
    assert found == {
        "ann": ("CHAMPIONS", "active"),
        "ben": ("DORMANT", "new"),
        "eve": ("PROSPECTS", "prospect"),
    }
    assert profiles["ann"].lifecycle.monetary.value == 22.0
    assert profiles["eve"].lifecycle.recency.quintile is None


def test_the_nine_fields_by_hand(ann, profiles):
    value = ann.value
    assert (value.historic_clv, value.predicted_clv, value.total_clv) == (22.0, 18.0, 40.0)
    assert (value.historic_number_of_orders, value.predicted_number_of_orders) == (4, 2.0)
    assert value.average_order_value == 5.5
    gap = (datetime(2024, 2, 20, 9, 10) - datetime(2024, 1, 1, 9)) / timedelta(days=3)  # noqa: DTZ001
    assert value.average_days_between_orders == pytest.approx(gap, abs=1e-6)
    expected = datetime(2024, 2, 20, 9, 10, tzinfo=UTC) + timedelta(days=gap)
    assert abs(value.expected_date_of_next_order - expected) < timedelta(seconds=1)
    assert (value.churn_probability, value.prediction_days) == (0.12, 30)
    ben, eve = profiles["ben"].value, profiles["eve"].value
    assert ben.expected_date_of_next_order is None
    assert (eve.predicted_clv, eve.churn_probability, eve.historic_number_of_orders) == (
        None,
        None,
        0,
    )


def test_when_the_gap_has_passed_the_model_says_when(draw, a_log, as_of):
    """Two orders a day apart long ago; 3 orders in 30 days make one in 10."""
    import numpy as np

    from limner.profiles.inputs import PredictionInput

    log = a_log(
        ("a", "2024-01-01T10:00", "purchase", "x", "1", 1.0),
        ("a", "2024-01-02T10:00", "purchase", "x", "2", 1.0),
    )
    orders = PredictionInput("orders", "how_many", 30, "orders", "m", ["a"], np.array([3.0]))
    found = draw(log, predictions=[orders])["a"].value
    assert found.expected_date_of_next_order == as_of + timedelta(days=10)
    assert draw(log)["a"].value.expected_date_of_next_order is None


def test_attributes_are_the_newest_known_before_the_moment(ann):
    assert [(each.name, each.value) for each in ann.identity.attributes] == [
        ("age", "35-44"),
        ("town", "Bonn"),
    ]
    assert ann.identity.aliases == ("ann@shop",)


def test_traits_have_units_and_witnesses(ann, as_of):
    spend = ann.trait("spend")
    assert (spend.value, spend.unit, spend.source, spend.as_of) == (22.0, "USD", "log", as_of)
    assert [each.order_id for each in spend.evidence] == ["a1", "a4"]
    assert ann.trait("tenure_days").value == pytest.approx(59.625)
    assert ann.trait("mean_rating") is None


def test_what_is_kept_can_be_less(draw, shop, inputs):
    config = PortraitConfig(traits=TraitsConfig(top=1, weeks=4), recommendations=1)
    ann = draw(shop, config=config, **inputs)["ann"]
    assert len(ann.categories) == len(ann.items) == 1
    assert len(ann.recommendations) <= 2
    assert sum(each.is_new for each in ann.recommendations) <= 1
    assert ann.rhythm.weekly_spend == (0.0, 0.0, 3.0, 0.0)
    none = PortraitConfig(recommendations=0)
    assert draw(shop, config=none, **inputs)["ann"].recommendations == ()


def test_the_order_of_buckets_does_not_matter(draw, shop, inputs, attributes):
    parts = [shop.filter(pl.col("customer_id") == who) for who in ("ann", "ben", "eve")]
    forth = draw(*parts, attributes=attributes, **inputs)
    back = draw(*parts[::-1], attributes=attributes, **inputs)
    whole = draw(shop, attributes=attributes, **inputs)
    assert forth == back == whole


def test_the_future_moves_no_profile(draw, shop, a_log, inputs):
    future = a_log(
        ("ann", "2024-03-01T00:00", "purchase", "gold", "f1", 1e6),
        ("eve", "2024-04-01T00:00", "purchase", "milk", "f2", 9.0),
        ("new", "2024-03-02T00:00", "purchase", "milk", "f3", 9.0),
    )
    assert draw(pl.concat([shop, future]), **inputs) == draw(shop, **inputs)


def test_days_without_hours_have_no_hours(draw, a_log):
    log = a_log(("a", "2024-01-01T00:00", "purchase", "x", "1", 1.0))
    rhythm = draw(log)["a"].rhythm
    assert (rhythm.hours, rhythm.preferred_hour, rhythm.preferred_weekday) == ((), None, 0)


def test_a_shop_without_catalogue_or_prices_has_profiles_too(draw, a_log, catalogue):
    log = a_log(
        ("a", "2024-01-01T10:00", "purchase", "x", "1", None),
        ("a", "2024-01-03T10:00", "purchase", None, "2", None),
        currency=None,
    )
    found = draw(log, listed=catalogue.head(0))["a"]
    assert (found.currency, found.value.historic_clv, found.categories) == (None, 0.0, ())
    assert [(each.name, each.share, each.basis) for each in found.items] == [
        ("x", 0.5, "purchases")
    ]


def test_what_holds_for_all(shop, catalogue, as_of):
    references = learn_references([shop], catalogue, as_of=as_of)
    found = about(references, computed_at=as_of, model_version="m1")
    assert (found.as_of, found.currency, found.model_version) == (as_of, "USD", "m1")
    assert [item.item_id for item in found.popular] == ["cream", "soap"]


def test_what_is_known_from_elsewhere_is_a_trait_too(draw, shop):
    more = [
        TraitInput("written_topic", "words", "reviews", READ, {"ann": "tea, cups"}),
        TraitInput("written_sentiment", "share", "reviews", READ, {"ann": 0.25}),
        TraitInput("texts_written", "texts", "reviews", READ, {"ann": 4}),
        TraitInput("written_blames", "aspects", "reviews", READ, {"ann": "price"}),
    ]
    drawn = draw(shop, traits=more)
    assert "25 %" in card_text(drawn["ann"])
    assert "price" in card_text(drawn["ann"], "zh")
    assert trait_value(drawn["ann"].trait("texts_written"), "en") == "4 texts"
    topic = drawn["ann"].trait("written_topic")
    assert (topic.value, topic.source, topic.unit) == ("tea, cups", "reviews", "words")
    assert topic.as_of == READ
    assert drawn["ben"].trait("written_topic") is None
