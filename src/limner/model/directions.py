"""The few directions along which the rows of a large sparse matrix differ most."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

__all__ = ["main_directions"]

Floats = NDArray[np.float32]
SPARE = 16
"""So many directions more are looked for than are wanted; what is lost goes into these."""
ROUNDS = 2
"""How often the matrix is gone through again; more did not change what its directions tell."""


def main_directions(matrix: csr_array, *, most: int, seed: int = 0) -> Floats:
    """Return the first right singular vectors of a matrix (N, V), by a randomised search.

    The same matrix and seed give the same directions: the greatest weight comes first, and of each
    direction the greatest entry is positive.

    Parameters
    ----------
    matrix
        Rows (N, V), sparse.
    most
        How many directions D at most; fewer where the matrix has fewer.
    seed
        Where chance begins.

    Returns
    -------
    Directions (D, V), of length 1 and at right angles.

    References
    ----------
    Halko, Martinsson, Tropp: "Finding structure with randomness", SIAM Review 2011, algorithms 4.4
    and 5.1.

    Examples
    --------
    >>> main_directions(csr_array(np.diag([3.0, 1.0, 2.0])), most=2).round(3) + 0.0
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    rows = matrix.astype(np.float32)
    across = csr_array(rows.T)
    width = min(most + SPARE, *rows.shape)
    start = np.random.default_rng(seed).standard_normal((rows.shape[1], width))
    found = rows @ start.astype(np.float32)
    for _ in range(ROUNDS):
        found = rows @ _upright(across @ _upright(found))
    basis = _upright(found)
    small = (across @ basis).T
    _, weights, directions = np.linalg.svd(small.astype(np.float64), full_matrices=False)
    # What is left of a matrix of few dimensions is rounding.
    real = weights > 1e-6 * max(float(weights.max(initial=0.0)), 1e-12)
    directions = directions[real][:most]
    greatest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), greatest])
    return np.asarray(directions * signs[:, None], np.float32)


def _upright(columns: Floats) -> Floats:
    """Return a basis at right angles of what columns span."""
    return np.asarray(np.linalg.qr(columns)[0], np.float32)
