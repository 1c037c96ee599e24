"""Schedules: pure functions of the step and the examinations, the same as torch's own."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limner.training.course import LoopConfig
from limner.training.schedules import momentum_at, rate_at

NAMES = ("cosine", "one_cycle", "plateau", "constant")


def rates(**more):
    config = LoopConfig(learning_rate=1.0, **more)
    return np.array([rate_at(config, step) for step in range(config.steps)])


@given(
    st.sampled_from(NAMES),
    st.integers(1, 60),
    st.floats(0, 0.99),
    st.lists(st.floats(-10, 10), max_size=8),
)
def test_a_rate_is_above_zero_and_never_above_the_highest(name, steps, warm_up, examined):
    config = LoopConfig(schedule=name, steps=steps, warm_up=warm_up, learning_rate=0.3)
    found = [rate_at(config, step, examined) for step in range(steps)]
    assert all(0 < rate <= 0.3 * (1 + 1e-12) for rate in found)


@pytest.mark.parametrize("name", ["cosine", "plateau", "constant"])
def test_it_rises_straight_in_the_warm_up(name):
    found = rates(schedule=name, steps=40, warm_up=0.5)
    np.testing.assert_allclose(found[:20], (np.arange(20) + 0.5) / 20)


def test_without_a_warm_up_it_begins_at_the_top():
    assert rates(schedule="constant", steps=3, warm_up=0).tolist() == [1, 1, 1]
    assert rates(schedule="cosine", steps=100, warm_up=0)[0] > 0.999


def test_the_cosine_falls_to_nothing():
    """Worked by hand: a quarter of the way down is (1 + cos(pi / 4)) / 2."""
    found = rates(schedule="cosine", steps=2, warm_up=0)
    np.testing.assert_allclose(
        found, [(1 + math.cos(math.pi / 4)) / 2, 1 - (1 + math.cos(math.pi / 4)) / 2]
    )


def test_one_cycle_is_that_of_torch():
    """Torch reaches the top and the end with whole steps, ours stands in the middle of each."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    theirs = torch.optim.SGD([parameter], lr=1.0, momentum=0.9)
    steps = 1001
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        theirs, 1.0, total_steps=steps, pct_start=0.3, base_momentum=0.8, max_momentum=0.9
    )
    told = []
    for _ in range(steps):
        told.append((theirs.param_groups[0]["lr"], theirs.param_groups[0]["momentum"]))
        theirs.step()
        if len(told) < steps:
            cycle.step()
    config = LoopConfig(schedule="one_cycle", steps=steps, warm_up=0.3, learning_rate=1.0)
    ours = [(rate_at(config, step), momentum_at(config, step)) for step in range(steps)]
    np.testing.assert_allclose(ours, told, atol=4e-3)
    assert ours[0][0] == pytest.approx(1 / 25, rel=0.01)
    assert ours[-1][0] < 1e-5


def test_momentum_moves_in_one_cycle_only():
    for name in NAMES:
        config = LoopConfig(schedule=name, steps=50, momentum=0.05)
        found = {momentum_at(config, step) for step in range(50)}
        assert (len(found) > 1) == (name == "one_cycle")
        assert all(0 <= momentum <= 0.05 for momentum in found)


@given(st.lists(st.integers(0, 5).map(float), max_size=30), st.integers(0, 9))
def test_the_plateau_is_that_of_torch(examined, patience):
    theirs = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    wait = max(1, patience // 2)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        theirs, factor=0.5, patience=wait - 1, threshold=0.0, eps=0.0
    )
    config = LoopConfig(schedule="plateau", warm_up=0, learning_rate=1.0, patience=patience)
    for many, value in enumerate(examined, start=1):
        plateau.step(value)
        assert rate_at(config, 7, examined[:many]) == theirs.param_groups[0]["lr"]


def test_only_the_plateau_listens():
    for name, examined in itertools.product(NAMES, ([], [1.0, 2.0, 3.0])):
        config = LoopConfig(schedule=name)
        deaf = rate_at(config, 200, examined) == rate_at(config, 200)
        assert deaf == (name != "plateau" or not examined)
