import numpy as np
import pytest

from limner.training.said import binned, flat, wilson


def test_classes_become_pairs(which):
    said = flat(which, "automatic", "hand_made")
    assert said.pooled
    assert len(said.truth) == 800 * 49
    assert said.shown == ("automatic", "hand_made")


def test_amounts_are_sorted_by_what_is_expected(how_much):
    said = flat(how_much, "hand_made", "hand_made")
    assert said.shown == ("hand_made",)
    assert (said.scores["automatic"] == how_much.predictions["automatic"][:, 0]).all()


def test_the_mean_of_equals_is_the_same_in_every_bin():
    (means,) = binned(np.zeros(30), np.arange(30.0), bins=4)
    np.testing.assert_allclose(means, 14.5)


def test_wilson_of_eight_in_ten():
    """The textbook case: 0.8 of 10 lies between 0.490 and 0.943."""
    low, high = wilson(0.8, 10)
    assert low == pytest.approx(0.490, abs=1e-3)
    assert high == pytest.approx(0.943, abs=1e-3)


def test_wilson_stays_within_zero_and_one():
    assert wilson(0, 5)[0] == 0
    assert wilson(1, 5)[1] == 1
