"""The main directions of a sparse matrix, against the whole decomposition."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from limner.model.directions import main_directions


@pytest.fixture(scope="module")
def matrix():
    """Rows of five tastes, and some noise."""
    rng = np.random.default_rng(0)
    tastes = rng.normal(size=(300, 5)) * [16, 8, 4, 2, 1]
    rows = tastes @ np.linalg.qr(rng.normal(size=(120, 5)))[0].T
    return csr_array(rows * (rng.random(rows.shape) < 0.999) + 0.01 * rng.normal(size=rows.shape))


def test_they_are_those_of_the_whole_decomposition(matrix):
    found = main_directions(matrix, most=4)
    expected = np.linalg.svd(matrix.toarray(), full_matrices=False)[2][:4]
    assert np.abs((found * expected).sum(axis=1)).min() > 0.999
    np.testing.assert_allclose(found @ found.T, np.eye(4), atol=1e-5)


def test_signs_are_settled_and_a_seed_settles_the_rest(matrix):
    found = main_directions(matrix, most=4, seed=3)
    greatest = np.abs(found).argmax(axis=1)
    assert (found[np.arange(4), greatest] > 0).all()
    assert main_directions(matrix, most=4, seed=3).tobytes() == found.tobytes()
    np.testing.assert_allclose(main_directions(-1 * matrix, most=4, seed=3), found, atol=1e-4)


def test_there_are_no_more_than_the_matrix_has():
    rows = np.outer([1.0, 2.0, 3.0, 0.0], [0.0, 0.6, 0.8])
    found = main_directions(csr_array(rows), most=48)
    np.testing.assert_allclose(found, [[0, 0.6, 0.8]], atol=1e-6)
    assert main_directions(csr_array((5, 3)), most=2).shape == (0, 3)
