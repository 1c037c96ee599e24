"""By which quantiles the numbers of lines and visits are measured."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from limner.dataset.sequences import NUMBERS, Sequences

__all__ = ["MEASURES", "learn_quantiles"]

Floats = NDArray[np.float32]

MEASURES = (*NUMBERS, "lines", "worth")
"""What of an event is counted: the numbers of its lines, how many lines, and what they sum to."""


def learn_quantiles(buckets: Sequence[Sequences], *, steps: int = 16) -> Mapping[str, Floats]:
    """Return, for each of :data:`MEASURES`, at most ``steps + 1`` rising quantiles.

    A measure that is never known, or always the same, has two quantiles one apart, or as near to
    each other as numbers of its size can be.
    """
    found = {}
    for place, name in enumerate(NUMBERS):
        found[name] = _edges([one.numbers[:, place] for one in buckets], steps)
    amount = NUMBERS.index("amount")
    found["lines"] = _edges([np.diff(one.visit_at) for one in buckets], steps)
    found["worth"] = _edges([_sums(one, amount) for one in buckets], steps)
    return found


def _sums(bucket: Sequences, place: int) -> Floats:
    if not len(bucket.visit_at) > 1:
        return np.zeros(0, np.float32)
    return np.add.reduceat(bucket.numbers[:, place], bucket.visit_at[:-1])


def _edges(parts: Sequence[NDArray[np.generic]], steps: int) -> Floats:
    values = np.concatenate([np.zeros(0, np.float32), *(part.astype(np.float32) for part in parts)])
    values = values[np.isfinite(values)]
    if not len(values):
        return np.array([0.0, 1.0], np.float32)
    edges = np.unique(np.quantile(values, np.linspace(0, 1, steps + 1)).astype(np.float32))
    if len(edges) > 1:
        return edges
    return np.array([edges[0], edges[0] + max(np.float32(1), np.spacing(abs(edges[0])))])
