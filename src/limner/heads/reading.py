"""A head that reads some columns only, so that a stack can weigh blocks against each other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limner.heads.boosted import BoostedHead, bagged_trees, boosted_trees
from limner.heads.linear import LinearHead
from limner.heads.stacked import Head, Objective

__all__ = ["ReadingHead", "block_heads"]

Floats = NDArray[np.float64]
Features = NDArray[np.float32]


class ReadingHead:
    """Hands a head some of the columns.

    Parameters
    ----------
    head
        What learns.
    columns
        Which columns it may read.
    """

    def __init__(self, head: Head, columns: slice) -> None:
        self.head, self.columns = head, columns

    def fit(self, features: Features, truth: Floats) -> Self:
        """Learn from features (N, F) and truth (N,)."""
        self.head.fit(features[:, self.columns], truth)
        return self

    def predict(self, features: Features) -> Floats:
        """Answer for N customers: (N,)."""
        return self.head.predict(features[:, self.columns])

    def save(self, file: Path) -> None:
        """Write what was learned to files that begin with this name."""
        self.head.save(file)

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        self.head.load(file)
        return self


def block_heads(counted: int) -> Callable[[Objective, int], Mapping[str, Head]]:
    """Return what makes a stack across blocks: what was counted, what was learned, and both.

    Parameters
    ----------
    counted
        How many columns were counted; those behind them were learned.
    """

    def make(objective: Objective, seed: int) -> Mapping[str, Head]:
        # Two members are boosted: one ensemble each is enough.
        trees = boosted_trees().model_copy(update={"ensembles": 1})
        # Seeds apart, so that the trees of two members are not the same ones.
        return {
            "boosted": BoostedHead(objective, config=trees, seed=seed),
            "counted": ReadingHead(
                BoostedHead(objective, config=trees, seed=seed + 1), slice(0, counted)
            ),
            "bagged": ReadingHead(
                BoostedHead(objective, config=bagged_trees(), seed=seed), slice(0, counted)
            ),
            "learned": ReadingHead(LinearHead(objective, seed=seed), slice(counted, None)),
        }

    return make
