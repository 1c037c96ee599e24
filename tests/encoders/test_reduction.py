"""Main directions keep what tells vectors apart, and are the same after a night."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.reduction import Reduction
from limner.errors import NotFitted, TooFew


@given(st.integers(2, 40), st.integers(1, 8), st.integers(0, 9))
def test_told_vectors_have_length_one_or_are_nought(count, most, seed):
    vectors = np.random.default_rng(seed).standard_normal((count, 6)).astype(np.float32)
    found = Reduction.learn(vectors, most=most).read(np.concatenate([vectors, vectors[:1] * 0]))
    assert found.shape == (count + 1, min(most, 6))
    assert np.allclose(np.linalg.norm(found[:-1], axis=1), 1, atol=1e-4)
    assert not found[-1].any()


def test_all_directions_keep_every_angle():
    vectors = np.random.default_rng(0).standard_normal((30, 6)).astype(np.float32)
    found = Reduction.learn(vectors, most=6).read(vectors)
    centred = vectors - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.allclose(found @ found.T, centred @ centred.T, atol=1e-4)


def test_it_is_the_same_after_a_night(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((30, 6)).astype(np.float32)
    learned = Reduction.learn(vectors, most=3)
    learned.save(tmp_path / "of" / "text.npz")
    again = Reduction.load(tmp_path / "of" / "text.npz")
    assert np.array_equal(again.read(vectors), learned.read(vectors))
    with pytest.raises(NotFitted, match="does not exist"):
        Reduction.load(tmp_path / "image.npz")
    with pytest.raises(TooFew):
        Reduction.learn(vectors[:0], most=3)
