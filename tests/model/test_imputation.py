"""Filling in blocks: by what the others tell, by the mean where they tell nothing, marked."""

import numpy as np
import pytest

from limner.errors import BadConfig, BadShape, NotFitted, TooFew
from limner.model.block import BlockTable
from limner.model.imputation import Imputer, ImputerConfig
from limner.model.normaliser import NormalScores, StandardScores
from visits import CUT

NAMES = ("counted", "taste", "noise")


def a_table(name, customers, vectors, version="1"):
    return BlockTable(name, version, CUT, np.asarray(customers), vectors.astype(np.float32), 0.5)


@pytest.fixture(scope="module")
def tables():
    """Counts that tell the taste, which 100 of 400 lack; and a block that tells nothing."""
    rng = np.random.default_rng(0)
    counted = rng.normal(size=(400, 3))
    taste = counted @ [[1, 2], [3, -1], [0, 1]] + 0.1 * rng.normal(size=(400, 2)) + 5
    counted[rng.random(400) < 0.1, 2] = np.nan
    return [
        a_table("counted", np.arange(400), counted),
        a_table("taste", np.arange(300), taste[:300]),
        a_table("noise", np.arange(50, 400), rng.normal(size=(350, 2)) + 7),
    ], taste


def made():
    scales = dict(zip(NAMES, (NormalScores(), StandardScores(), StandardScores()), strict=True))
    return Imputer(scales)


@pytest.fixture(scope="module")
def imputer(tables):
    return made().fit(tables[0])


def test_what_others_tell_is_told_of_those_who_lack_it(tables, imputer):
    given, taste = tables
    filled = imputer.fill(given, np.arange(400))["taste"]
    assert filled.imputed.tolist() == [False] * 300 + [True] * 100
    np.testing.assert_array_equal(filled.vectors[:300], given[1].vectors)
    missed = ((filled.vectors[300:] - taste[300:]) ** 2).mean()
    assert missed < 0.2 * taste[300:].var(axis=0).mean()
    assert imputer.explained()["taste from counted"] > 0.8


def test_what_nothing_tells_is_the_mean(tables, imputer):
    given, _ = tables
    filled = imputer.fill(given, np.arange(400))["noise"]
    np.testing.assert_allclose(filled.vectors[:50].mean(axis=0), imputer.means_["noise"], atol=0.3)
    assert filled.vectors[:50].std(axis=0).max() < 0.3
    assert (
        max((v for k, v in imputer.explained().items() if k.startswith("noise")), default=0) < 0.1
    )


def test_a_block_with_holes_is_filled_by_the_mean_of_what_is_known(tables):
    (counted, taste, noise), _ = tables
    few = a_table("counted", counted.customers[:350], counted.vectors[:350])
    filled = made().fit([few, taste, noise]).fill([few, taste, noise], np.arange(400))["counted"]
    assert filled.imputed.sum() == 50
    np.testing.assert_allclose(
        filled.vectors[350:], np.tile(np.nanmean(few.vectors, axis=0), (50, 1)), rtol=1e-5
    )


def test_the_mark_is_the_last_column(tables, imputer):
    filled = imputer.fill(tables[0], np.array([2, 399]))["taste"]
    assert filled.columns.shape == (2, 3)
    assert filled.columns[:, 2].tolist() == [0.0, 1.0]


def test_whoever_lacks_everything_gets_the_means(tables, imputer):
    for name, filled in imputer.fill(tables[0], np.array([1000])).items():
        assert filled.imputed.tolist() == [True]
        np.testing.assert_allclose(filled.vectors[0], imputer.means_[name], rtol=1e-5)


def test_the_order_of_blocks_and_customers_moves_nothing(tables, imputer):
    given, _ = tables
    one = imputer.fill(given, np.arange(400))
    other = made().fit(given[::-1]).fill(given[1:] + given[:1], np.arange(400)[::-1])
    for name in NAMES:
        np.testing.assert_allclose(other[name].vectors[::-1], one[name].vectors, atol=1e-4)


def test_a_block_that_too_few_have_is_filled_by_its_mean(tables):
    (counted, taste, noise), _ = tables
    few = a_table("taste", taste.customers[:30], taste.vectors[:30])
    imputer = made().fit([counted, few, noise])
    assert not [name for name in imputer.explained() if name.startswith("taste")]
    filled = imputer.fill([counted, few, noise], np.arange(400))["taste"]
    np.testing.assert_allclose(filled.vectors[399], few.vectors.mean(axis=0), rtol=1e-5)


def test_of_many_customers_some_are_drawn_and_the_seed_draws_them(tables):
    given, _ = tables
    drawn = [
        Imputer(made().normalisers, ImputerConfig(most=60), seed=seed)
        .fit(given)
        .fill(given, np.arange(400))["taste"]
        .vectors
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_what_was_saved_gives_the_same_numbers(tables, imputer, tmp_path):
    imputer.save(tmp_path / "imputer")
    again = Imputer.load(tmp_path / "imputer", made().normalisers)
    assert again.explained() == imputer.explained()
    one, other = (each.fill(tables[0], np.arange(401)) for each in (imputer, again))
    for name in NAMES:
        assert one[name].columns.tobytes() == other[name].columns.tobytes()
    with pytest.raises(NotFitted, match="no imputer"):
        Imputer.load(tmp_path, made().normalisers)


def test_vectors_of_another_version_are_refused(tables, imputer):
    (counted, taste, noise), _ = tables
    other = a_table("taste", taste.customers, taste.vectors, version="2")
    with pytest.raises(BadShape, match="'taste' must be of version 1, got 2"):
        imputer.fill([counted, other, noise], np.arange(3))


def test_it_says_what_it_cannot_do(tables, tmp_path):
    given, _ = tables
    with pytest.raises(BadShape, match="normalisers of counted, taste, noise"):
        made().fit(given[:2])
    with pytest.raises(TooFew, match="nobody has the block 'taste'"):
        made().fit([given[0], a_table("taste", np.zeros(0, int), np.zeros((0, 2))), given[2]])
    for ask in (
        lambda: made().fill(given, np.arange(3)),
        lambda: made().explained(),
        lambda: made().save(tmp_path),
    ):
        with pytest.raises(NotFitted, match="fit"):
            ask()
    with pytest.raises(BadConfig, match="held_out"):
        ImputerConfig.read({"held_out": 1})
