import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.training.bootstrap import interval, resample_counts
from limner.training.gauges import mean_gauge


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 400), st.integers(1, 300))
def test_every_resample_has_as_many_customers(customers, resamples):
    blocks = list(resample_counts(customers, np.random.default_rng(0), resamples=resamples))
    counts = np.concatenate(blocks, axis=1)
    assert counts.shape == (customers, resamples)
    assert (counts.sum(axis=0) == customers).all()


def test_the_same_seed_draws_the_same():
    first, second = (
        np.concatenate(list(resample_counts(50, np.random.default_rng(7), resamples=200)), axis=1)
        for _ in range(2)
    )
    assert (first == second).all()


def test_a_customer_comes_once_on_average_with_a_variance_near_one():
    counts = np.concatenate(list(resample_counts(500, np.random.default_rng(1))), axis=1)
    assert counts.mean() == 1
    assert counts.var() == pytest.approx(1 - 1 / 500, rel=0.02)


def test_an_interval_leaves_out_what_does_not_exist():
    values = np.r_[np.arange(1001.0), np.nan]
    assert interval(values) == pytest.approx((25, 975))
    assert interval(np.array([np.nan])) is None
    assert interval(np.zeros(0)) is None


def test_the_interval_of_a_mean_holds_the_truth_in_nineteen_of_twenty_tries():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(200):
        values = rng.exponential(size=200)
        gauge = mean_gauge(values)
        drawn = [gauge(counts) for counts in resample_counts(200, rng, resamples=300)]
        low, high = interval(np.concatenate(drawn))
        held += low <= 1 <= high
    assert 0.88 <= held / 200 <= 0.99


def test_the_width_is_that_of_the_normal_formula():
    values = np.random.default_rng(2).normal(size=1000)
    gauge = mean_gauge(values)
    drawn = [gauge(counts) for counts in resample_counts(1000, np.random.default_rng(0))]
    low, high = interval(np.concatenate(drawn))
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(1000), rel=0.1)
