"""Boosted and bagged trees, on LightGBM."""

from pathlib import Path
from typing import Literal, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from limner.config import Config
from limner.errors import NotFitted

__all__ = ["BoostedHead", "TreesConfig", "bagged_trees", "boosted_trees", "few_trees"]

Floats = NDArray[np.float64]


class TreesConfig(Config):
    """How many trees, how large, and how varied."""

    trees: int = Field(250, ge=1)
    """Trees of one ensemble."""
    ensembles: int = Field(2, ge=1)
    """Ensembles with seeds of their own, whose answers are averaged."""
    leaves: int = Field(7, ge=2)
    """Leaves of one tree."""
    least_in_leaf: int = Field(60, ge=1)
    """Customers in one leaf at least."""
    learning_rate: float = Field(0.03, gt=0)
    """Share of each tree's answer that is taken; bagged trees ignore it."""
    columns: float = Field(0.3, gt=0, le=1)
    """Share of the columns that one tree sees."""
    rows: float = Field(0.7, gt=0, le=1)
    """Share of the rows that one tree sees."""
    penalty: float = Field(10.0, ge=0)
    """Weight of the squared leaf values."""
    bins: int = Field(63, ge=2)
    """Into how many bins each column is cut."""
    bagged: bool = False
    """Grow the trees side by side on random thresholds and average them, rather than in turn."""
    threads: int = Field(2, ge=1)
    """Threads of LightGBM."""


def boosted_trees() -> TreesConfig:
    """Return settings for gradient boosting."""
    return TreesConfig()


def bagged_trees() -> TreesConfig:
    """Return settings for extremely randomised, bagged trees (Geurts and others 2006)."""
    return TreesConfig(bagged=True, trees=60, ensembles=1, leaves=63, least_in_leaf=20, penalty=0.0)


def few_trees() -> TreesConfig:
    """Return settings for a quick ensemble: a model a class, or a first look at the columns."""
    return TreesConfig(trees=60, ensembles=1, learning_rate=0.08)


class BoostedHead:
    """Gradient-boosted trees, or bagged ones; missing values (NaN) go their own way.

    Attributes
    ----------
    boosters_
        The ensembles; set by :meth:`fit`.
    """

    def __init__(
        self,
        objective: Literal["binary", "regression"],
        *,
        config: TreesConfig | None = None,
        seed: int = 0,
    ) -> None:
        self.objective, self.config, self.seed = objective, config or TreesConfig(), seed
        self.boosters_: list[lgb.Booster] | None = None

    def fit(
        self,
        features: NDArray[np.float32],
        truth: Floats,
        *,
        categorical: list[int] | None = None,
    ) -> Self:
        """Learn from features (N, F) and truth (N,); ``categorical`` columns hold codes."""
        config = self.config
        parameters = {
            "objective": self.objective,
            "boosting": "rf" if config.bagged else "gbdt",
            "extra_trees": config.bagged,
            "learning_rate": config.learning_rate,
            "num_leaves": config.leaves,
            "min_data_in_leaf": min(config.least_in_leaf, max(1, len(truth) // 20)),
            "feature_fraction": config.columns,
            "bagging_fraction": config.rows,
            "bagging_freq": 1,
            "lambda_l2": config.penalty,
            "max_bin": config.bins,
            "num_threads": config.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        }
        data = lgb.Dataset(
            features,
            truth,
            params={"max_bin": config.bins, "verbose": -1},
            categorical_feature=categorical or [],
            free_raw_data=True,
        )
        self.boosters_ = [
            lgb.train({**parameters, "seed": self.seed * 1000 + number}, data, config.trees)
            for number in range(config.ensembles)
        ]
        if config.bagged and not self.gains().any():
            # Bagged trees that found nothing to split by answer 0; one boosted tree, the mean.
            self.boosters_ = [
                lgb.train({**parameters, "boosting": "gbdt"}, data, 1) for _ in self.boosters_
            ]
        return self

    def predict(self, features: NDArray[np.float32]) -> Floats:
        """Return probabilities (N,), or values (N,) for a regression.

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        """
        boosters = self._boosters()
        if not len(features):
            return np.zeros(0)
        answers = [
            booster.predict(features, num_threads=self.config.threads) for booster in boosters
        ]
        return np.asarray(np.mean(answers, axis=0), np.float64)

    def contributions(self, features: NDArray[np.float32]) -> Floats:
        """Return what each column adds to the answer, before the link: Shapley values (N, F).

        Source: Lundberg and others 2020, path-dependent TreeSHAP, as LightGBM computes it. The
        first ensemble speaks for all.
        """
        first = self._boosters()[0]
        if not len(features):
            return np.zeros(features.shape)
        shapley = first.predict(features, pred_contrib=True, num_threads=self.config.threads)
        return np.asarray(shapley, np.float64)[:, :-1]

    def gains(self) -> Floats:
        """Return how much each column lowered the loss, summed over the ensembles: (F,)."""
        gains = [booster.feature_importance("gain") for booster in self._boosters()]
        return np.asarray(np.sum(gains, axis=0), np.float64)

    def save(self, file: Path) -> None:
        """Write each ensemble as LightGBM's text to ``file`` with ``.0.txt``, ``.1.txt``, …."""
        for number, booster in enumerate(self._boosters()):
            booster.save_model(f"{file}.{number}.txt")

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        self.boosters_ = [
            lgb.Booster(model_file=f"{file}.{number}.txt")
            for number in range(self.config.ensembles)
        ]
        return self

    def _boosters(self) -> list[lgb.Booster]:
        if self.boosters_ is None:
            raise NotFitted("the trees have not learned yet", hint="call fit(…) first")
        return self.boosters_
