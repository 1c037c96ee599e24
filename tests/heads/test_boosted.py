"""Trees that learn, repeat themselves, and say what moved them."""

import numpy as np
import pytest

from limner.errors import NotFitted
from limner.heads.boosted import BoostedHead, TreesConfig, bagged_trees, boosted_trees

SMALL = TreesConfig(trees=15, ensembles=2, leaves=7, least_in_leaf=10, learning_rate=0.2, threads=1)
BAGGED = SMALL.model_copy(
    update={"bagged": True, "ensembles": 1, "columns": 0.9, "leaves": 31, "penalty": 0.0}
)
both = pytest.mark.parametrize("config", [SMALL, BAGGED], ids=["boosted", "bagged"])


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(400, 5)).astype(np.float32)
    features[rng.random((400, 5)) < 0.1] = np.nan
    margin = 2 * np.nan_to_num(features[:, 0]) * np.sign(np.nan_to_num(features[:, 1]))
    return features, (rng.random(400) < 1 / (1 + np.exp(-margin))).astype(float)


@both
def test_they_learn_what_no_line_can_say(table, config):
    features, truth = table
    said = BoostedHead("binary", config=config).fit(features, truth).predict(features)
    assert said[truth == 1].mean() - said[truth == 0].mean() > 0.1
    assert (said > 0).all()
    assert (said < 1).all()


def test_the_same_seed_gives_the_same_trees_and_another_others(table):
    features, truth = table
    one, same, other = (
        BoostedHead("binary", config=SMALL, seed=seed).fit(features, truth).predict(features)
        for seed in (1, 1, 2)
    )
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != other.tobytes()


def test_contributions_add_up_to_the_margin(table):
    features, truth = table
    fitted = BoostedHead("binary", config=SMALL).fit(features, truth)
    added = fitted.contributions(features)
    assert added.shape == features.shape
    margin = fitted.boosters_[0].predict(features, raw_score=True)
    base = margin - added.sum(axis=1)
    np.testing.assert_allclose(base, base[0], atol=1e-9)


def test_gains_point_to_the_columns_that_matter(table):
    features, truth = table
    gains = BoostedHead("binary", config=SMALL).fit(features, truth).gains()
    assert set(np.argsort(-gains)[:2]) == {0, 1}


def test_a_regression_and_a_column_of_codes(table):
    features, _ = table
    coded = features.copy()
    coded[:, 0] = np.arange(400) % 4
    amounts = np.array([5.0, 1.0, 9.0, 3.0])[np.arange(400) % 4]
    fitted = BoostedHead("regression", config=SMALL).fit(coded, amounts, categorical=[0])
    assert np.corrcoef(fitted.predict(coded), amounts)[0, 1] > 0.9


@both
@pytest.mark.parametrize("truth", [0.0, 1.0, 4.5])
def test_one_outcome_for_all_is_learned_as_it_is(table, truth, config):
    features, _ = table
    said = BoostedHead("regression", config=config).fit(features, np.full(400, truth))
    np.testing.assert_allclose(said.predict(features), truth, atol=1e-6)


@both
def test_columns_of_one_value_are_harmless(table, config):
    _, truth = table
    flat = np.zeros((400, 3), np.float32)
    flat[:, 1] = np.nan
    said = BoostedHead("binary", config=config).fit(flat, truth).predict(flat)
    np.testing.assert_allclose(said, truth.mean(), atol=1e-3)


def test_very_few_customers_can_be_learned_from(table):
    features, truth = table
    said = BoostedHead("binary", config=SMALL).fit(features[:6], truth[:6]).predict(features[:6])
    assert np.isfinite(said).all()


def test_nobody_asked_is_answered_with_nothing(table):
    fitted = BoostedHead("binary", config=SMALL).fit(*table)
    assert fitted.predict(table[0][:0]).shape == (0,)
    assert fitted.contributions(table[0][:0]).shape == (0, 5)


def test_what_was_saved_gives_the_same_numbers(table, tmp_path):
    fitted = BoostedHead("binary", config=SMALL).fit(*table)
    fitted.save(tmp_path / "trees")
    again = BoostedHead("binary", config=SMALL).load(tmp_path / "trees")
    assert again.predict(table[0]).tobytes() == fitted.predict(table[0]).tobytes()
    np.testing.assert_array_equal(again.contributions(table[0]), fitted.contributions(table[0]))


def test_they_ask_to_be_fitted_first(table):
    for ask in ("predict", "contributions", "save"):
        with pytest.raises(NotFitted, match="fit"):
            getattr(BoostedHead("binary"), ask)(table[0])


def test_the_two_kinds_of_trees_differ():
    assert bagged_trees().bagged
    assert not boosted_trees().bagged
