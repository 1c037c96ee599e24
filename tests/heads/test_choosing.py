"""The simplest head stands unless another is better beyond chance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from limner.heads.choosing import preferred

SIMPLE = np.linspace(0, 1, 100)


def test_a_gain_must_be_more_than_its_standard_error():
    noise = np.tile([0.5, -0.5], 50)
    assert preferred([SIMPLE, SIMPLE - noise - 0.049]) == 0
    assert preferred([SIMPLE, SIMPLE - noise - 0.051]) == 1


def test_of_several_that_are_better_the_best_is_kept():
    assert preferred([SIMPLE, SIMPLE - 0.1, SIMPLE - 0.3, SIMPLE - 0.2]) == 2
    assert preferred([SIMPLE, SIMPLE + 0.1]) == 0


@given(st.integers(0, 1000))
def test_equals_leave_the_simplest(seed):
    losses = np.random.default_rng(seed).random(30)
    assert preferred([losses, losses.copy()]) == 0


def test_where_nothing_was_judged_the_simplest_stands():
    nothing = np.zeros(0)
    assert preferred([nothing, nothing]) == 0
    assert preferred([SIMPLE]) == 0
