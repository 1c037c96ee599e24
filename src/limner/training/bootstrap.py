"""How sure a number is: the same thousand resamples of the customers for every method.

A percentile bootstrap over customers (Efron, Tibshirani: "An Introduction to the Bootstrap", 1993,
chapter 13). All methods are read on the same resamples, so the difference of two methods is taken
within each resample, and what is easy or hard about a draw falls out of it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL", "interval", "resample_counts"]

Floats = NDArray[np.float64]

LEVEL = 0.95
"""How much of the resamples an interval holds."""

BLOCK_CELLS = 150_000
"""How many counts are drawn at a time: 600 kB, which stay in the cache."""


def resample_counts(
    customers: int, rng: np.random.Generator, *, resamples: int = 1000
) -> Iterator[NDArray[np.float32]]:
    """Draw N customers with replacement, again and again, and say how often each came.

    Parameters
    ----------
    customers
        N.
    rng
        Where chance comes from; the same generator state gives the same draws.
    resamples
        How many.

    Yields
    ------
    Counts (N, R) as whole numbers in float32, R of them at a time, ``resamples`` in all; each
    column sums to N.
    """
    at_once = int(np.clip(BLOCK_CELLS // max(1, customers), 8, 128))
    for begin in range(0, resamples, at_once):
        size = min(at_once, resamples - begin)
        drawn = rng.integers(0, max(1, customers), (size, customers))
        drawn += np.arange(size)[:, None] * customers
        counts = np.bincount(drawn.ravel(), minlength=size * customers)
        yield np.ascontiguousarray(counts.reshape(size, customers).T, np.float32)


def interval(values: Floats) -> tuple[float, float] | None:
    """Return the 2.5 % and 97.5 % points of resampled values, or None if none of them exists.

    Resamples in which the value does not exist (NaN) are left out.
    """
    there = values[np.isfinite(values)]
    if not there.size:
        return None
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
