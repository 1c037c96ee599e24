"""Items to tell the right ones from: what must hold of every draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.training.sampling import POWER, choose_items

ITEMS = 12
pairs = st.lists(st.tuples(st.integers(0, 6), st.integers(-1, ITEMS - 1)), max_size=40)
counts = st.lists(st.integers(0, 1000), min_size=ITEMS, max_size=ITEMS)


def choose(counts, pairs, *, seed=0, **settings):
    rows, items = np.array(sorted(set(pairs)), np.int64).reshape(-1, 2).T
    rng = np.random.default_rng(seed)
    return choose_items(np.array(counts), rng, rows=rows, items=items, **settings)


@given(counts, pairs, st.integers(0, 20), st.integers(1, 5), st.integers(0, 99))
def test_right_items_are_among_the_items(counts, pairs, others, most_right, seed):
    told = {(row, item) for row, item in pairs if item >= 0}
    choice = choose(counts, pairs, others=others, most_right=most_right, seed=seed)
    if not told:
        assert choice is None
        return
    assert (np.diff(choice.items) > 0).all()
    assert 0 <= choice.items[0] <= choice.items[-1] < ITEMS
    right = list(zip(choice.rows.tolist(), choice.items[choice.places].tolist(), strict=True))
    assert len(set(right)) == len(right) <= len(told)
    assert set(right) <= told
    for row in {row for row, _ in told}:
        own = [item for each, item in told if each == row]
        assert sum(each == row for each, _ in right) == min(len(own), most_right)
    assert len(choice.items) <= len({item for _, item in right}) + others
    # All that is right and met is told, whether it was taken or not.
    met = set(zip(choice.all_rows.tolist(), choice.items[choice.all_places].tolist(), strict=True))
    assert met == {(row, item) for row, item in told if item in choice.items}
    assert set(right) <= met
    assert choice.log_drawn.shape == choice.items.shape
    assert choice.log_drawn.dtype == np.float32
    assert np.isfinite(choice.log_drawn).all()


def test_what_is_to_be_taken_off_is_how_often_an_item_is_expected():
    counts = np.array([0, 1, 10, 100, 1000])
    choice = choose(counts, [(0, 1), (0, 2), (1, 2)], others=500)
    flat = np.maximum(counts, 1e-3) ** POWER
    wanted = 3 * counts / counts.sum() + 500 * flat / flat.sum()
    assert np.exp(choice.log_drawn) == pytest.approx(wanted[choice.items], rel=1e-5)
    assert (np.diff(choice.log_drawn) > 0).all()


def test_items_are_drawn_by_their_counts_to_the_power():
    counts = np.array([0, 1, 16, 81, 256])
    met = np.zeros(5)
    for seed in range(2000):
        met[choose(counts, [(0, 0)], others=1, seed=seed).items] += 1
    share = counts**POWER / (counts**POWER).sum()
    assert met[1:] / 2000 == pytest.approx(share[1:], abs=0.04)


def test_which_right_ones_are_taken_is_chance_and_the_same_seed_is_the_same():
    pairs = [(0, item) for item in range(ITEMS)]
    found = [choose([1] * ITEMS, pairs, others=3, seed=seed) for seed in (0, 0, 1)]
    items = [each.items[each.places].tolist() for each in found]
    assert items[0] == items[1] != items[2]
    assert found[0].items.tolist() == found[1].items.tolist()


def test_where_nothing_is_right_there_is_no_choice():
    assert choose([1] * ITEMS, [], others=3) is None
    assert choose([1] * ITEMS, [(0, -1)], others=3) is None
