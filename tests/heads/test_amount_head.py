"""How many and how much, from columns."""

import numpy as np
import pytest

from limner.errors import BadShape, NotFitted
from limner.heads.amount_head import AmountConfig, AmountHead
from limner.heads.stacked import boosted_only, linear_only

QUICK = AmountConfig(trees=60, trees_on_prior=60, learning_rate=0.1, ensembles=1, columns=1.0)


def a_sample(count, seed=0, stretch=1.0):
    """Amounts that are nothing for a third and else grow with the first column; one NaN column."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 4)).astype(np.float32)
    features[rng.random(count) < 0.3, 3] = np.nan
    mean = stretch * np.exp(1 + features[:, 0])
    truth = np.where(rng.random(count) < 0.67, rng.gamma(2.0, mean / 2), 0.0)
    return features, truth.astype(float), 0.67 * mean


@pytest.fixture(scope="module")
def learned():
    return AmountHead(heads=boosted_only, config=QUICK).fit(
        *a_sample(3000)[:2], *a_sample(1500, 1)[:2]
    )


def test_the_expected_volume_is_right(learned):
    features, truth, _ = a_sample(4000, 2)
    assert learned.predict(features)[:, 0].sum() == pytest.approx(truth.sum(), rel=0.06)


def test_the_expected_follows_the_mean_and_the_typical_the_logarithm(learned):
    features, truth, mean = a_sample(4000, 3)
    expected, typical = learned.predict(features).T
    assert np.corrcoef(np.log(expected), np.log(mean))[0, 1] > 0.95
    assert np.log1p(typical).mean() == pytest.approx(np.log1p(truth).mean(), rel=0.06)
    rest = ((np.log1p(typical) - np.log1p(truth)) ** 2).sum()
    assert rest < ((np.log1p(expected) - np.log1p(truth)) ** 2).sum()


def test_the_same_seed_gives_the_same_answer(learned):
    again = AmountHead(heads=boosted_only, config=QUICK).fit(
        *a_sample(3000)[:2], *a_sample(1500, 1)[:2]
    )
    features = a_sample(50, 4)[0]
    np.testing.assert_array_equal(again.predict(features), learned.predict(features))


def test_a_linear_head_alone_has_a_rising_curve_to_the_mean():
    head = AmountHead(heads=linear_only).fit(*a_sample(8000)[:2], *a_sample(4000, 1)[:2])
    features, truth, _ = a_sample(8000, 2)
    expected, typical = head.predict(features).T
    assert expected.sum() == pytest.approx(truth.sum(), rel=0.08)
    assert (np.diff(expected[np.argsort(typical, kind="stable")]) >= -1e-9).all()


def test_a_correction_of_a_prior_carries_over_to_a_longer_horizon():
    """The prior knows the horizon, the columns what the prior does not: both are needed."""
    features, truth, _ = a_sample(4000)
    held_out, held_out_truth, _ = a_sample(2000, 1)
    flat = [np.full((count, 2), 2.0) for count in (4000, 2000)]
    head = AmountHead(config=QUICK).fit(
        features, truth, held_out, held_out_truth, prior=flat[0], held_out_prior=flat[1]
    )
    far, far_truth, far_mean = a_sample(4000, 2, stretch=4.0)
    prior = np.full((4000, 2), 8.0)
    found = head.predict(far, prior=prior, level=head.level(far, prior=prior))
    assert found[:, 0].sum() == pytest.approx(far_truth.sum(), rel=0.12)
    assert np.corrcoef(found[:, 0], far_mean)[0, 1] > 0.85


@pytest.mark.parametrize("kind", ["boosted", "linear", "prior"])
def test_what_was_saved_answers_as_before(kind, tmp_path):
    features, truth, _ = a_sample(600)
    held_out, held_out_truth, _ = a_sample(300, 1)
    heads = linear_only if kind == "linear" else boosted_only
    given = (
        {"prior": np.ones((600, 2)), "held_out_prior": np.ones((300, 2))} if kind == "prior" else {}
    )
    ask = {"prior": np.ones((300, 2))} if kind == "prior" else {}
    head = AmountHead(heads=heads, config=QUICK).fit(
        features, truth, held_out, held_out_truth, **given
    )
    head.save(tmp_path)
    again = AmountHead(heads=heads, config=QUICK).load(tmp_path)
    np.testing.assert_allclose(
        again.predict(held_out, **ask), head.predict(held_out, **ask), rtol=1e-12
    )
    assert not [file for file in tmp_path.rglob("*") if file.suffix in {".pkl", ".pickle"}]


def test_nobody_spending_anything_is_no_trouble():
    features = a_sample(200)[0]
    head = AmountHead(heads=boosted_only, config=QUICK)
    found = head.fit(features, np.zeros(200), features, np.zeros(200)).predict(features)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


def test_answers_are_never_negative_and_always_finite(learned):
    strange = np.array([[np.nan] * 4, [1e9] * 4, [-1e9] * 4], np.float32)
    found = learned.predict(strange)
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def test_a_negative_amount_is_refused():
    features, truth, _ = a_sample(100)
    with pytest.raises(BadShape, match="negative"):
        AmountHead(config=QUICK).fit(features, truth - 9, features, truth)


def test_a_prior_must_be_there_both_times(learned):
    features, truth, _ = a_sample(100)
    with pytest.raises(BadShape, match="together"):
        AmountHead(config=QUICK).fit(features, truth, features, truth, prior=np.ones((100, 2)))
    with pytest.raises(BadShape, match="exactly if"):
        learned.predict(features, prior=np.ones((100, 2)))


def test_nothing_is_said_before_learning(tmp_path):
    with pytest.raises(NotFitted):
        AmountHead().predict(np.zeros((1, 2), np.float32))
    with pytest.raises(NotFitted):
        AmountHead().save(tmp_path)
