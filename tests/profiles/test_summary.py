"""The paragraph, and what it rests on."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

from dataclasses import replace

import polars as pl
import pytest

from limner.profiles.summary import summarise


def test_what_is_said_of_ann(ann):
    text = ann.summary_text()
    assert text.startswith(
        "Champions (active): 4 orders worth 22.00 USD, known since 1 January 2024,"
        " last order 9.6 days ago."
    )
    assert "Usually orders every 10 days" in text
    assert "Spends most on Dairy (82 %), Bath (18 %), the brand Meadow (68 %)" in text
    assert "Predicted no purchase within 14 days: 12 % (low, above 0 % of customers)" in text
    assert "raised by since last order = 9.6" in text
    assert "Predicted category bought within 30 days: Dairy (70 %) or Bath (20 %)." in text
    assert "Offer next: “Milk 1 l”" in text


def test_what_is_said_in_chinese(ann):
    text = ann.summary_text("zh")
    assert text.startswith("重要价值客户（活跃期）：4单，共22.00 USD，2024年1月1日首次出现")
    assert "预测未来14天不再购买：12 %" in text


def test_a_return_and_a_prospect_are_told_of(profiles):
    assert "100 % of the money returned" in profiles["ben"].summary_text()
    assert profiles["eve"].summary_text().startswith("Prospects: not a buyer yet, known since 28")
    assert "Looks mostly at" in profiles["eve"].summary_text()


def test_every_clause_rests_on_something_that_is_there(profiles, shop):
    log = shop.collect()
    for profile in profiles.values():
        assert profile.summary
        for clause in profile.summary:
            assert clause.evidence
            for path in clause.evidence:
                assert profile.resolve(path) is not None
            for event in clause.events:
                found = log.filter(
                    (pl.col("customer_id") == profile.customer_id)
                    & (pl.col("kind") == event.kind)
                    & (pl.col("time") == event.time)
                )
                assert not found.is_empty()
                assert event.order_id in found["order_id"].to_list()


def test_a_pause_is_told_of(draw, a_log):
    log = a_log(
        *(("a", f"2023-10-{day:02d}T10:00", "purchase", "x", None, 1.0) for day in (1, 3, 5, 7, 9))
    )
    profile = draw(log)["a"]
    assert profile.lifecycle.stage == "lapsed"
    assert "The pause since the last order is 71.8 times the usual gap." in profile.summary_text()


def test_a_trend_is_told_of(draw, a_log):
    log = a_log(
        ("a", "2024-01-20T10:00", "purchase", "x", None, 10.0),
        ("a", "2024-02-20T10:00", "purchase", "x", None, 15.0),
    )
    text = draw(log)["a"].summary_text()
    assert "Spend rose by 50 % in the last 30 days, to 15.00 USD from 10.00 USD." in text


def test_only_the_first_predictions_are_told_of(ann):
    many = replace(ann, predictions=ann.predictions * 2)
    told = [each for each in summarise(many) if each.name.startswith("prediction_")]
    assert len(told) == 4


def test_a_path_to_nothing_is_an_error(ann):
    with pytest.raises(LookupError, match=r"nothing at 'traits\.shoe_size'"):
        ann.resolve("traits.shoe_size")
