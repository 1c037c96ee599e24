"""Customers at random moments, with what followed each: what the log teaches without labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limner.dataset.batches import Batch, batch_at
from limner.dataset.futures import Futures, futures
from limner.dataset.sequences import DAY_US, Sequences
from limner.dataset.vocabulary import FIELDS
from limner.errors import TooFew

__all__ = ["Teacher"]

HOUR_US = DAY_US // 24
FEWEST = 100
"""With fewer customers, all of them teach and none examines."""


class Teacher:
    """Draws customers and moments; the same seed and step draw the same.

    A moment lies between a customer's first event and the last one whose shortest future is known.

    Parameters
    ----------
    buckets
        All events before ``until_us``, none left out.
    until_us
        Up to where the log is known, in microseconds since 1970.
    horizons_days, class_days
        How far ahead is looked, and how far for classes.
    class_of
        The class of each number of a category, -1 for none.
    classes
        How many classes there are.
    longest
        How many visits are read at most, T.
    seed
        Where chance begins.
    without
        Customers who shall not teach, one mark for each code of the ledger; none: all teach.

    Raises
    ------
    TooFew
        If nobody was seen long enough before ``until_us``.
    """

    def __init__(
        self,
        buckets: Sequence[Sequences],
        *,
        until_us: int,
        horizons_days: tuple[float, ...],
        class_days: float,
        class_of: NDArray[np.int64],
        classes: int,
        longest: int,
        seed: int,
        without: NDArray[np.bool_] | None = None,
    ) -> None:
        self.buckets, self.until_us, self.seed = buckets, until_us, seed
        self.horizons_days, self.class_days = horizons_days, class_days
        self.classes, self.longest = classes, longest
        category = FIELDS.index("category")
        self._class_of = [class_of[one.codes[:, category]] for one in buckets]
        self._latest = until_us - round(min(horizons_days) * DAY_US)
        early = [one.first_us + HOUR_US < self._latest for one in buckets]
        if without is not None:
            early = [
                each & ~without[one.customers] for each, one in zip(early, buckets, strict=True)
            ]
        self._ready = [np.flatnonzero(each) for each in early]
        counts = np.array([len(one) for one in self._ready], np.float64)
        self._held = [np.zeros(0, np.int64) for _ in buckets]
        if counts.sum() >= FEWEST:
            self._hold_out()
            counts = np.array([len(one) for one in self._ready], np.float64)
        if not counts.sum():
            raise TooFew(
                f"nobody was seen more than {min(horizons_days):g} days before the cut",
                hint="choose a later cut",
            )
        self._shares = counts / counts.sum()

    def _hold_out(self) -> None:
        """Put a tenth of the customers of each bucket aside: they never teach."""
        rng = np.random.default_rng([self.seed, len(self.buckets)])
        for number, ready in enumerate(self._ready):
            order = rng.permutation(ready)
            count = len(ready) // 10
            self._held[number], self._ready[number] = order[:count], np.sort(order[count:])

    def examination(self, *, customers: int, moments: int) -> list[tuple[Batch, Futures]]:
        """Return the same batches whenever it is asked: customers who never teach, one a bucket."""
        rng = np.random.default_rng([self.seed, 0, 1])
        return [
            self._look(number, held[:customers], moments, rng)
            for number, held in enumerate(self._held)
            if len(held)
        ]

    def draw(
        self, step: int, turn: int = 0, *, customers: int, moments: int
    ) -> tuple[Batch, Futures]:
        """Return B customers of one bucket at M moments each, and what followed: B * M rows."""
        rng = np.random.default_rng([self.seed, step, turn])
        number = int(rng.choice(len(self.buckets), p=self._shares))
        ready = self._ready[number]
        rows = rng.choice(ready, min(customers, len(ready)), replace=False)
        return self._look(number, rows, moments, rng)

    def slices(self, step: int, turn: int = 0, *, customers: int) -> Batch | None:
        """Return two parts of the history of each of B customers, side by side: 2 * B rows.

        Each is some visits in a row, a quarter of the history at least, told as if it were all.
        Customers of fewer than four visits have no parts; none if nobody has any.
        """
        rng = np.random.default_rng([self.seed, step, turn, 2])
        number = int(rng.choice(len(self.buckets), p=self._shares))
        return self._parts(number, self._ready[number], customers, rng)

    def examined_slices(self, *, customers: int) -> list[Batch | None]:
        """Return parts of histories of customers who never teach, for each examination's batch."""
        rng = np.random.default_rng([self.seed, 0, 1, 5])
        return [
            self._parts(number, held, customers, rng)
            for number, held in enumerate(self._held)
            if len(held)
        ]

    def _parts(
        self, number: int, rows: NDArray[np.int64], customers: int, rng: np.random.Generator
    ) -> Batch | None:
        """Draw two parts of the histories of some customers of a bucket."""
        bucket = self.buckets[number]
        able = rows[bucket.lengths[rows] >= 4]
        if not len(able):
            return None
        rows = np.repeat(rng.choice(able, min(customers, len(able)), replace=False), 2)
        whole = np.minimum(bucket.lengths[rows], 4 * self.longest)
        share = rng.uniform(0.25, 0.75, len(rows))
        length = np.clip(np.round(share * whole).astype(np.int64), 2, self.longest)
        start = (rng.random(len(rows)) * (whole - length + 1)).astype(np.int64)
        start += bucket.lengths[rows] - whole
        last = bucket.visit_us[bucket.visits[rows] + start + length - 1]
        return batch_at(bucket, rows, last[:, None] + 1, longest=self.longest, since=start)

    def _look(
        self, number: int, rows: NDArray[np.int64], moments: int, rng: np.random.Generator
    ) -> tuple[Batch, Futures]:
        """Look at customers of a bucket at random moments of their own."""
        bucket = self.buckets[number]
        first = bucket.first_us[rows][:, None] + HOUR_US
        share = rng.random((len(rows), moments))
        at = (first + share * (self._latest - first)).astype(np.int64)
        future = futures(
            bucket,
            np.repeat(rows, moments),
            at.reshape(-1),
            until_us=self.until_us,
            horizons_days=self.horizons_days,
            class_of=self._class_of[number],
            classes=self.classes,
            class_days=self.class_days,
        )
        return batch_at(bucket, rows, at, longest=self.longest), future
