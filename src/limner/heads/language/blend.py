"""Scores of several readers of one text, weighed so that held-out labels are likeliest."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from limner.heads.language.task import TextTask

__all__ = ["Blend"]

Floats = NDArray[np.float64]
Scores = NDArray[Any]
HELD_BACK = 1e-3
"""How strongly weights are drawn to equal parts, against the mean loss."""


class Blend:
    """One weight a reader, all at least nought, and one shift a class.

    This is stacking (Wolpert 1992) with the fewest weights: with hundreds of classes and few
    held-out labels more would be guesses.

    Attributes
    ----------
    weights_
        (R,) for R readers; set by :meth:`fit`.
    """

    def __init__(self, task: TextTask) -> None:
        self.task = task
        self.weights_: Floats = np.zeros(0)

    def fit(self, scores: Sequence[Scores], truth: NDArray[np.float32]) -> Self:
        """Weigh readers by their scores (N, K) each, and truth (N, C) or (N,) of held-out texts."""
        told = np.stack([np.asarray(each, np.float64) for each in scores])
        begin = np.full(len(told), 1.0 / len(told))

        def cost(weights: Floats) -> float:
            said = np.tensordot(weights, told, axes=1)
            far = HELD_BACK * float(np.square(weights - begin).sum())
            return self._loss(said, truth) + far

        found = minimize(cost, begin, method="L-BFGS-B", bounds=[(0.0, 100.0)] * len(told))
        self.weights_ = np.asarray(found.x)
        return self

    def alone(self) -> Self:
        """Let one reader answer as it does."""
        self.weights_ = np.ones(1)
        return self

    def __call__(self, scores: Sequence[Scores]) -> Floats:
        """Return the scores (N, K) that all readers come to."""
        told = np.stack([np.asarray(each, np.float64) for each in scores])
        return np.asarray(np.tensordot(self.weights_, told, axes=1))

    def _loss(self, said: Floats, truth: NDArray[np.float32]) -> float:
        if not self.task.classes:
            return float(np.square(said[:, 0] - truth).mean())
        if self.task.alone:
            right = (said * truth).sum(axis=1)
            return float((logsumexp(said, axis=1) - right).mean())
        right = np.where(truth > 0, said, -said)
        return float(np.logaddexp(0, -right).mean())
