"""A linear head: logistic or ridge regression on columns brought to one scale."""

from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge

from limner.config import Config
from limner.errors import NotFitted
from limner.model.normaliser import Normaliser, NormalScores

__all__ = ["LinearHead", "LinearHeadConfig"]

Floats = NDArray[np.float64]


class LinearHeadConfig(Config):
    """How strongly a linear head is held back."""

    penalty: float = Field(100.0, gt=0)
    """Weight of the squared coefficients against the sum of losses; dimensionless."""


class LinearHead:
    """Logistic (``binary``) or ridge (``regression``) regression on columns brought to one scale.

    Parameters
    ----------
    objective
        What the truth is.
    config
        How strongly it is held back.
    normaliser
        What brings the columns to one scale; none: the scores of a normal, by rank, so that skewed
        counts and outliers do no harm. It learns with the head.
    seed
        Where chance would begin; there is none.

    Attributes
    ----------
    coefficients_
        One a column of the normaliser, and last the intercept; set by :meth:`fit`.
    """

    def __init__(
        self,
        objective: Literal["binary", "regression"],
        *,
        config: LinearHeadConfig | None = None,
        normaliser: Normaliser | None = None,
        seed: int = 0,
    ) -> None:
        self.objective, self.config, self.seed = objective, config or LinearHeadConfig(), seed
        self.normaliser: Normaliser = normaliser or NormalScores()
        self.coefficients_: Floats | None = None

    def fit(self, features: NDArray[np.float32], truth: Floats) -> Self:
        """Learn from features (N, F), NaN where unknown, and truth (N,)."""
        scores = self.normaliser.fit(features)(features).astype(np.float64)
        if self.objective == "binary":
            model = LogisticRegression(C=1.0 / self.config.penalty, max_iter=500)
            model.fit(scores, truth)
            weights = model.coef_[0]
        else:
            model = Ridge(alpha=self.config.penalty)
            model.fit(scores, truth)
            weights = model.coef_
        self.coefficients_ = np.append(weights, model.intercept_)
        return self

    def predict(self, features: NDArray[np.float32]) -> Floats:
        """Return probabilities (N,), or values (N,) for a regression.

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        """
        weights = self._fitted()
        margin = self.normaliser(features) @ weights[:-1] + weights[-1]
        binary = self.objective == "binary"
        return np.asarray(expit(margin) if binary else margin)

    def save(self, file: Path) -> None:
        """Write the numbers to ``file`` with the suffix ``.npz``, and the scale beside it."""
        np.savez_compressed(file.with_suffix(".npz"), coefficients=self._fitted())
        self.normaliser.save(_scale(file))

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(file.with_suffix(".npz"), allow_pickle=False) as arrays:
            self.coefficients_ = arrays["coefficients"]
        self.normaliser.load(_scale(file))
        return self

    def _fitted(self) -> Floats:
        if self.coefficients_ is None:
            raise NotFitted("the linear head has not learned yet", hint="call fit(…) first")
        return self.coefficients_


def _scale(file: Path) -> Path:
    return file.with_name(f"{file.stem}_scale.npz")
