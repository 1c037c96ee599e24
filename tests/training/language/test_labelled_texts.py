"""Texts with their truth, and who is held out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadShape
from limner.heads.language.task import TextTask
from limner.training.language.labelled_texts import LabelledTexts, hashed, held_out

TASK = TextTask("classify", ("a", "b"))


def known(texts):
    return LabelledTexts.of(TASK, [(text,) for text in texts], ["a"] * len(texts))


@given(st.lists(st.text(max_size=4), max_size=60), st.floats(0, 1), st.integers(0, 5))
def test_the_same_text_never_teaches_and_examines(texts, share, seed):
    labelled = known(texts)
    taught, held = held_out(labelled, share=share, seed=seed)
    assert sorted([*taught, *held]) == list(range(len(texts)))
    assert not {labelled.texts[row] for row in taught} & {labelled.texts[row] for row in held}


def test_about_the_share_is_held_out_another_with_another_seed():
    labelled = known([f"text {at}" for at in range(4000)])
    _, one = held_out(labelled, share=0.1, seed=0)
    _, other = held_out(labelled, share=0.1, seed=1)
    assert 320 < len(one) < 480
    assert len(np.intersect1d(one, other)) < 100
    assert hashed(("a", "b"), seed=0) != hashed(("ab",), seed=0)


def test_rows_are_taken_with_all_that_belongs_to_them():
    labelled = LabelledTexts.of(
        TextTask("pair", ("0", "1")),
        [("a", "b"), ("c", None), ("e", "f")],
        [0, 1, 1],
        beside=np.arange(6, dtype=np.float32).reshape(3, 2),
    )
    some = labelled.take(np.array([2, 1]))
    assert some.texts == (("e", "f"), ("c", ""))
    assert some.sides() == [["e", "c"], ["f", ""]]
    assert some.beside.tolist() == [[4, 5], [2, 3]]
    assert some.truth.argmax(axis=1).tolist() == [1, 1]


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(BadShape, match="pair asks 2 texts a row, got"):
        LabelledTexts.of(TextTask("pair", ("0", "1")), [("a",)], [0])
    with pytest.raises(BadShape, match="2 texts need as many labels, got 1"):
        LabelledTexts.of(TASK, [("a",), ("b",)], ["a"])
