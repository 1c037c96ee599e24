"""A head that reads some columns only, so that a stack can weigh blocks against each other."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limner.errors import NotFitted
from limner.heads.boosted import BoostedHead, bagged_trees, boosted_trees, few_trees
from limner.heads.linear import LinearHead
from limner.heads.stacked import Contributing, Head, Objective, useful_columns
from limner.model.normaliser import StandardScores

__all__ = ["ReadingHead", "attribute_heads", "block_heads"]

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Ints = NDArray[np.int64]
Pick = Callable[[Features, Floats], Ints]
MOST_COLUMNS = 80
"""Who somebody is, is told from so many of the counted columns, a model a value."""


class ReadingHead:
    """Hands a head some of the columns.

    Parameters
    ----------
    head
        What learns.
    columns
        Which columns it may read.
    pick
        Chooses among these by features (N, C) and truth (N,) when it learns; none: all are read.
    """

    def __init__(self, head: Head, columns: slice | Ints, *, pick: Pick | None = None) -> None:
        self.head, self.columns, self.pick = head, columns, pick

    def fit(self, features: Features, truth: Floats) -> Self:
        """Learn from features (N, F) and truth (N,)."""
        if self.pick is not None:
            places = np.arange(features.shape[1])[self.columns]
            self.columns = places[self.pick(features[:, places], truth)]
        self.head.fit(features[:, self.columns], truth)
        return self

    def predict(self, features: Features) -> Floats:
        """Answer for N customers: (N,)."""
        return self.head.predict(features[:, self.columns])

    def contributions(self, features: Features) -> Floats:
        """Return what each column adds, nought for those that are not read: (N, F).

        Raises
        ------
        NotFitted
            If the head within cannot tell.
        """
        if not isinstance(self.head, Contributing):
            raise NotFitted("only a boosted head can give contributions")
        added = np.zeros(features.shape)
        added[:, self.columns] = self.head.contributions(features[:, self.columns])
        return added

    def save(self, file: Path) -> None:
        """Write what was learned to files that begin with this name."""
        self.head.save(file)
        if self.pick is not None:
            np.savez_compressed(_beside(file), columns=np.asarray(self.columns))

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        self.head.load(file)
        if self.pick is not None:
            with np.load(_beside(file), allow_pickle=False) as arrays:
                self.columns = arrays["columns"]
        return self


def block_heads(
    counted: int, learned: int | None = None, beside: Mapping[str, int] | None = None
) -> Callable[[Objective, int], Mapping[str, Head]]:
    """Return what makes a stack across blocks: what was counted, what was learned, and both.

    Parameters
    ----------
    counted
        How many columns were counted.
    learned
        How many columns behind them a behaviour model learned; 0: none, and none: all.
    beside
        How many columns each further block has, one after another behind those. Each is read
        alone by a linear head, which keeps the block's numbers on one scale, and all of them
        beside what was counted by boosted trees: the stack's weights say what that is worth.
    """
    more = dict(beside or {})

    def make(objective: Objective, seed: int) -> Mapping[str, Head]:
        # Several members are boosted: one ensemble each is enough.
        trees = boosted_trees().model_copy(update={"ensembles": 1})

        def boosted(number: int) -> BoostedHead:
            # Seeds apart, so that the trees of two members are not the same ones.
            return BoostedHead(objective, config=trees, seed=seed + number)

        bagged = BoostedHead(objective, config=bagged_trees(), seed=seed)
        whole = boosted(0) if not more else ReadingHead(boosted(0), slice(0, _end(learned)))
        made: dict[str, Head] = {"boosted": whole}
        if learned != 0:
            made["counted"] = ReadingHead(boosted(1), slice(0, counted))
        made["bagged"] = ReadingHead(bagged, slice(0, counted))
        if learned != 0:
            own = slice(counted, _end(learned) if more else None)
            made["learned"] = ReadingHead(LinearHead(objective, seed=seed), own)
        if more:
            at = counted + (learned or 0)
            made |= _alone(objective, seed, at, more)
            columns = np.r_[0:counted, at : at + sum(more.values())]
            made["met"] = ReadingHead(boosted(2), columns)
        return made

    def _end(width: int | None) -> int | None:
        return None if width is None else counted + width

    return make


def attribute_heads(
    counted: int, blocks: Mapping[str, int]
) -> Callable[[Objective, int], Mapping[str, Head]]:
    """Return what makes a stack that tells who somebody is: a model a value, quick and small.

    Parameters
    ----------
    counted
        How many columns were counted; 0: they are not read.
    blocks
        How many columns each block behind them has. Each is read alone by a linear head.
    """

    def make(objective: Objective, seed: int) -> Mapping[str, Head]:
        made: dict[str, Head] = {}
        if counted:
            own = slice(0, counted)
            pick = partial(useful_columns, objective, most=MOST_COLUMNS, seed=seed)
            quick = BoostedHead(objective, config=few_trees(), seed=seed)
            made["linear"] = ReadingHead(LinearHead(objective, seed=seed), own, pick=pick)
            made["boosted"] = ReadingHead(quick, own, pick=pick)
        return made | _alone(objective, seed, counted, blocks)

    return make


def _alone(objective: Objective, seed: int, at: int, blocks: Mapping[str, int]) -> dict[str, Head]:
    """Return a linear head for each block of columns from a place on."""
    made: dict[str, Head] = {}
    for name, width in blocks.items():
        scale = StandardScores(each=False)
        head = LinearHead(objective, normaliser=scale, seed=seed)
        made[name] = ReadingHead(head, slice(at, at + width))
        at += width
    return made


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.stem}_columns.npz")
