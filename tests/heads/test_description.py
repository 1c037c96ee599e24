"""The record of one customer, and its reasons in words."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from datetime import UTC, datetime

import numpy as np
import pytest

from limner.errors import BadShape, UnknownPlugin
from limner.heads.description import Block, Description, Reason, Score

THEN, NOW = datetime(2017, 10, 3, tzinfo=UTC), datetime(2017, 11, 1, tzinfo=UTC)
PURCHASE = Score("purchase", 14.0, 0.42, "probability", "probability")
SPEND = Score("spend", 30.0, 1234.5, "CNY", "expected")
DAIRY = Score("category", 7.5, 0.004, "probability", "probability", "Dairy")


def test_a_score_has_a_name_of_its_own():
    assert [each.name for each in (PURCHASE, SPEND, DAIRY)] == [
        "purchase_14",
        "spend_30",
        "category_7.5:Dairy",
    ]


@pytest.mark.parametrize(
    ("score", "value", "shown"),
    [
        (PURCHASE, 0.314, "31 %"),
        (PURCHASE, 0.0042, "0.4 %"),
        (PURCHASE, 0.0, "0 %"),
        (SPEND, 1234.5, "1,234.50 CNY"),
        (Score("spend", 30, 3, "money", "typical"), 3, "3.00"),
        (Score("orders", 30, 3, "orders", "typical"), 1.256, "1.26"),
    ],
)
def test_values_are_shown_as_people_write_them(score, value, shown):
    assert score.shown(value) == shown


@pytest.mark.parametrize(
    ("factor", "count", "about", "english", "chinese"),
    [
        (
            "last_visit",
            1,
            "",
            "the last visit, on 3 October 2017, moved it from 31 % to 42 %",
            "最近一次到访（2017年10月3日）使其由31 %变为42 %",
        ),
        (
            "recent_visits",
            4,
            "",
            "the 4 visits since 3 October 2017 moved it from 31 % to 42 %",
            "2017年10月3日以来的4次到访使其由31 %变为42 %",
        ),
        (
            "category",
            1,
            "Dairy",
            "what they did with “Dairy”, once since 3 October 2017, moved it from 31 % to 42 %",
            "2017年10月3日以来与“Dairy”相关的1次行为使其由31 %变为42 %",
        ),
        (
            "category",
            9,
            "Dairy",
            "what they did with “Dairy”, 9 times since 3 October 2017, moved it from 31 % to 42 %",
            "2017年10月3日以来与“Dairy”相关的9次行为使其由31 %变为42 %",
        ),
    ],
)
def test_reasons_in_both_languages(factor, count, about, english, chinese):
    reason = Reason(factor, THEN, NOW, count, 0.5, 0.31, about)
    assert reason.words(PURCHASE) == english
    assert reason.words(PURCHASE, "zh") == chinese


def test_a_score_is_found_by_its_name():
    block = Block("sequence", "v1", NOW, 1.0, np.zeros(3, np.float32))
    found = Description(NOW, {"sequence": block}, (PURCHASE, SPEND), {})
    assert found.score("spend_30") is SPEND
    assert block.dim == 3
    with pytest.raises(UnknownPlugin, match="has no 'spend_31'; it has purchase_14, spend_30"):
        found.score("spend_31")


def test_a_block_is_one_vector():
    with pytest.raises(BadShape, match=r"must be one vector \(D,\)"):
        Block("sequence", "v1", NOW, 1.0, np.zeros((1, 3), np.float32))
