"""Which items go with which: overlap of their customers, and EASE."""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array

__all__ = ["cosine_affinity", "ease_affinity", "overlap"]

Floats = NDArray[np.float32]

SPARSE_COST = 15.0
"""How much longer one multiplication takes in a sparse product than in a dense one."""

CHUNK = 4096
"""Customers at a time."""


def overlap(evidence: csr_array) -> Floats:
    """Return the Gram matrix of customers by items (N, V): what each two items share (V, V)."""
    width = evidence.shape[1]
    total = np.zeros((width, width), np.float32)
    for start in range(0, evidence.shape[0], CHUNK):
        chunk = evidence[start : start + CHUNK]
        sparse_cost = SPARSE_COST * float((np.diff(chunk.indptr).astype(np.float64) ** 2).sum())
        if sparse_cost < float(chunk.shape[0]) * width * width:
            total += (chunk.T @ chunk).toarray()
        else:
            dense = chunk.toarray()
            total += dense.T @ dense
    return total


def cosine_affinity(shared: Floats, *, shrink: float = 0.0) -> Floats:
    """Return how much two items share over the mean of what they have (V, V); 0 on the diagonal.

    ``shrink`` is added below the line: what few customers share counts for less.
    """
    norm = np.sqrt(np.diag(shared))
    affinity = shared / np.maximum(np.outer(norm, norm) + np.float32(shrink), np.float32(1e-9))
    np.fill_diagonal(affinity, 0.0)
    return affinity.astype(np.float32, copy=False)


def ease_affinity(shared: Floats, *, ridge: float) -> Floats:
    """Return the item weights of EASE (V, V): a linear autoencoder that may not copy an item.

    Parameters
    ----------
    shared
        The Gram matrix.
    ridge
        The L2 penalty, in units of the Gram matrix' mean diagonal.

    References
    ----------
    Steck: "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019, equation 8.
    """
    system = shared.copy()
    diagonal = np.arange(len(system))
    system[diagonal, diagonal] += np.float32(max(ridge * float(np.diag(shared).mean()), 1e-6))
    factor, _ = lapack.spotrf(system.T, lower=True, overwrite_a=True)
    root, _ = lapack.strtri(factor, lower=True, overwrite_c=True)
    weights = root.T @ root
    own = np.diag(weights).copy()
    weights /= -own[None, :]
    weights[diagonal, diagonal] = 0.0
    return np.ascontiguousarray(weights, np.float32)
