"""The law of every gauge: counting a customer twice is the same as having it twice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from limner.training import gauges

GAUGES = {
    "auroc": gauges.auroc_gauge,
    "average_precision": gauges.average_precision_gauge,
    "lift": gauges.lift_gauge,
    "rmse": gauges.rmse_gauge,
    "r2": gauges.r2_gauge,
    "spearman": gauges.spearman_gauge,
    "ratio": gauges.ratio_gauge,
}


@st.composite
def draws(draw):
    size = draw(st.integers(4, 30))
    truth = draw(arrays.arrays(np.float64, size, elements=st.sampled_from([0.0, 1.0])))
    truth[:2] = 0, 1
    score = draw(
        arrays.arrays(np.float64, size, elements=st.integers(0, 6).map(lambda number: number / 6))
    )
    score[:2] = 0.25, 0.75
    counts = draw(arrays.arrays(np.float64, (size, 3), elements=st.integers(0, 3)))
    counts[:2] = 1
    return truth, score, counts


@pytest.mark.parametrize("name", sorted(GAUGES))
@settings(deadline=None, max_examples=40)
@given(case=draws())
def test_counts_repeat_customers(name, case):
    truth, score, counts = case
    if name == "ratio":
        score, truth = truth, score + 0.1
    make = GAUGES[name]
    read = make(truth, score)(counts)
    for at in range(counts.shape[1]):
        times = counts[:, at].astype(int)
        alone = make(np.repeat(truth, times), np.repeat(score, times))
        assert read[at] == pytest.approx(alone(np.ones((times.sum(), 1)))[0], abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(case=draws(), classes=st.integers(2, 4))
def test_pairs_follow_their_customer(case, classes):
    truth, score, counts = case
    owners = np.repeat(np.arange(len(truth)), classes)
    spread = np.tile(np.arange(classes) / 10, len(truth))
    pairs = np.repeat(truth, classes), np.repeat(score, classes) + spread
    for make in (gauges.auroc_gauge, gauges.average_precision_gauge):
        by_customer = make(*pairs, owners)(counts)
        np.testing.assert_allclose(by_customer, make(*pairs)(counts[owners]), atol=1e-9)


@settings(deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(1, 15))
def test_bins_share_out_everything_alike(numbers, bins):
    score = np.array(numbers, np.float64)
    groups, shares = gauges.bin_shares(score, bins)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares[groups].sum(axis=0), len(score) / bins)


def test_ece_on_a_resample_keeps_its_bins():
    """Worked by hand: fifteen customers are fifteen bins; one that is drawn twice counts double."""
    truth, score = np.zeros(15), np.arange(15) / 15
    counts = np.ones((15, 1))
    counts[14], counts[0] = 2, 0
    read = gauges.ece_gauge(truth, score)(counts)
    assert read[0] == pytest.approx((score.sum() + score[14]) / 15)


def test_ece_of_customers_without_pairs_left_out_at_the_end():
    """The last customer owns no pair; it must not be read."""
    gauge = gauges.ece_gauge(np.array([1.0]), np.array([0.5]), np.array([0]))
    assert gauge(np.array([[2.0], [9.0]]))[0] == pytest.approx(0.5)


def test_what_was_not_drawn_has_no_value():
    truth, score = np.array([0.0, 1.0]), np.array([0.2, 0.8])
    only_negative = np.array([[2.0], [0.0]])
    for make in (gauges.auroc_gauge, gauges.average_precision_gauge, gauges.lift_gauge):
        assert np.isnan(make(truth, score)(only_negative)[0])


def test_a_mean_of_gauges_is_over_those_that_have_a_value():
    nothing = gauges.auroc_gauge(np.ones(2), np.ones(2))
    half = gauges.auroc_gauge(np.array([0.0, 1.0]), np.ones(2))
    counts = np.ones((2, 1))
    assert gauges.mean_of_gauges([nothing, half])(counts)[0] == 0.5
    assert np.isnan(gauges.mean_of_gauges([nothing])(counts)[0])


def test_long_and_short_runs_of_equals_are_summed_alike(monkeypatch):
    rng = np.random.default_rng(3)
    truth = (rng.random(300) < 0.4).astype(float)
    score = np.where(rng.random(300) < 0.5, 0.5, rng.random(300))
    counts = rng.integers(0, 3, (300, 4)).astype(float)
    whole = gauges.auroc_gauge(truth, score)(counts)
    monkeypatch.setattr(gauges, "BLOCK_ROWS", 16)
    np.testing.assert_allclose(gauges.auroc_gauge(truth, score)(counts), whole)
