"""From scores to rankings, and how good they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.heads.item_ranking import best_pairs, ndcg_at_10, places_within, rank_pairs

scored = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 4)),
    max_size=30,
    unique_by=lambda one: one[:2],
)


def arrays(pairs):
    owners, items, scores = np.array(pairs, np.int64).reshape(-1, 3).T
    return owners, items, scores.astype(np.float32)


@given(st.lists(st.integers(0, 5)).map(sorted))
def test_places_count_within_a_run(owners):
    places = places_within(np.array(owners, np.int64))
    assert places.tolist() == [owners[:at].count(one) for at, one in enumerate(owners)]


@given(scored, st.integers(1, 6), st.randoms())
def test_the_best_pairs_agree_with_sorting_each_customer(pairs, most, random):
    shuffled = random.sample(pairs, len(pairs))
    owners, items, scores = arrays(shuffled)
    best = best_pairs(owners, items, scores, most=most)
    got = list(zip(owners[best].tolist(), items[best].tolist(), strict=True))
    expected = []
    for owner in range(4):
        mine = sorted((one for one in pairs if one[0] == owner), key=lambda one: (-one[2], one[1]))
        expected += [one[:2] for one in mine[:most]]
    assert got == expected


@given(scored, st.integers(1, 14))
def test_scored_items_come_first_and_popular_ones_fill_up(pairs, most):
    owners, items, scores = arrays(pairs)
    popular = np.array([7, 3, 9, 0, 1, 2, 4, 5, 6, 8])
    ranked = rank_pairs(
        owners,
        items,
        scores,
        np.zeros(len(owners), np.int8),
        customers=4,
        popular=popular,
        most=most,
        reason_names=("own", "popularity"),
    )
    for owner in range(4):
        mine = sorted((one for one in pairs if one[0] == owner), key=lambda one: (-one[2], one[1]))
        first = [one[1] for one in mine]
        row = first + [item for item in popular.tolist() if item not in first]
        wanted = (row + [-1] * most)[:most]
        assert ranked.items[owner].tolist() == wanted
        why = ([0] * len(first) + [1] * most)[: min(most, 10)]
        assert ranked.reasons[owner].tolist()[: len(why)] == why


def test_ndcg_worked_by_hand():
    """One of two wanted items, in second place: (1 / log2 3) / (1 + 1 / log2 3)."""
    ranked = np.array([[5, 1, -1], [2, 3, 4]])
    value = ndcg_at_10(ranked, np.array([0, 2, 2]), np.array([1, 9]))
    gain = 1 / np.log2(3)
    assert value == pytest.approx(gain / (1 + gain))


def test_ndcg_of_nobody_is_nothing():
    assert ndcg_at_10(np.zeros((1, 10), np.int64), np.array([0, 0]), np.zeros(0, np.int64)) == 0.0


def test_an_empty_place_is_never_a_hit():
    assert ndcg_at_10(np.array([[-1, -1]]), np.array([0, 1]), np.array([0])) == 0.0
