"""Words and figures as people write them."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.events.event import KINDS
from limner.profiles import words
from limner.profiles.opinions import WRITTEN
from limner.profiles.portrait import _TRAITS
from limner.profiles.predictions import Described, Expected
from limner.profiles.record import Band, Trait


def test_every_name_has_a_label_in_both_languages():
    assert set(words.KINDS) == set(KINDS)
    assert set(words.BANDS) == set(get_args(Band))
    written = {name for name, _ in WRITTEN.values()}
    assert set(words.TRAITS) == {name for name, _, _ in _TRAITS} | written
    for table in (words.GROUPS, words.STAGES, words.KINDS, words.TRAITS, words.UNITS):
        assert all(english and chinese for english, chinese in table.values())


def test_an_unknown_name_stands_for_itself():
    assert words.label(words.KINDS, "lend_out", "en") == "lend out"
    assert words.label(words.KINDS, "lend_out", "zh") == "lend_out"


@given(st.floats(-1e12, 1e12))
def test_a_number_is_near_what_is_written(value):
    written = float(words.number(value).replace(",", ""))
    assert written == pytest.approx(value, rel=0.006, abs=1e-300)


@pytest.mark.parametrize(
    ("name", "value", "unit", "english", "chinese"),
    [
        ("spend", 12.5, "USD", "12.50 USD", "12.50 USD"),
        ("spend", 12.5, "money", "12.50", "12.50"),
        ("recency_days", 3.04, "days", "3 days", "3 天"),
        ("orders", 4, "orders", "4 orders", "4 单"),
        ("discount_share", 0.1, "share", "10 %", "10 %"),
        ("price_position", 0.5, "share", "0.50", "0.50"),
        ("price_tier", "low", "tier", "low", "低价位"),
        ("member", True, "", "True", "True"),
    ],
)
def test_traits_are_written_with_their_units(name, value, unit, english, chinese):
    trait = Trait(name, value, unit, datetime(2024, 1, 1, tzinfo=UTC))
    assert words.trait_value(trait, "en") == english
    assert words.trait_value(trait, "zh") == chinese


@pytest.mark.parametrize(
    ("name", "unit", "value", "told"),
    [
        ("orders", "orders", 1, "1 order"),
        ("distinct_categories", "categories", 1, "1 category"),
        ("recency_days", "days", 1.0, "1 day"),
        ("orders", "orders", 2, "2 orders"),
    ],
)
def test_one_is_no_plural(name, unit, value, told):
    trait = Trait(name, value, unit, datetime(2024, 1, 1, tzinfo=UTC))
    assert words.trait_value(trait, "en") == told


def test_the_model_is_told_of_at_its_longest_horizon_and_by_its_likeliest_categories():
    def score(question, days, value, unit="probability", statistic="probability", about=""):
        return Expected(question, days, value, unit, statistic, about)

    said = Described(
        "m",
        1.0,
        (
            score("purchase", 14, 0.31),
            score("purchase", 30, 0.55),
            score("orders", 30, 1.234, "orders", "expected"),
            score("spend", 30, 34.1, "USD", "typical"),
            *(score("category", 30, 0.4 - at / 10, about=f"c{at}") for at in range(4)),
        ),
    )
    assert words.expects(said) == (
        "The behaviour model expects an order within 30 days 55 %; orders within 30 days 1.23;"
        " spend within 30 days 34.10 USD; likeliest: c0 40 %, c1 30 %, c2 20 %."
    )
    assert words.expects(said, "zh") == (
        "行为模型预计：30天内下单概率 55 %；30天内订单数 1.23；30天内消费额 34.10 USD；"
        "最可能的品类：c0 40 %、c1 30 %、c2 20 %。"
    )
