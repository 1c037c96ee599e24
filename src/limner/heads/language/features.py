"""What a linear head reads of the vectors of texts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["features_of_vectors"]

Floats = NDArray[np.float32]


def features_of_vectors(vectors: Sequence[Floats]) -> Floats:
    """Return features (N, F) of one vector a text (N, D), or of two.

    A vector is brought to the length of the root of D, so that a number is about 1; of two, the
    distance in each number and the product stand side by side (Conneau and others 2017). A vector
    of nought stays so.

    Examples
    --------
    >>> features_of_vectors([np.array([[3.0, 4.0]], np.float32)]).round(3)
    array([[0.849, 1.131]], dtype=float32)
    """
    parts = [each * (each.shape[1] ** 0.5 / np.maximum(_length(each), 1e-12)) for each in vectors]
    if len(parts) == 2:
        parts = [np.abs(parts[0] - parts[1]), parts[0] * parts[1]]
    return np.asarray(np.concatenate(parts, axis=1), np.float32)


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(vectors).sum(axis=1, keepdims=True)), np.float32)
