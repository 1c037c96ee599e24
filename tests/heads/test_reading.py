"""Heads that read some columns only."""

import numpy as np
import pytest

from limner.errors import NotFitted
from limner.heads import reading
from limner.heads.boosted import TreesConfig
from limner.heads.linear import LinearHead
from limner.heads.reading import ReadingHead, attribute_heads, block_heads
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
    monkeypatch.setattr(reading, "few_trees", lambda: small)


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


def test_further_blocks_are_read_alone_and_beside_what_was_counted(told):
    features, truth = told
    stack = StackedHead("binary", heads=block_heads(1, 1, {"text": 1}), most_columns=10_000).fit(
        features[:300], truth[:300], features[300:], truth[300:]
    )
    assert {"boosted", "text"} <= set(stack.heads_)
    weights = dict(zip(stack.heads_, stack.weights_, strict=True))
    assert weights.get("counted", 0) + weights.get("learned", 0) < weights["text"]
    added = stack.contributions(features)
    assert added.shape == features.shape
    assert not added[:, 2].any()  # the trees upon counts and the model do not read it


def test_without_a_model_the_blocks_stand_behind_what_was_counted(told):
    made = block_heads(2, 0, {"text": 1})("binary", 0)
    assert list(made) == ["boosted", "bagged", "text", "met"]
    assert made["text"].columns == slice(2, 3)
    assert made["met"].columns.tolist() == [0, 1, 2]
    assert list(block_heads(2, 0)("binary", 0)) == ["boosted", "bagged"]


def test_who_somebody_is_is_told_from_the_columns_that_tell_most(told, tmp_path):
    features, truth = told
    wide = np.hstack([np.zeros((400, 90), np.float32), features])
    made = attribute_heads(92, {"text": 1})("binary", 0)
    assert list(made) == ["linear", "boosted", "text"]
    for name, head in made.items():
        head.fit(wide, truth).save(tmp_path / name)
        again = attribute_heads(92, {"text": 1})("binary", 0)[name].load(tmp_path / name)
        np.testing.assert_array_equal(again.predict(wide), head.predict(wide))
    assert len(made["linear"].columns) == 80
    assert {90, 91} <= set(made["linear"].columns)
    assert list(attribute_heads(0, {"text": 1})("binary", 0)) == ["text"]
    with pytest.raises(NotFitted, match="boosted"):
        made["linear"].contributions(wide)
