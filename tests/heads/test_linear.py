"""A linear head on normal scores."""

import numpy as np
import pytest

from limner.errors import BadConfig, NotFitted
from limner.heads.linear import LinearHead, LinearHeadConfig
from limner.model.normaliser import StandardScores


@pytest.fixture(scope="module")
def table():
    """Two columns that matter, one skewed and one with holes, and one of noise."""
    rng = np.random.default_rng(0)
    known = rng.normal(size=(600, 3))
    truth = (rng.random(600) < 1 / (1 + np.exp(-2 * known[:, 0] + known[:, 1]))).astype(float)
    features = known.astype(np.float32)
    features[:, 0] = np.exp(3 * features[:, 0])
    features[rng.random(600) < 0.2, 1] = np.nan
    return features, truth


def head(objective="binary"):
    return LinearHead(objective, config=LinearHeadConfig(penalty=1.0))


def test_it_learns_through_skew_and_holes(table):
    features, truth = table
    said = head().fit(features, truth).predict(features)
    assert said.shape == (600,)
    assert said[truth == 1].mean() - said[truth == 0].mean() > 0.3
    weights = np.abs(head().fit(features, truth).coefficients_)
    assert weights[:2].min() > 2 * weights[2]


def test_a_stretched_column_gives_the_same_answers(table):
    features, truth = table
    stretched = features.copy()
    stretched[:, 0] *= 1024
    one = head().fit(features, truth).predict(features)
    other = head().fit(stretched, truth).predict(stretched)
    np.testing.assert_allclose(other, one, atol=1e-9)


def test_an_outlier_does_no_more_than_the_largest_value_seen(table):
    features, truth = table
    fitted = head().fit(features, truth)
    far = features[:1].copy()
    far[0, 0] = 1e30
    largest = features[:1].copy()
    largest[0, 0] = features[:, 0].max()
    np.testing.assert_allclose(fitted.predict(far), fitted.predict(largest), atol=1e-9)


def test_a_regression_answers_with_values(table):
    features, _truth = table
    amounts = 5 + 2 * np.log(features[:, 0].astype(float))
    said = head("regression").fit(features, amounts).predict(features)
    assert np.corrcoef(said, amounts)[0, 1] > 0.95


def test_columns_of_one_value_or_of_none_are_harmless(table):
    _, truth = table
    empty = np.full((600, 3), np.nan, np.float32)
    empty[:, 1] = 7
    said = head().fit(empty, truth).predict(empty)
    np.testing.assert_allclose(said, truth.mean(), atol=0.02)
    assert np.isfinite(said).all()


def test_nobody_asked_is_answered_with_nothing(table):
    fitted = head().fit(*table)
    assert fitted.predict(table[0][:0]).shape == (0,)


def test_what_was_saved_gives_the_same_numbers(table, tmp_path):
    features, truth = table
    fitted = head().fit(features, truth)
    fitted.save(tmp_path / "linear")
    again = head().load(tmp_path / "linear")
    assert again.predict(features).tobytes() == fitted.predict(features).tobytes()


def test_a_scale_of_ones_own_learns_with_the_head_and_comes_back(table, tmp_path):
    features, truth = table
    fitted = LinearHead("binary", normaliser=StandardScores()).fit(features, truth)
    fitted.save(tmp_path / "linear")
    again = LinearHead("binary", normaliser=StandardScores()).load(tmp_path / "linear")
    assert again.predict(features).tobytes() == fitted.predict(features).tobytes()
    assert np.abs(fitted.predict(features) - head().fit(*table).predict(features)).max() > 0.05


def test_it_asks_to_be_fitted_first(table, tmp_path):
    with pytest.raises(NotFitted, match="fit"):
        head().predict(table[0])
    with pytest.raises(NotFitted, match="fit"):
        head().save(tmp_path / "linear")


def test_a_penalty_of_nought_is_refused():
    with pytest.raises(BadConfig, match="penalty"):
        LinearHeadConfig.read({"penalty": 0})
