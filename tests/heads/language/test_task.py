"""What is asked of a text, and what labels and answers mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadShape, TooFew
from limner.heads.language.task import TextTask

NAMES = st.sampled_from(["red", "green", "blue", "10", "9"])


@given(st.lists(NAMES, min_size=2).filter(lambda each: len(set(each)) > 1))
def test_labels_become_truth_and_truth_becomes_labels(labels):
    task = TextTask.of("classify", labels)
    truth = task.truth(labels)
    assert truth.shape == (len(labels), task.outputs) == (len(labels), len(set(labels)))
    assert (truth.sum(axis=1) == 1).all()
    assert task.names(task.answer(truth * 9)) == labels
    assert TextTask.from_dict(task.to_dict()) == task


@given(st.lists(st.lists(NAMES, unique=True), min_size=1).filter(any))
def test_several_labels_may_be_lists_or_parted_words(labels):
    task = TextTask.of("multilabel", labels)
    truth = task.truth(["|".join(each) for each in labels])
    assert np.array_equal(truth, task.truth(labels))
    told = task.names(task.answer(truth * 20 - 10))
    assert [set(each) for each in told] == [set(each) for each in labels]


@given(st.lists(st.floats(-1e6, 1e6), min_size=2).filter(lambda each: np.std(each) > 1e-3))
def test_numbers_come_back(labels):
    task = TextTask.of("regress", labels)
    truth = task.truth(labels)
    assert truth.shape == (len(labels),)
    back = task.answer(truth[:, None])
    assert np.allclose(back, labels, rtol=1e-4, atol=1e-4 * max(1.0, np.abs(labels).max()))
    assert task.outputs == 1
    assert not task.alone


def test_a_pair_is_yes_or_no_or_a_number():
    assert TextTask.of("pair", [0, 1, 1]).classes == ("0", "1")
    assert TextTask.of("pair", [0.0, 1.0]).classes == ("0", "1")
    assert TextTask.of("pair", [0.0, 2.5, 5.0]).classes == ()


def test_classes_that_are_numbers_stand_in_their_order():
    assert TextTask.of("classify", [10, 9, 2]).classes == ("2", "9", "10")


def test_what_cannot_be_learned_is_refused():
    for kind, labels in (("classify", ["a", "a"]), ("regress", [2, 2.0]), ("multilabel", [[], []])):
        with pytest.raises(TooFew):
            TextTask.of(kind, labels)
    for labels in (["a", 1], [1.0, float("nan")], [1, None]):
        with pytest.raises(BadShape, match=r"must be (finite )?numbers"):
            TextTask.of("regress", labels)
    with pytest.raises(BadShape, match="row 2: the label 'c' is none of those"):
        TextTask.of("classify", ["a", "b"]).truth(["a", "c"])
    with pytest.raises(BadShape, match="these are lists"):
        TextTask.of("classify", [["a"], ["b"]])
    assert TextTask.of("multilabel", [["a"], None]).truth([None]).sum() == 0
