"""How good a ranked list of items is: the first ten, against all items, old and new ones apart.

Each metric is a mean over the customers who took something within the horizon. ``repeat`` and
``new`` keep the list as it was shown and restrict the truth: to items the customer had taken
before the cut, and to items it had not. A customer without such truth is left out there. Keeping
the list means that a method pays for the places it gives to the other kind, as a shop would.

**N** customers, **K** places in a list.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner.heads.answers import Rankings
from limner.training.gauges import Counts, Gauge

__all__ = ["DEPTH", "PARTS", "Hits", "Part", "coverage", "coverage_gauge", "hits"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Part = Literal["all", "repeat", "new"]
"""Which of the items a customer took count as truth."""
PARTS: tuple[Part, ...] = ("all", "repeat", "new")

DEPTH = 10
"""How many places of a list are looked at."""


@dataclass(frozen=True, slots=True)
class Hits:
    """What N customers found among the first ten: ``found`` (N, 10), ``sought`` (N,) items."""

    found: Bools
    sought: Ints

    @property
    def asked(self) -> Floats:
        """1 for a customer who took something, else 0: (N,)."""
        return (self.sought > 0).astype(np.float64)

    @property
    def ndcg(self) -> Floats:
        """Gain discounted by the logarithm of the place, over the best possible: (N,).

        Järvelin, Kekäläinen: "Cumulated Gain-Based Evaluation of IR Techniques", ACM TOIS 20,
        2002, with gains of 0 and 1 and the discount 1 / log2(place + 1).
        """
        discount = 1.0 / np.log2(np.arange(2, DEPTH + 2))
        best = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(self.sought, DEPTH)]
        return _share((self.found * discount).sum(axis=1), best)

    @property
    def recall(self) -> Floats:
        """The share of the items taken that stood among the ten: (N,).

        Over all items taken, not over ten at most, so a customer who took more than ten cannot
        reach 1.
        """
        return _share(self.found.sum(axis=1), self.sought)

    @property
    def hit(self) -> Floats:
        """1 for a customer who took at least one of the ten, else 0: (N,)."""
        return np.asarray(self.found.any(axis=1), np.float64)


def hits(rankings: Rankings, method: str, part: Part = "all") -> Hits:
    """Compare the first ten that a method showed with what each customer took.

    Parameters
    ----------
    rankings
        What was shown and taken.
    method
        Whose lists.
    part
        Which truth counts, see :data:`Part`.
    """
    customers = np.arange(len(rankings))
    taken = _keys(np.repeat(customers, np.diff(rankings.truth_at)), rankings.truth, rankings.items)
    if part != "all":
        seen = _keys(np.repeat(customers, np.diff(rankings.seen_at)), rankings.seen, rankings.items)
        taken = taken[np.isin(taken, seen) == (part == "repeat")]
    sought = np.bincount(taken // rankings.items, minlength=len(rankings)) if taken.size else None
    shown = rankings.top[method][:, :DEPTH]
    found = np.isin(_keys(customers[:, None], shown, rankings.items), taken) & (shown >= 0)
    return Hits(found, np.zeros(len(rankings), np.int64) if sought is None else sought)


def coverage(rankings: Rankings, method: str) -> float:
    """Return the share of the items that stand among anybody's first ten."""
    return float(coverage_gauge(rankings, method)(np.ones((len(rankings), 1)))[0])


def coverage_gauge(rankings: Rankings, method: str) -> Gauge:
    """Gauge the share of the items that stand among the first ten of any customer drawn.

    A resample lacks a third of the customers and so can only lose items: read its spread, not its
    place. :func:`limner.training.scoring.score` centres it on the value.
    """
    shown = rankings.top[method][:, :DEPTH]
    customers, _ = there = np.nonzero(shown >= 0)
    order = np.argsort(shown[there], kind="stable")
    items = shown[there][order]
    starts = np.flatnonzero(np.diff(items, prepend=-1))
    rows = customers[order]

    def read(counts: Counts) -> Floats:
        if not len(rows):
            return np.zeros(counts.shape[1])
        drawn = np.logical_or.reduceat((counts > 0)[rows], starts, axis=0)
        return np.asarray(drawn.sum(axis=0) / rankings.items, np.float64)

    return read


def _keys(customers: Ints, items: Ints, width: int) -> Ints:
    """Return one number for a customer and an item; -1 items make keys that are never asked."""
    return np.asarray(customers * width + items, np.int64)


def _share(part: Floats, whole: Floats | Ints) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0))
