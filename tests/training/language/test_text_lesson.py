"""Batches in epochs, and what a lesson of texts says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.training.language.text_lesson import batch_of_turn, turn_of


@given(st.integers(1, 90), st.integers(1, 20), st.integers(0, 3))
def test_in_an_epoch_each_row_comes_once_at_most(count, batch, seed):
    lengths = np.random.default_rng(seed).integers(1, 30, count)
    of_epoch = count // min(batch, count)
    rows = [batch_of_turn(lengths, turn, batch=batch, seed=seed) for turn in range(2 * of_epoch)]
    first = np.concatenate(rows[:of_epoch])
    assert len(set(first.tolist())) == len(first) == of_epoch * min(batch, count)
    assert {len(each) for each in rows} == {min(batch, count)}
    again = batch_of_turn(lengths, of_epoch, batch=batch, seed=seed)
    assert np.array_equal(again, rows[of_epoch])


def test_batches_hold_texts_of_like_length():
    lengths = np.random.default_rng(0).integers(1, 200, 1600)
    spread = [np.ptp(lengths[batch_of_turn(lengths, at, batch=16, seed=0)]) for at in range(100)]
    assert np.mean(spread) < 25


@pytest.mark.parametrize(("step", "draw", "turn"), [(0, 0, 0), (0, 1, 1), (3, 0, 6), (3, 1, 7)])
def test_turns_count_all_draws(step, draw, turn):
    assert turn_of(step, draw, accumulate=2) == turn
