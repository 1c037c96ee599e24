"""How long ago the last order was, and nothing else."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.amounts import learn_amount
from limner.heads.blockwise import learn_binary
from limner.heads.features import pair_history, recency_block
from limner.heads.stacked import StackedHead, linear_only
from limner.heads.study import Learned, Sample, Study

__all__ = ["Recency"]

Floats = NDArray[np.float64]


class Recency:
    """The days since the last order, through a linear head; by class for ``which``."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn one curve over recency."""
        make = partial(StackedHead, "binary", heads=linear_only, seed=study.seed)
        if study.question.shape == "whether" or study.question.attribute is not None:
            return learn_binary(study, train, validation, block=recency_block, make=make)
        if study.question.shape == "which":
            return _ByClass(study, [*train, validation])
        return learn_amount(study, train, validation, block=recency_block, heads=linear_only)


class _ByClass:
    """The share of customers who come back to a class, by how long ago they had it last.

    The days are cut at tenths of what was seen; never having had it is a band of its own.
    """

    def __init__(self, study: Study, samples: Sequence[Sample]) -> None:
        recency, truth = [], []
        for sample in samples:
            recency.append(self._recency(study, sample.window, sample.customers).reshape(-1))
            truth.append(sample.truth.reshape(-1))
        days, outcome = np.concatenate(recency), np.concatenate(truth)
        known = days[~np.isnan(days)]
        self._edges = np.quantile(known, np.linspace(0.02, 0.98, 49)) if len(known) else np.zeros(1)
        bands = self._bands(days)
        count = np.bincount(bands, minlength=len(self._edges) + 2)
        hits = np.bincount(bands, outcome, minlength=len(self._edges) + 2)
        self._shares = (hits + outcome.mean()) / (count + 1.0)

    def predict(self, study: Study, window: Window, customers: NDArray[np.int64]) -> Floats:
        """Return the share of each pair's band (N, C)."""
        return np.asarray(self._shares[self._bands(self._recency(study, window, customers))])

    def _bands(self, days: NDArray[np.float32]) -> NDArray[np.int64]:
        bands = np.searchsorted(self._edges, np.nan_to_num(days, nan=0.0))
        return np.where(np.isnan(days), len(self._edges) + 1, bands)

    @staticmethod
    def _recency(study: Study, window: Window, customers: NDArray[np.int64]) -> NDArray[np.float32]:
        history = pair_history(study, window, customers)
        return history.values[:, :, history.names.index("recency")]
