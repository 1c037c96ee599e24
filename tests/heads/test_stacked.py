"""Several heads weighed: never much worse than the best, settled where there is nothing to learn."""

import numpy as np
import pytest

from limner.errors import NotFitted
from limner.heads.stacked import StackedHead, all_heads, boosted_only, linear_only
from shops import quicken


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    quicken(monkeypatch)


def sample(count, seed, columns=6):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, columns)).astype(np.float32)
    margin = 1.5 * features[:, 0] + features[:, 1] * features[:, 2]
    return features, (rng.random(count) < 1 / (1 + np.exp(-margin))).astype(float)


def fitted(objective="binary", *, heads=all_heads, most_columns=160, seed=0):
    features, truth = sample(500, 1)
    held_out, held_out_truth = sample(300, 2)
    stack = StackedHead(objective, heads=heads, most_columns=most_columns, seed=seed)
    return stack.fit(features, truth, held_out, held_out_truth)


def log_loss(truth, said):
    return -np.mean(truth * np.log(said) + (1 - truth) * np.log(1 - said))


def test_the_mixture_is_as_good_as_its_best_member():
    features, truth = sample(2000, 3)
    stack = fitted()
    alone = [
        log_loss(truth, fitted(heads=one).predict(features)) for one in (linear_only, boosted_only)
    ]
    assert log_loss(truth, stack.predict(features)) < min(alone) + 0.01
    assert stack.predict(features).mean() == pytest.approx(truth.mean(), abs=0.04)


def test_weights_are_shares():
    stack = fitted()
    assert stack.weights_.sum() == pytest.approx(1)
    assert (stack.weights_ >= 0).all()
    assert "boosted" in stack.heads_


def test_the_same_seed_gives_the_same_answers():
    features, _ = sample(50, 4)
    assert fitted(seed=3).predict(features).tobytes() == fitted(seed=3).predict(features).tobytes()


def test_only_the_columns_of_use_are_kept():
    stack = fitted(most_columns=3)
    assert 0 in stack.columns_
    unread = np.setdiff1d(np.arange(6), stack.columns_)
    assert len(unread) == 3
    noisy = sample(50, 5)[0]
    other = noisy.copy()
    other[:, unread] = 1e9
    np.testing.assert_array_equal(stack.predict(noisy), stack.predict(other))
    added = stack.contributions(noisy)
    assert added.shape == noisy.shape
    assert not added[:, unread].any()


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_a_sample_of_one_outcome_is_answered_with_the_base_rate(outcome, tmp_path):
    features, _ = sample(60, 6)
    held_truth = np.full(60, outcome)
    held_truth[:6] = 1 - outcome
    stack = StackedHead("binary").fit(features, np.full(60, outcome), features, held_truth)
    said = stack.predict(features)
    np.testing.assert_allclose(said, 0.05 if outcome == 0 else 0.95, atol=1e-9)
    assert not stack.contributions(features).any()
    stack.save(tmp_path / "stack")
    again = StackedHead("binary").load(tmp_path / "stack")
    assert again.predict(features).tobytes() == said.tobytes()


def test_a_validation_sample_of_one_outcome_is_no_obstacle():
    features, truth = sample(200, 7)
    stack = StackedHead("binary").fit(features, truth, features[:40], np.zeros(40))
    assert np.isfinite(stack.predict(features)).all()


@pytest.mark.parametrize("amount", [0.0, 3.0])
def test_a_regression_of_one_amount_answers_with_it(amount):
    features, _ = sample(80, 8)
    stack = StackedHead("regression").fit(
        features, np.full(80, amount), features, np.full(80, amount)
    )
    np.testing.assert_allclose(stack.predict(features), amount, atol=1e-6)


@pytest.mark.parametrize("objective", ["binary", "regression"])
def test_what_was_saved_gives_the_same_numbers(objective, tmp_path):
    features, _ = sample(50, 9)
    stack = fitted(objective)
    stack.save(tmp_path / "stack")
    again = StackedHead(objective).load(tmp_path / "stack")
    assert again.predict(features).tobytes() == stack.predict(features).tobytes()
    np.testing.assert_array_equal(again.contributions(features), stack.contributions(features))


def test_nobody_asked_is_answered_with_nothing():
    assert fitted().predict(sample(1, 1)[0][:0]).shape == (0,)


def test_it_asks_to_be_fitted_first_and_for_trees_to_be_explained():
    features, _ = sample(5, 1)
    with pytest.raises(NotFitted, match="fit"):
        StackedHead("binary").predict(features)
    with pytest.raises(NotFitted, match="boosted"):
        fitted(heads=linear_only).contributions(features)
