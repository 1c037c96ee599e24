"""The same answer for everybody: what happened to the average customer before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.study import Sample, Study

__all__ = ["Base"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Constant:
    answer: Floats

    def predict(self, study: Study, window: Window, customers: NDArray[np.int64]) -> Floats:
        """Return the one answer, once a customer."""
        del study, window
        return np.tile(self.answer, (len(customers), *([1] * self.answer.ndim)))


class Base:
    """The base rate: the newest labels' mean, by class for ``which``."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> _Constant:
        """Take the mean of the validation sample, which is the newest that is known."""
        del train
        truth = validation.truth
        if study.question.shape in ("how_many", "how_much"):
            typical = np.expm1(np.log1p(truth).mean())
            scale = study.plan.test.horizon_days / validation.window.horizon_days
            return _Constant(np.array([truth.mean() * scale, typical * scale]))
        return _Constant(np.asarray(truth.mean(axis=0)))
