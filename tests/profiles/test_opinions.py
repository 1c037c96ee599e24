"""What was read, gathered by customer and item: by hand."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from limner.profiles.opinions import OPINION_SCHEMA, gathered

START = datetime(2024, 1, 1, tzinfo=UTC)


def read(rows):
    """Return texts from (customer, item, sentiment, language, topic, aspects), a day apart."""
    return pl.DataFrame(
        [
            {
                "customer_id": customer,
                "item_id": item,
                "time": START + timedelta(days=day),
                "language": language,
                "sentiment": sentiment,
                "topic": topic,
                "aspects": [{"aspect": name, "sentiment": value} for name, value in aspects],
            }
            for day, (customer, item, sentiment, language, topic, aspects) in enumerate(rows)
        ],
        schema={"customer_id": pl.String, "item_id": pl.String, "time": pl.Datetime("us", "UTC")}
        | OPINION_SCHEMA,
    )


ROWS = [
    ("ann", "tea", 0.9, "en", "drinks", [("taste", 0.9), ("price", 0.1)]),
    ("ann", "cup", 0.3, "zh", "drinks", [("price", 0.3)]),
    ("bob", "tea", 0.5, None, None, []),
    ("ann", None, 0.6, "en", "shoes", [("taste", 0.8), ("size", 0.5)]),
]


def test_means_modes_and_what_is_liked_and_blamed():
    found = gathered(read(ROWS))
    ann, bob = found.customers.to_dicts()
    assert ann["customer_id"] == "ann"
    assert ann["texts"] == 3
    assert ann["sentiment"] == ann["newest_sentiment"] == pytest.approx(0.6)
    assert (ann["language"], ann["topic"]) == ("en", "drinks")
    assert (ann["likes"], ann["blames"]) == (["taste"], ["price"])
    assert ann["newest"] == START + timedelta(days=3)
    assert (bob["likes"], bob["blames"], bob["language"], bob["topic"]) == ([], [], None, None)
    assert found.items["item_id"].to_list() == ["cup", "tea"]
    assert found.items["texts"].to_list() == [1, 2]


def test_the_newest_five_speak_for_now():
    rows = [("ann", "tea", value, "en", None, []) for value in (0, 0, 0, 1, 1, 1, 1, 1)]
    (ann,) = gathered(read(rows)).customers.to_dicts()
    assert ann["sentiment"] == pytest.approx(5 / 8)
    assert ann["newest_sentiment"] == 1


def test_nothing_gathered_of_nothing():
    found = gathered(read([]))
    assert found.customers.is_empty()
    assert found.items.is_empty()
