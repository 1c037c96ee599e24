"""Metrics read on many resamples at once: each customer counts as often as it was drawn.

A gauge is made once from the truth and a prediction, sorting what needs sorting; then it reads a
block of counts (N, R), one column a resample, and returns R values. Counts of one give the metric
itself; counts of two and zero, what it would be with those customers repeated and left out. A
value that does not exist (no outcome of one kind was drawn) is NaN.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BINS",
    "TOP_SHARE",
    "Counts",
    "Gauge",
    "auroc_gauge",
    "average_precision_gauge",
    "bin_shares",
    "ece_gauge",
    "lift_gauge",
    "mean_gauge",
    "mean_of_gauges",
    "r2_gauge",
    "ratio_gauge",
    "rmse_gauge",
    "spearman_gauge",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Counts = NDArray[np.floating]
"""How often each of N customers was drawn in each of R resamples: (N, R)."""
Gauge = Callable[[Counts], Floats]
"""Reads counts (N, R) and returns R values."""

BINS = 15
"""How many bins of equal mass the calibration error is taken over."""
TOP_SHARE = 0.1
"""The share of customers that the lift looks at."""

BLOCK_ROWS = 4096
"""How many rows of counts are gathered at a time, so that they stay in the cache."""
STRETCH = 32
"""How many rows a stretch has whose running sums are made together with those of the others."""


def ratio_gauge(above: Floats, below: Floats) -> Gauge:
    """Gauge the sum of ``above`` over the sum of ``below``, both (N,) and one a customer."""
    return lambda counts: _divide(_dot(above, counts), _dot(below, counts))


def mean_gauge(values: Floats) -> Gauge:
    """Gauge the mean of one value a customer, (N,)."""
    return ratio_gauge(values, np.ones(len(values)))


def rmse_gauge(truth: Floats, predicted: Floats) -> Gauge:
    """Gauge the root of the mean squared error."""
    mean = mean_gauge((predicted - truth) ** 2)
    return lambda counts: np.asarray(np.sqrt(mean(counts)))


def r2_gauge(truth: Floats, predicted: Floats) -> Gauge:
    """Gauge the share of the truth's variance that is explained; worse than the mean is below 0."""
    missed = (truth - predicted) ** 2
    centred = truth - truth.mean() if len(truth) else truth

    def read(counts: Counts) -> Floats:
        mean = _divide(_dot(centred, counts), counts.sum(axis=0))
        spread = _dot(centred**2, counts) - mean * _dot(centred, counts)
        return 1.0 - _divide(_dot(missed, counts), spread)

    return read


def auroc_gauge(truth: Floats, score: Floats, owners: Ints | None = None) -> Gauge:
    """Gauge how often a positive stands above a negative, a tie counting half.

    Parameters
    ----------
    truth
        0 or 1, (M,).
    score
        The higher, the likelier, (M,).
    owners
        To which of the N customers each belongs, (M,); default: one each, M = N.
    """
    ladder = _Ladder.of(truth, score, owners)

    def read(counts: Counts) -> Floats:
        positive = _sums(counts, ladder.positive_rows, ladder.positive_bounds)
        reached, total = _reached(counts, ladder.rows, ladder.sides)
        middle = (reached[: len(positive)] + reached[len(positive) :]) / 2
        positives = positive.sum(axis=0)
        above = np.einsum("gr,gr->r", positive, middle) - positives**2 / 2
        return 1.0 - _divide(above, positives * (total - positives))

    return read


def average_precision_gauge(truth: Floats, score: Floats, owners: Ints | None = None) -> Gauge:
    """Gauge the mean of the precision over the positives, tied scores entering together.

    Parameters are those of :func:`auroc_gauge`.
    """
    ladder = _Ladder.of(truth, score, owners)

    def read(counts: Counts) -> Floats:
        positive = _sums(counts, ladder.positive_rows, ladder.positive_bounds)
        reached, _ = _reached(counts, ladder.rows, ladder.sides[len(positive) :])
        precision = _running(positive) / np.maximum(reached, 1.0)
        return _divide(np.einsum("gr,gr->r", positive, precision), positive.sum(axis=0))

    return read


def lift_gauge(truth: Floats, score: Floats) -> Gauge:
    """Gauge the rate of positives in the best scored tenth over the rate among all.

    A group of equal scores that straddles the border enters with its share of customers and
    their mean outcome, so the order of ties does not matter.
    """
    order = np.argsort(-score, kind="stable")
    bounds = _group_bounds(score[order])

    def read(counts: Counts) -> Floats:
        weight = _sums(counts, order, bounds)
        positive = _sums(counts * truth[:, None].astype(counts.dtype), order, bounds)
        total = weight.sum(axis=0)
        room = TOP_SHARE * total - (np.cumsum(weight, axis=0) - weight)
        inside = np.clip(_divide(room, weight, otherwise=0.0), 0.0, 1.0)
        caught = np.einsum("gr,gr->r", positive, inside)
        return _divide(_divide(caught, TOP_SHARE * total), _divide(positive.sum(axis=0), total))

    return read


def bin_shares(score: Floats, bins: int = BINS) -> tuple[Ints, Floats]:
    """Share out M scores among bins of equal mass, the lowest scores first.

    Equal scores are shared out alike: each of them belongs to a bin with the same share, so the
    order of ties does not matter.

    Returns
    -------
    The group of equal scores that each belongs to (M,), and the shares (G, bins) of the groups;
    each group's shares sum to 1.
    """
    _, groups, sizes = np.unique(score, return_inverse=True, return_counts=True)
    ends = np.cumsum(sizes)
    edges = np.arange(bins + 1) * (len(score) / bins)
    low = np.maximum((ends - sizes)[:, None], edges[None, :-1])
    high = np.minimum(ends[:, None], edges[None, 1:])
    shares = np.maximum(high - low, 0.0) / sizes[:, None]
    return groups.astype(np.int64), shares


def ece_gauge(truth: Floats, score: Floats, owners: Ints | None = None) -> Gauge:
    """Gauge the mean distance between what was said and what came true, over bins of equal mass.

    The bins are drawn once, on all customers; a resample is counted in the same bins. Parameters
    are those of :func:`auroc_gauge`.
    """
    groups, shares = bin_shares(score)
    error = score - truth
    owners = np.arange(len(error)) if owners is None else owners
    customers = int(owners.max()) + 1 if len(owners) else 0
    mass = np.bincount(owners, minlength=customers).astype(np.float64)
    by_bin = np.stack(
        [
            np.bincount(owners, weights=error * shares[groups, at], minlength=customers)
            for at in range(shares.shape[1])
        ]
    )

    def read(counts: Counts) -> Floats:
        summed = np.abs(by_bin.astype(counts.dtype) @ counts[:customers]).sum(axis=0)
        return _divide(summed, _dot(mass, counts[:customers]))

    return read


def spearman_gauge(truth: Floats, score: Floats) -> Gauge:
    """Gauge the correlation of ranks, equal values having their mean rank."""

    def ranker(values: Floats) -> Callable[[Counts], Counts]:
        order = np.argsort(values, kind="stable")
        bounds = _group_bounds(values[order])
        group = np.empty(len(values), np.int64)
        group[order] = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))

        def rank(counts: Counts) -> Counts:
            """Return how far each stands from the middle rank, as a share of all, (N, R)."""
            weight = _sums(counts, order, bounds)
            middle = np.cumsum(weight, axis=0) - weight / 2
            return np.asarray((middle / counts.sum(axis=0) - 0.5)[group])

        return rank

    ranks = ranker(truth), ranker(score)

    def read(counts: Counts) -> Floats:
        first, second = (rank(counts) for rank in ranks)
        weighted = counts * first
        spread = np.einsum("nr,nr->r", weighted, first)
        spread = spread * np.einsum("nr,nr,nr->r", counts, second, second)
        return _divide(np.einsum("nr,nr->r", weighted, second), np.sqrt(spread))

    return read


def mean_of_gauges(gauges: Sequence[Gauge]) -> Gauge:
    """Gauge the mean of several, in each resample over those that have a value there."""

    def read(counts: Counts) -> Floats:
        values = np.stack([gauge(counts) for gauge in gauges])
        there = np.isfinite(values)
        return _divide(np.where(there, values, 0.0).sum(axis=0), there.sum(axis=0))

    return read


@dataclass(frozen=True, slots=True)
class _Ladder:
    """Predictions from the highest score down, and the groups of equals that hold a positive.

    ``rows`` (M,) customers in that order, ``sides`` (2 G,) how many stand above each such group,
    then how many do with the group itself, ``positive_rows`` and ``positive_bounds`` (G + 1,) the
    groups' positives.
    """

    rows: Ints
    sides: Ints
    positive_rows: Ints
    positive_bounds: Ints

    @classmethod
    def of(cls, truth: Floats, score: Floats, owners: Ints | None) -> "_Ladder":
        order = np.argsort(-score, kind="stable")
        groups = _group_bounds(score[order])
        positives = np.add.reduceat(truth[order], groups[:-1]) if len(order) else np.zeros(0)
        met = positives > 0
        rows = order if owners is None else owners[order]
        return cls(
            rows=rows,
            sides=np.concatenate([groups[:-1][met], groups[1:][met]]),
            positive_rows=rows[truth[order] > 0],
            positive_bounds=np.concatenate([[0], np.cumsum(positives[met])]).astype(np.int64),
        )


def _group_bounds(ordered: Floats) -> Ints:
    """Return where each group of equal neighbours begins, and the end: (G + 1,)."""
    changes = np.flatnonzero(np.diff(ordered)) + 1
    ends = [len(ordered)] if len(ordered) else []
    return np.concatenate([[0], changes, ends]).astype(np.int64)


def _sums(counts: Counts, rows: Ints, bounds: Ints) -> Counts:
    """Sum the rows of counts between each two bounds: (S, R) for S + 1 bounds from 0, rising."""
    segments = len(bounds) - 1
    if segments == len(rows):
        return np.take(counts, rows, axis=0)
    summed = np.empty((segments, counts.shape[1]), counts.dtype)
    gathered = np.empty((BLOCK_ROWS, counts.shape[1]), counts.dtype)
    at = 0
    while at < segments:
        begin = bounds[at]
        after = int(np.searchsorted(bounds, begin + BLOCK_ROWS, side="right")) - 1
        if after <= at:  # one segment longer than a block
            drawn = np.bincount(rows[begin : bounds[at + 1]], minlength=len(counts))
            summed[at] = drawn.astype(counts.dtype) @ counts
            at += 1
            continue
        block = gathered[: bounds[after] - begin]
        np.take(counts, rows[begin : bounds[after]], axis=0, out=block, mode="clip")
        np.add.reduceat(block, bounds[at:after] - begin, axis=0, out=summed[at:after])
        at = after
    return summed


def _reached(counts: Counts, rows: Ints, heads: Ints) -> tuple[Counts, Counts]:
    """Sum the first so many rows of counts, for each of K heads (K, R), and all of them (R,)."""
    order = np.argsort(heads, kind="stable")
    waiting = heads[order]
    found = np.zeros((len(heads), counts.shape[1]), counts.dtype)
    total = np.zeros(counts.shape[1], counts.dtype)
    gathered = np.empty((min(BLOCK_ROWS, len(rows)), counts.shape[1]), counts.dtype)
    for begin in range(0, len(rows), BLOCK_ROWS):
        some = rows[begin : begin + BLOCK_ROWS]
        block = gathered[: len(some)]
        np.take(counts, some, axis=0, out=block, mode="clip")
        block = _running(block)
        first, after = np.searchsorted(waiting, [begin, begin + len(some)], side="right")
        found[order[first:after]] = block[waiting[first:after] - begin - 1] + total
        total = total + block[-1]
    return found, total


def _running(values: Counts) -> Counts:
    """Return the running sums of the rows (M, R).

    Within stretches of rows first, all stretches at once, then over the stretches: numpy's own
    sum along the first axis goes down column by column, and is five times as slow.
    """
    summed = values.copy()
    whole = len(values) // STRETCH * STRETCH
    stretches = summed[:whole].reshape(-1, STRETCH, values.shape[1])
    for row in range(1, STRETCH):
        stretches[:, row] += stretches[:, row - 1]
    stretches[1:] += np.cumsum(stretches[:-1, -1], axis=0)[:, None]
    for row in range(max(1, whole), len(values)):
        summed[row] += summed[row - 1]
    return summed


def _dot(values: Floats, counts: Counts) -> Floats:
    return np.asarray(values.astype(counts.dtype) @ counts, np.float64)


def _divide(above: Counts, below: Counts, *, otherwise: float = np.nan) -> Floats:
    """Divide where the divisor is above 0."""
    wide = np.broadcast_shapes(np.shape(above), np.shape(below))
    return np.asarray(np.divide(above, below, out=np.full(wide, otherwise), where=below > 0))
