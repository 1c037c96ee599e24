"""Vectors as a few numbers each: which of the typical vectors each is like, and what is left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadShape

__all__ = ["Codebook", "nearest"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

AT_ONCE = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Codebook:
    """Typical vectors ``centres`` (C, K, E): a step each, of what is left over by those before.

    Things that are alike so have the same first number, and mostly the same others: what is
    learned of one number is known at once of whatever comes new with it. They are learned by
    :func:`limner.training.codebooks.learn_codebook`.

    References
    ----------
    Rajput et al.: "Recommender Systems with Generative Retrieval", NeurIPS 2023, section 3.1
    (semantic ids by residual quantisation); here with k-means a step, as in van Balen, Goethals:
    "Semantic IDs from k-means", and without a network.
    """

    centres: Floats
    version: str = ""
    """Who made the vectors that it numbers: of another's it knows nothing."""

    def __post_init__(self) -> None:
        if self.centres.ndim != 3:
            raise BadShape(f"typical vectors must be (C, K, E), got {self.centres.shape}")

    @property
    def steps(self) -> int:
        """How many numbers a vector has, C."""
        return len(self.centres)

    @property
    def size(self) -> int:
        """How many numbers there are in a step, with the nought: K + 1."""
        return int(self.centres.shape[1]) + 1

    @property
    def width(self) -> int:
        """How long the vectors are that it numbers, E."""
        return int(self.centres.shape[2])

    def numbers(self, vectors: Floats) -> Ints:
        """Return the numbers of N vectors (N, C), from 1; 0 for a row of noughts.

        Raises
        ------
        BadShape
            If the vectors are of another length.
        """
        if vectors.shape[1:] != (self.width,):
            raise BadShape(
                f"vectors must have {self.width} numbers each, got {vectors.shape[1:]}",
                hint="items were read by another model since: pretrain anew",
            )
        told = np.zeros((len(vectors), self.steps), np.int64)
        there = np.flatnonzero(vectors.any(axis=1))
        left = vectors[there].astype(np.float32)
        for step, centres in enumerate(self.centres):
            found = nearest(left, centres)
            told[there, step] = found + 1
            left = left - centres[found]
        return told


def nearest(vectors: Floats, centres: Floats) -> Ints:
    """Return which centre is the nearest to each vector (N,), the first among equals."""
    size = np.square(centres).sum(axis=1)
    # Of products of finite numbers OpenBLAS now and then says that one was not valid, and what it
    # returns is right nevertheless: github.com/numpy/numpy/issues/24067.
    with np.errstate(invalid="ignore"):
        return np.concatenate(
            [
                (size - 2 * (vectors[at : at + AT_ONCE] @ centres.T)).argmin(axis=1)
                for at in range(0, len(vectors), AT_ONCE)
            ]
            or [np.zeros(0, np.int64)]
        )
