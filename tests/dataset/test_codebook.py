"""Numbers of typical vectors, by hand."""

import numpy as np
import pytest

from limner.dataset.codebook import Codebook, nearest
from limner.errors import BadShape

CENTRES = np.array([[[0, 1], [10, 0]], [[0.5, 0], [-0.5, 0]]], np.float32)


def test_each_step_tells_what_the_one_before_left():
    book = Codebook(CENTRES)
    vectors = np.array([[10.4, 0], [9.5, 0], [0.4, 1], [0, 0]], np.float32)
    assert book.numbers(vectors).tolist() == [[2, 1], [2, 2], [1, 1], [0, 0]]
    assert (book.steps, book.size, book.width) == (2, 3, 2)
    assert book.numbers(vectors[:0]).shape == (0, 2)


def test_the_first_among_equals_is_the_nearest():
    centres = np.array([[1, 0], [-1, 0]], np.float32)
    assert nearest(np.array([[0, 3], [-2, 0]], np.float32), centres).tolist() == [0, 1]


def test_other_lengths_are_refused():
    with pytest.raises(BadShape, match="2 numbers each"):
        Codebook(CENTRES).numbers(np.ones((2, 4), np.float32))
    with pytest.raises(BadShape, match=r"\(C, K, E\)"):
        Codebook(np.zeros((2, 4), np.float32))
