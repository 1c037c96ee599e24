"""What customers are compared with."""

from datetime import datetime

import pytest
from polars.testing import assert_frame_equal

from limner.errors import BadShape
from limner.profiles.references import TraitsConfig, learn_references, tally


def test_the_edges_are_values_that_occur(a_log, as_of):
    """Five customers with 1, 1, 2, 3, 9 orders: the lower quantiles are 1, 2, 3, 3."""
    counts = {"a": 1, "b": 1, "c": 2, "d": 3, "e": 9}
    log = a_log(
        *(
            (who, f"2024-01-{day + 1:02d}T10:00", "purchase", "x", None, 1.0)
            for who, count in counts.items()
            for day in range(count)
        )
    )
    found = learn_references([log], as_of=as_of)
    assert found.frequency_edges == (1.0, 1.0, 2.0, 3.0)
    assert found.customers == 5
    assert found.usual_gap_days == 1.0
    assert found.knows_hours


def test_how_the_log_is_cut_does_not_matter(shop, catalogue, as_of):
    import polars as pl

    whole = learn_references([shop], catalogue, as_of=as_of)
    pieces = [shop.filter(pl.col("customer_id") == who) for who in ("eve", "ben", "ann")]
    cut = learn_references(pieces, catalogue, as_of=as_of)
    assert_frame_equal(whole.items, cut.items)
    for name in ("recency_edges", "frequency_edges", "monetary_edges", "popular", "currency"):
        assert getattr(whole, name) == getattr(cut, name)


def test_popular_is_by_customers_of_the_last_weeks(shop, catalogue, as_of):
    """In February, ann bought cream and ben soap: each by one of two."""
    popular = learn_references([shop], catalogue, as_of=as_of).popular
    assert [(item.title, item.share) for item in popular] == [("Cream", 0.5), ("Soap", 0.5)]
    config = TraitsConfig(popular_items=1)
    assert len(learn_references([shop], catalogue, as_of=as_of, config=config).popular) == 1


def test_a_log_of_days_knows_no_hours(a_log, as_of):
    log = a_log(("a", "2024-01-01T00:00", "purchase", "x", None, 1.0))
    assert not learn_references([log], as_of=as_of).knows_hours


def test_a_log_without_purchases_has_no_edges(a_log, as_of):
    log = a_log(("a", "2024-01-01T00:00", "view", "x", None, None))
    found = learn_references([log], as_of=as_of)
    assert (found.recency_edges, found.customers, found.currency) == ((), 0, None)


def test_a_category_is_cut_to_its_steps(shop, catalogue, as_of):
    config = TraitsConfig(category_steps=1)
    items = learn_references([shop], catalogue, as_of=as_of, config=config).items
    assert set(items["category"]) == {"Food", "Home"}


def test_a_moment_without_a_zone_is_refused(shop):
    with pytest.raises(BadShape, match="zone"):
        tally(shop, as_of=datetime(2024, 1, 1))  # noqa: DTZ001


def test_no_bucket_at_all_is_refused(as_of):
    with pytest.raises(BadShape, match="at least one bucket"):
        learn_references([], as_of=as_of)
