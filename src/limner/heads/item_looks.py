"""Which items look like what a customer met: in words, in pictures, and however new they are."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.events.item_vectors import LOOKS
from limner.heads.item_shelf import Shelf
from limner.heads.study import Study

__all__ = ["Look", "looks_at"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

SHARPNESS = 20.0
"""How much more a near item speaks than a far one: the factor of their cosine in the exponent."""
AT_ONCE = 512
"""Customers at a time."""
ALIKE, FRESH = 20, 10
"""How many candidates a look brings: the most alike of all items, and of the new ones."""
UNKNOWN = -20.0
"""The logarithm of how alike something is to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at the items, and at what N customers met.

    ``vectors`` (V, E) of the items, of length 1 or nought; ``tastes`` (N, E) the customers' mean,
    each item by the root of what speaks for it; of length 1 or nought.
    """

    name: str
    vectors: Floats
    tastes: Floats

    def scores(self, owners: Ints, items: Ints) -> Floats:
        """Return how alike items are to their customers' tastes (P,): a cosine."""
        told = np.einsum("pe,pe->p", self.tastes[owners], self.vectors[items])
        return np.asarray(told, np.float32)

    def nearest(
        self, shelf: Shelf, customers: Ints, owners: Ints, items: Ints, fade: int
    ) -> Floats:
        """Return how near items are to single things that their customers met (P,).

        The logarithm of the mean of ``exp(SHARPNESS (cosine - 1))`` over what the customer met, by
        the root of what speaks for it. ``owners`` rise.
        """
        mine, places = shelf.pairs_of(customers)
        weights = np.sqrt(shelf.evidence(fade)[places])
        met = shelf.history.items[places]
        starts = np.searchsorted(mine, np.arange(len(customers) + 1))
        asked = np.searchsorted(owners, np.arange(len(customers) + 1))
        found = np.full(len(items), UNKNOWN, np.float32)
        for one in range(len(customers)):
            own, wanted = slice(*starts[one : one + 2]), slice(*asked[one : one + 2])
            total = weights[own].sum()
            if total <= 0 or wanted.start == wanted.stop:
                continue
            alike = self.vectors[items[wanted]] @ self.vectors[met[own]].T
            near = np.exp(SHARPNESS * (alike - 1)) @ weights[own]
            found[wanted] = np.maximum(np.log(np.maximum(near / total, 1e-9)), UNKNOWN)
        return found

    def best(self, among: Ints, *, most: int) -> tuple[Ints, Ints]:
        """Return the items most alike to each taste: rows of customers and items."""
        kept = min(most, len(among))
        if not kept:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        shown = self.vectors[among].T
        found = []
        for at in range(0, len(self.tastes), AT_ONCE):
            alike = self.tastes[at : at + AT_ONCE] @ shown
            found.append(np.argpartition(-alike, kept - 1, axis=1)[:, :kept])
        owners = np.repeat(np.arange(len(self.tastes)), kept)
        return owners, among[np.concatenate(found).reshape(-1)]

    def brings(self, offered: Ints, ages: Floats, *, new_days: float) -> list[tuple[Ints, Ints]]:
        """Return candidates: the most alike of the items offered, and of the new among them.

        ``ages`` (V,) are how long each item has been met, in days.
        """
        seen = offered[self.vectors[offered].any(axis=1)]
        new = seen[ages[seen] <= new_days]
        return [self.best(seen, most=ALIKE), self.best(new, most=FRESH)]


def looks_at(
    study: Study,
    shelf: Shelf,
    customers: Ints,
    *,
    fade: int,
    names: Collection[str] = LOOKS,
) -> list[Look]:
    """Return every look of these names that the log keeps, as of a cut."""
    wanted = sorted(name for name in study.ledger.looks if name in names)
    if not wanted:
        return []
    mine, places = shelf.pairs_of(customers)
    weights = np.sqrt(shelf.evidence(fade)[places]).astype(np.float32)
    met = shelf.history.items[places]
    found = []
    for name in wanted:
        each = study.ledger.looks[name]
        length = np.linalg.norm(each.vectors, axis=1, keepdims=True)
        vectors = each.vectors / np.maximum(length, np.float32(1e-9))
        tastes = np.zeros((len(customers), vectors.shape[1]), np.float32)
        np.add.at(tastes, mine, weights[:, None] * vectors[met])
        length = np.linalg.norm(tastes, axis=1, keepdims=True)
        found.append(Look(name, vectors, tastes / np.maximum(length, np.float32(1e-9))))
    return found
