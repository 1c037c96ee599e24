"""Which items go with which."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from limner.heads import item_affinity
from limner.heads.item_affinity import cosine_affinity, ease_affinity, overlap


def a_matrix(seed=0, customers=30, items=6):
    rng = np.random.default_rng(seed)
    return (rng.random((customers, items)) * (rng.random((customers, items)) < 0.4)).astype("f4")


@pytest.mark.parametrize("cost", [0.0, 1e9])
@given(seed=st.integers(0, 5), chunk=st.sampled_from([1, 7, 100]))
def test_the_overlap_is_the_gram_matrix_however_it_is_summed(cost, seed, chunk):
    dense = a_matrix(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item_affinity, "SPARSE_COST", cost)
        patch.setattr(item_affinity, "CHUNK", chunk)
        shared = overlap(csr_array(dense))
    np.testing.assert_allclose(shared, dense.T @ dense, atol=1e-5)


def test_the_cosine_of_two_items_worked_by_hand():
    """Two of four customers share both items: 2 / sqrt(3 * 3)."""
    had = np.array([[1, 1], [1, 1], [1, 0], [0, 1]], np.float32)
    affinity = cosine_affinity(overlap(csr_array(had)))
    np.testing.assert_allclose(affinity, [[0, 2 / 3], [2 / 3, 0]], rtol=1e-6)


def test_shrinking_takes_from_what_few_share():
    shared = np.array([[3, 2], [2, 3]], np.float32)
    assert cosine_affinity(shared, shrink=1.0)[0, 1] == pytest.approx(2 / 4)


@given(st.integers(0, 20))
def test_ease_solves_each_item_as_a_ridge_regression_without_itself(seed):
    """Column j of the weights is the ridge regression of item j on all other items."""
    had = a_matrix(seed).astype(np.float64)
    shared = had.T @ had
    ridge = 0.3
    weights = ease_affinity(shared.astype(np.float32), ridge=ridge)
    penalty = ridge * np.diag(shared).mean()
    for item in range(had.shape[1]):
        others = np.delete(np.arange(had.shape[1]), item)
        system = shared[np.ix_(others, others)] + penalty * np.eye(len(others))
        expected = np.linalg.solve(system, shared[others, item])
        np.testing.assert_allclose(weights[others, item], expected, atol=2e-4)
    assert not np.diag(weights).any()
