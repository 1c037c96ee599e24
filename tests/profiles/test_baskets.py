"""What was bought together, against counting by hand and in the plainest way."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.profiles.baskets import LINE, Baskets

T0 = datetime(2026, 5, 1, tzinfo=UTC)


def lines(*rows):
    table = [(who, order, T0 + timedelta(hours=hour), item) for who, order, hour, item in rows]
    return pl.DataFrame(table, schema=LINE, orient="row")


def test_orders_with_both_over_the_root_of_orders_with_each():
    shop = lines(
        ("ann", "a1", 0, "tea"), ("ann", "a1", 0, "mug"), ("ann", "a2", 1, "tea"),
        ("ben", "b1", 0, "tea"), ("ben", "b1", 5, "mug"), ("ben", "b1", 0, "jam"),
        ("cat", None, 0, "tea"), ("cat", None, 0, "mug"), ("cat", None, 1, "jam"),
    )  # fmt: skip
    found = Baskets.of([shop, shop.head(3)]).bought_with("tea", most=5)
    (mug,) = found
    assert (mug.item_id, mug.orders, mug.customers) == ("mug", 3, 3)
    assert mug.score == pytest.approx(3 / (4 * 3) ** 0.5)
    assert Baskets.of([shop]).bought_with("jam", most=5) == [], "one customer's basket is not told"


def test_what_nobody_bought_is_not_known():
    nothing = Baskets.of([])
    assert not nothing.knows("tea")
    assert nothing.bought_with("tea", most=3) == []
    assert Baskets.of([lines(("ann", "a1", 0, "tea"))]).knows("tea")
    assert not Baskets.of([lines(("ann", "a1", 0, "tea"))]).knows("teapots of the longest name")


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.sampled_from(["1", "2", None]),
            st.integers(0, 2),
            st.sampled_from(["tea", "mug", "jam", "pie"]),
        ),
        max_size=40,
    )
)
def test_it_is_as_counting_in_the_plainest_way(rows):
    orders = {}
    for who, order, hour, item in rows:
        orders.setdefault((who, order, hour if order is None else None), set()).add(item)
    found = {each.item_id: each for each in Baskets.of([lines(*rows)]).bought_with("tea", most=9)}
    for other in ("mug", "jam", "pie"):
        both = [key for key, items in orders.items() if {"tea", other} <= items]
        people = {key[0] for key in both}
        if len(people) < 2:
            assert other not in found
            continue
        sizes = [sum(name in items for items in orders.values()) for name in ("tea", other)]
        assert found[other].orders == len(both)
        assert found[other].customers == len(people)
        assert found[other].score == pytest.approx(len(both) / (sizes[0] * sizes[1]) ** 0.5)
