"""Amounts that are mended by those who did not teach: by hand, and as a folder keeps them."""

import json

import numpy as np
import pytest

from limner.training.amount_curve import AmountCurve


def test_a_straight_line_on_the_logarithm_is_found():
    rng = np.random.default_rng(0)
    typical = np.expm1(rng.uniform(1, 3, 400))
    truth = np.expm1(0.5 * np.log1p(typical) + 1)
    said = np.stack([typical * 2, typical], axis=1)
    curve = AmountCurve.fit(said, truth, expects=True)
    assert (curve.slope, curve.shift) == pytest.approx((0.5, 1))
    mended = curve(said)
    assert mended[:, 1] == pytest.approx(truth)
    volume = truth.sum() / said[:, 0].sum()
    assert mended[:, 0] == pytest.approx(said[:, 0] * np.clip(volume, 0.5, 2))


def test_what_is_expected_of_whoever_is_typical_is_their_mean():
    """Half of those who typically spend 10 spend nothing, the others 30; of those with 1, all 1."""
    said = np.array([[1.0, 1.0], [10.0, 10.0]]).repeat(40, axis=0)
    truth = np.r_[np.ones(40), np.tile([0.0, 30.0], 20)]
    mended = AmountCurve.fit(said, truth, expects=False)(said)
    assert mended[:40, 0] == pytest.approx(1)
    assert mended[40:, 0] == pytest.approx(15)


def test_a_falling_line_and_nobody_to_learn_from_mend_nothing():
    said = np.array([[1.0, 1.0], [3.0, 3.0], [9.0, 9.0]])
    assert AmountCurve.fit(said, np.array([9.0, 3.0, 1.0]), expects=True).slope == 1
    assert AmountCurve.fit(said, np.zeros(3), expects=True) == AmountCurve()
    assert AmountCurve()(said) == pytest.approx(said)


def test_it_is_kept_as_json():
    said = np.array([[1.0, 1.0], [3.0, 3.0], [9.0, 9.0]])
    for expects in (True, False):
        curve = AmountCurve.fit(said, np.array([1.0, 2.0, 12.0]), expects=expects)
        again = AmountCurve.from_dict(json.loads(json.dumps(curve.to_dict())))
        assert again == curve
        assert np.array_equal(again(said), curve(said))
