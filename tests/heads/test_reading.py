"""Heads that read some columns only."""

import numpy as np
import pytest

from limner.heads import reading
from limner.heads.boosted import TreesConfig
from limner.heads.linear import LinearHead
from limner.heads.reading import ReadingHead, block_heads
from limner.heads.stacked import StackedHead


@pytest.fixture
def told():
    """Columns 0 and 1 are noise; column 2 tells the truth."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 3)).astype(np.float32)
    return features, (features[:, 2] + rng.normal(size=400) * 0.3 > 0).astype(np.float64)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    small = TreesConfig(trees=8, ensembles=1, leaves=5, least_in_leaf=20, threads=1)
    monkeypatch.setattr(reading, "boosted_trees", lambda: small)
    monkeypatch.setattr(reading, "bagged_trees", lambda: small)


def test_it_knows_nothing_of_other_columns(told):
    features, truth = told
    head = ReadingHead(LinearHead("binary"), slice(0, 2)).fit(features, truth)
    moved = features.copy()
    moved[:, 2] = 99
    np.testing.assert_array_equal(head.predict(features), head.predict(moved))
    own = LinearHead("binary").fit(features[:, :2], truth)
    np.testing.assert_array_equal(head.predict(features), own.predict(features[:, :2]))


def test_what_was_saved_gives_the_same_numbers(told, tmp_path):
    features, truth = told
    head = ReadingHead(LinearHead("binary"), slice(1, None)).fit(features, truth)
    head.save(tmp_path / "head")
    again = ReadingHead(LinearHead("binary"), slice(1, None)).load(tmp_path / "head")
    np.testing.assert_array_equal(again.predict(features), head.predict(features))


def test_a_stack_across_blocks_trusts_the_block_that_knows(told):
    features, truth = told
    stack = StackedHead("binary", heads=block_heads(2), most_columns=10_000)
    stack.fit(features[:300], truth[:300], features[300:], truth[300:])
    weights = dict(zip(stack.heads_, stack.weights_, strict=True))
    assert list(weights) == ["boosted", "counted", "bagged", "learned"]
    assert weights["boosted"] + weights["learned"] > weights["counted"] + weights["bagged"]
    counted = stack.heads_["counted"]
    moved = features.copy()
    moved[:, 2] = 99
    np.testing.assert_array_equal(counted.predict(features), counted.predict(moved))
    assert stack.contributions(features).shape == features.shape


def test_no_two_members_grow_the_same_trees():
    made = block_heads(2)("binary", 5)
    assert made["boosted"].seed != made["counted"].head.seed
