"""Weights of several readers."""

import numpy as np
import pytest

from limner.heads.language.blend import Blend
from limner.heads.language.task import TextTask


def readers(task, rng, *, count=600):
    """Return truth, a reader that knows something of it, and one that knows nothing."""
    classes = max(task.outputs, 2)
    right = rng.integers(0, classes, count)
    truth = np.eye(classes, dtype=np.float32)[right]
    if not task.classes:
        truth = rng.normal(size=count).astype(np.float32)
        return truth, truth[:, None] + rng.normal(size=(count, 1)), rng.normal(size=(count, 1))
    knows = 3 * truth + rng.normal(size=truth.shape) - 1.5
    return truth, knows, rng.normal(size=truth.shape)


@pytest.mark.parametrize(
    "task",
    [
        TextTask("classify", ("a", "b", "c")),
        TextTask("multilabel", ("a", "b", "c")),
        TextTask("regress"),
    ],
)
def test_who_knows_nothing_weighs_little(task):
    truth, knows, guesses = readers(task, np.random.default_rng(0))
    blend = Blend(task).fit([knows, guesses], truth)
    assert (blend.weights_ >= 0).all()
    assert blend.weights_[0] > 5 * blend.weights_[1]
    assert blend([knows, guesses]).shape == knows.shape


def test_two_that_know_as_much_weigh_alike_and_are_better_together():
    task = TextTask("classify", ("a", "b", "c"))
    rng = np.random.default_rng(1)
    truth, one, _ = readers(task, rng)
    other = 3 * truth + rng.normal(size=truth.shape) - 1.5
    blend = Blend(task).fit([one, other], truth)
    assert blend.weights_[0] == pytest.approx(blend.weights_[1], rel=0.3)
    right = [(each.argmax(1) == truth.argmax(1)).mean() for each in (one, blend([one, other]))]
    assert right[1] > right[0]


def test_one_alone_answers_as_it_does():
    scores = np.array([[1.0, -2.0]])
    assert np.array_equal(Blend(TextTask("classify", ("a", "b"))).alone()([scores]), scores)
