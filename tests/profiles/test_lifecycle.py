"""Groups and stages."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadShape
from limner.profiles.lifecycle import (
    RFM_TABLE,
    StageConfig,
    high_is_good,
    low_is_good,
    rfm_group,
    stage,
)
from limner.profiles.record import RfmGroup, Stage
from limner.profiles.words import GROUPS, STAGES

score = st.integers(1, 5)
edges = st.lists(st.floats(0, 1e6), min_size=4, max_size=4).map(sorted)


def test_every_pair_of_scores_has_a_group_and_every_group_a_pair():
    assert set(RFM_TABLE) == {(r, fm) for r in range(1, 6) for fm in range(1, 6)}
    assert set(RFM_TABLE.values()) | {"PROSPECTS"} == set(get_args(RfmGroup)) == set(GROUPS)


@given(score, score, score)
def test_every_customer_who_ordered_has_a_group_of_buyers(r, f, m):
    assert rfm_group(r, f, m) in set(get_args(RfmGroup)) - {"PROSPECTS"}
    assert rfm_group(r, f, m) == rfm_group(r, m, f)


@pytest.mark.parametrize(
    ("scores", "group"),
    [
        ((5, 5, 5), "CHAMPIONS"),
        ((5, 3, 4), "CHAMPIONS"),  # FM 3.5 counts as 4
        ((4, 5, 5), "LOYAL"),
        ((3, 4, 4), "LOYAL"),
        ((4, 3, 3), "ACTIVE"),
        ((5, 1, 1), "NEW"),
        ((4, 1, 1), "PROMISING"),
        ((3, 3, 3), "NEEDS_ATTENTION"),
        ((3, 1, 2), "ALMOST_LOST"),
        ((2, 5, 5), "PREVIOUSLY_LOYAL"),
        ((1, 3, 4), "AT_RISK"),
        ((1, 1, 1), "DORMANT"),
        ((None, None, None), "PROSPECTS"),
    ],
)
def test_groups_by_hand(scores, group):
    assert rfm_group(*scores) == group


@pytest.mark.parametrize("scores", [(None, 1, 1), (0, 1, 1), (1, 6, 1), (5, 5, None)])
def test_a_score_that_cannot_be_is_refused(scores):
    with pytest.raises(BadShape, match="score"):
        rfm_group(*scores)


@given(st.floats(0, 1e6), st.floats(0, 1e6), edges)
def test_more_is_never_worse_and_longer_ago_never_better(a, b, found):
    a, b = sorted([a, b])
    assert 1 <= high_is_good(a, found) <= high_is_good(b, found) <= 5
    assert 5 >= low_is_good(a, found) >= low_is_good(b, found) >= 1


@given(
    st.integers(0, 9),
    st.floats(0, 1e4) | st.none(),
    st.floats(0, 1e4) | st.none(),
    st.floats(0, 1e4) | st.none(),
    st.floats(0, 1e4) | st.none(),
)
def test_every_customer_has_a_stage(orders, recency, own, shop, before):
    found = stage(
        orders, recency, own_gap_days=own, shop_gap_days=shop, gap_before_last_days=before
    )
    assert found in get_args(Stage)
    assert set(STAGES) == set(get_args(Stage))


@pytest.mark.parametrize(
    ("orders", "recency", "own", "before", "expected"),
    [
        (0, None, None, None, "prospect"),
        (1, 5, None, None, "new"),
        (1, 61, None, None, "lapsed"),  # the shop's gap is 10 days
        (3, 29, 2, 2, "active"),  # too few orders for an own gap: the shop's counts
        (4, 29, 2, 2, "lapsed"),
        (9, 31, 10, 10, "slowing"),
        (9, 5, 10, 61, "returned"),
        (9, 2.5, 0.01, 0.01, "active"),  # no gap counts as shorter than a day
    ],
)
def test_stages_by_hand(orders, recency, own, before, expected):
    found = stage(orders, recency, own_gap_days=own, shop_gap_days=10, gap_before_last_days=before)
    assert found == expected


def test_nobody_slows_where_nobody_came_twice():
    alone = {"own_gap_days": None, "shop_gap_days": None, "gap_before_last_days": None}
    assert stage(1, 9999, **alone, config=StageConfig()) == "new"
