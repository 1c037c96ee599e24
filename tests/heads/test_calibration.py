"""Probabilities that mean what they say."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.heads.calibration import Calibration, calibrate, logit


def sample(count, seed=0, stretch=3.0):
    """Return overconfident probabilities and what came true."""
    rng = np.random.default_rng(seed)
    true = rng.beta(1.5, 1.5, count)
    said = 1 / (1 + np.exp(-stretch * logit(true)))
    return said, (rng.random(count) < true).astype(float), true


@pytest.mark.parametrize("count", [150, 4000])
def test_overconfidence_is_mended(count):
    said, truth, true = sample(count)
    mended = calibrate(said, truth)(said)
    assert np.mean((mended - true) ** 2) < 0.25 * np.mean((said - true) ** 2)
    assert mended.mean() == pytest.approx(truth.mean(), abs=0.02)


def test_few_outcomes_get_platts_two_numbers_and_many_may_get_a_curve():
    said, truth, _ = sample(150)
    assert calibrate(said, truth).knots is None
    rng = np.random.default_rng(3)
    said = rng.random(6000)
    steps = np.where(said < 0.5, 0.1, 0.4)
    assert calibrate(said, (rng.random(6000) < steps).astype(float)).knots is not None


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=30),
    st.floats(0.01, 100),
    st.floats(-20, 20),
)
def test_the_order_of_customers_stays_and_answers_are_probabilities(said, slope, shift):
    said = np.sort(np.array(said))
    curve = Calibration(knots=((0.1, 0.3, 0.9), (0.0, 0.5, 0.5)))
    for calibration in (Calibration(slope, shift), curve):
        mended = calibration(said)
        assert (np.diff(mended) >= -1e-15).all()
        assert (mended >= 0).all()
        assert (mended <= 1).all()


def test_a_curve_never_ties_what_was_told_apart():
    curve = Calibration(knots=((0.1, 0.9), (0.5, 0.5)))
    assert (np.diff(curve(np.array([0.0, 0.2, 0.4, 1.0]))) > 0).all()


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_teaches_nothing(outcome):
    said = np.linspace(0.1, 0.9, 20)
    calibration = calibrate(said, np.full(20, outcome))
    np.testing.assert_allclose(calibration(said), said, atol=1e-6)


def test_a_turned_round_sample_does_not_turn_the_order_round():
    said, truth, _ = sample(120)
    calibration = calibrate(said, 1 - truth)
    assert calibration.slope > 0


def test_the_same_seed_gives_the_same_curve_and_it_survives_json():
    said, truth, _ = sample(3000, stretch=1.0)
    one, other = calibrate(said, truth, seed=2), calibrate(said, truth, seed=2)
    assert one == other
    for calibration in (one, Calibration(2.0, -1.0)):
        table = json.loads(json.dumps(calibration.to_dict()))
        assert Calibration.from_dict(table) == calibration


def test_logits_are_finite_at_nought_and_one():
    assert logit(np.array([0.5])).tolist() == [0.0]
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()
