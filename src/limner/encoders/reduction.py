"""Long vectors of a pretrained model, told by their main directions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limner.errors import NotFitted, TooFew

__all__ = ["Reduction"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Reduction:
    """``centre`` (D,) is taken off, and ``directions`` (E, D) tell what is left.

    What is told has length 1: of what models make of words and pictures, the direction is what
    means something.
    """

    centre: Floats
    directions: Floats

    @classmethod
    def learn(cls, vectors: Floats, *, most: int) -> Self:
        """Find the main directions of N vectors (N, D), E of them at most.

        Raises
        ------
        TooFew
            If there is no vector.
        """
        if not len(vectors):
            raise TooFew("there is no vector to learn main directions from")
        told = vectors.astype(np.float64)
        centre = told.mean(axis=0)
        told -= centre
        _, _, directions = np.linalg.svd(told.T @ told)
        # The sign of a direction is chance: let its largest number be positive.
        largest = np.abs(directions).argmax(axis=1)
        directions *= np.sign(directions[np.arange(len(directions)), largest])[:, None]
        return cls(centre.astype(np.float32), directions[:most].astype(np.float32))

    def read(self, vectors: Floats) -> Floats:
        """Return N vectors (N, D) along the directions (N, E), of length 1; nought stays nought."""
        placed = (vectors - self.centre) @ self.directions.T
        length = np.sqrt(np.square(placed).sum(axis=1, keepdims=True))
        placed = placed / np.maximum(length, 1e-9)
        placed[~vectors.any(axis=1)] = 0
        return np.asarray(placed, np.float32)

    def save(self, path: Path) -> None:
        """Write it to an ``.npz`` file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}")
        with fresh.open("wb") as out:
            np.savez_compressed(out, centre=self.centre, directions=self.directions)
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        NotFitted
            If there is nothing.
        """
        if not path.is_file():
            raise NotFitted(f"{path} does not exist", hint="learn the directions first")
        with np.load(path, allow_pickle=False) as arrays:
            return cls(arrays["centre"], arrays["directions"])
