"""A stacked head: several heads, weighed and calibrated on the validation sample."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from limner.errors import NotFitted
from limner.heads.boosted import BoostedHead, bagged_trees, boosted_trees, few_trees
from limner.heads.calibration import Calibration, calibrate, logit
from limner.heads.linear import LinearHead

__all__ = [
    "Contributing",
    "Head",
    "StackedHead",
    "all_heads",
    "boosted_only",
    "few_boosted",
    "linear_only",
    "quick_heads",
    "tree_heads",
    "useful_columns",
]

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
Objective = Literal["binary", "regression"]
FEW_ROWS = 2000
LOOK_ROWS = 8000
"""The first look at the columns reads so many rows at most."""
PRIOR = 50.0
"""How many validation customers the belief in equal weights is worth."""


class Head(Protocol):
    """What a stack needs of its members."""

    def fit(self, features: Features, truth: Floats) -> Self:
        """Learn from features (N, F) and truth (N,)."""
        ...

    def predict(self, features: Features) -> Floats:
        """Answer for N customers: (N,)."""
        ...

    def save(self, file: Path) -> None:
        """Write what was learned to files that begin with this name."""
        ...

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        ...


@runtime_checkable
class Contributing(Protocol):
    """A member that tells what each column adds."""

    def contributions(self, features: Features) -> Floats:
        """Return what each column adds: (N, F)."""
        ...


def all_heads(objective: Objective, seed: int) -> dict[str, Head]:
    """Return a linear, a boosted and a bagged head."""
    return linear_only(objective, seed) | tree_heads(objective, seed)


def boosted_only(objective: Objective, seed: int) -> dict[str, Head]:
    """Return a boosted head."""
    return {"boosted": BoostedHead(objective, config=boosted_trees(), seed=seed)}


def tree_heads(objective: Objective, seed: int) -> dict[str, Head]:
    """Return a boosted and a bagged head."""
    return boosted_only(objective, seed) | {
        "bagged": BoostedHead(objective, config=bagged_trees(), seed=seed)
    }


def quick_heads(objective: Objective, seed: int) -> dict[str, Head]:
    """Return a linear head and few boosted trees, for a model a class."""
    return linear_only(objective, seed) | few_boosted(objective, seed)


def few_boosted(objective: Objective, seed: int) -> dict[str, Head]:
    """Return few boosted trees alone."""
    return {"boosted": BoostedHead(objective, config=few_trees(), seed=seed)}


def linear_only(objective: Objective, seed: int) -> dict[str, Head]:
    """Return a linear head."""
    return {"linear": LinearHead(objective, seed=seed)}


class StackedHead:
    """Average several heads with weights learned on the validation sample, then calibrate.

    The weights are not negative and sum to one (stacked regressions, Breiman 1996), and lean to
    being equal. Probabilities are averaged as logits. With the weights and the calibration settled,
    every head learns again from the training and the validation sample together, so that the newest
    labels are not wasted.

    Attributes
    ----------
    heads_
        The members by name; set by :meth:`fit`.
    weights_
        Their weights, summing to 1.
    calibration_
        The curve for probabilities; the identity for a regression.
    columns_
        Which columns the heads read: the ones a first, quick ensemble found of use.
    held_out_losses_
        How far the mixture was off of each case of the validation sample, before it learned from
        them too (M,): log loss, or for a regression the squared error. Not kept in a folder.
    """

    def __init__(
        self,
        objective: Objective,
        *,
        most_columns: int = 160,
        heads: Callable[[Objective, int], Mapping[str, Head]] = all_heads,
        seed: int = 0,
    ) -> None:
        self.objective, self.most_columns, self.seed = objective, most_columns, seed
        self._make = heads
        self.heads_: dict[str, Head] | None = None
        self.weights_: Floats | None = None
        self.calibration_ = Calibration()
        self.columns_: NDArray[np.int64] | None = None
        self.held_out_losses_ = np.zeros(0)

    def fit(
        self, features: Features, truth: Floats, held_out: Features, held_out_truth: Floats
    ) -> Self:
        """Learn from a training sample (N, F), (N,) and a validation sample (M, F), (M,)."""
        outcomes = np.concatenate([truth, held_out_truth])
        if self.objective == "binary" and len(np.unique(truth)) < 2:
            return self._settle(float(outcomes.mean()))
        self.columns_ = useful_columns(
            self.objective, features, truth, most=self.most_columns, seed=self.seed
        )
        kept, kept_out = features[:, self.columns_], held_out[:, self.columns_]
        first = {
            name: head.fit(kept, truth)
            for name, head in self._make(self.objective, self.seed).items()
        }
        answers = np.stack([self._margin(head.predict(kept_out)) for head in first.values()])
        self.weights_ = _weigh(answers, held_out_truth, self.objective)
        self.held_out_losses_ = _losses(self.weights_ @ answers, held_out_truth, self.objective)
        if self.objective == "binary":
            mixed = 1 / (1 + np.exp(-self.weights_ @ answers))
            self.calibration_ = calibrate(mixed, held_out_truth, seed=self.seed)
        everything = np.concatenate([kept, kept_out])
        chosen = (self.weights_ > 0) | (np.array(list(first)) == "boosted")
        self.heads_ = {
            name: head.fit(everything, outcomes)
            for (name, head), keep in zip(
                self._make(self.objective, self.seed).items(), chosen, strict=True
            )
            if keep
        }
        self.weights_ = self.weights_[chosen]
        return self

    def _settle(self, share: float) -> Self:
        """Answer with the base rate, where the training sample knows one outcome only."""
        self.heads_, self.weights_ = {}, np.zeros(0)
        self.columns_ = np.zeros(0, np.int64)
        self.calibration_ = Calibration(1.0, float(logit(np.array(share))))
        return self

    def predict(self, features: Features) -> Floats:
        """Return calibrated probabilities (N,), or values (N,) for a regression.

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        """
        heads, weights, columns = self._fitted()
        kept = features[:, columns]
        margin = np.zeros(len(features))
        for (_, head), weight in zip(heads.items(), weights, strict=True):
            if weight > 0:
                margin += weight * self._margin(head.predict(kept))
        if self.objective == "regression":
            return margin
        return self.calibration_(1 / (1 + np.exp(-margin)))

    def contributions(self, features: Features) -> Floats:
        """Return what each column adds, as the boosted member sees it: (N, F)."""
        heads, _, columns = self._fitted()
        if not heads:
            return np.zeros(features.shape)
        boosted = heads.get("boosted")
        if not isinstance(boosted, Contributing):
            raise NotFitted("only a stack with a boosted member can give contributions")
        added = np.zeros(features.shape)
        added[:, columns] = boosted.contributions(features[:, columns])
        return added

    def save(self, folder: Path) -> None:
        """Write every member and ``stack.json`` into a folder."""
        heads, weights, columns = self._fitted()
        folder.mkdir(parents=True, exist_ok=True)
        for name, head in heads.items():
            head.save(folder / name)
        table: dict[str, Any] = {
            "objective": self.objective,
            "heads": list(heads),
            "weights": weights.tolist(),
            "columns": columns.tolist(),
            "calibration": self.calibration_.to_dict(),
        }
        (folder / "stack.json").write_text(json.dumps(table), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        table = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
        made = self._make(self.objective, self.seed)
        self.heads_ = {name: made[name].load(folder / name) for name in table["heads"]}
        self.weights_ = np.asarray(table["weights"], np.float64)
        self.columns_ = np.asarray(table["columns"], np.int64)
        self.calibration_ = Calibration.from_dict(table["calibration"])
        return self

    def _fitted(self) -> tuple[dict[str, Head], Floats, NDArray[np.int64]]:
        if self.heads_ is None or self.weights_ is None or self.columns_ is None:
            raise NotFitted("the stack has not learned yet", hint="call fit(…) first")
        return self.heads_, self.weights_, self.columns_

    def _margin(self, answer: Floats) -> Floats:
        return logit(answer) if self.objective == "binary" else answer


def useful_columns(
    objective: Objective, features: Features, truth: Floats, *, most: int, seed: int
) -> NDArray[np.int64]:
    """Return the ``most`` columns of features (N, F) that tell most of truth (N,), in their order.

    Those that few boosted trees gain most from; where there are too few rows to grow trees
    on, those that correlate with the truth most.
    """
    if features.shape[1] <= most:
        return np.arange(features.shape[1])
    if len(features) < FEW_ROWS:
        told = _correlations(features, truth)
    else:
        some = np.random.default_rng(seed).permutation(len(features))[:LOOK_ROWS]
        quick = BoostedHead(objective, config=few_trees(), seed=seed)
        told = quick.fit(features[some], truth[some]).gains()
    return np.sort(np.argsort(-told, kind="stable")[:most])


def _correlations(features: Features, truth: Floats) -> Floats:
    """Return how strongly each column goes with the truth: |r| (F,), a missing value being 0."""
    known = np.sign(features) * np.log1p(np.abs(np.nan_to_num(features)))
    centred = known - known.mean(axis=0)
    spread = np.sqrt((centred**2).sum(axis=0) * ((truth - truth.mean()) ** 2).sum())
    together = np.abs((truth - truth.mean()) @ centred)
    return np.where(spread > 0, together / np.maximum(spread, 1e-12), 0.0)


def _losses(mixed: Floats, truth: Floats, objective: Objective) -> Floats:
    """Return the losses (N,) of log odds (N,), or of values (N,) for a regression."""
    if objective == "binary":
        return np.asarray(np.logaddexp(0.0, mixed) - truth * mixed)
    return np.asarray((mixed - truth) ** 2)


def _weigh(answers: Floats, truth: Floats, objective: Objective) -> Floats:
    """Find weights (H,) on the simplex that lower the loss of the mixture of answers (H, N)."""
    count = len(answers)
    if count == 1:
        return np.ones(1)

    def loss(weights: Floats) -> float:
        mixed = weights @ answers
        if objective == "binary":
            total = float(np.sum(np.logaddexp(0.0, mixed) - truth * mixed))
        else:
            total = float(np.sum((mixed - truth) ** 2) / (2 * np.var(truth) + 1e-12))
        return (total + PRIOR * float(np.sum((weights - 1 / count) ** 2))) / len(truth)

    found = minimize(
        loss,
        np.full(count, 1 / count),
        method="SLSQP",
        bounds=[(0, 1)] * count,
        constraints={"type": "eq", "fun": lambda weights: float(np.sum(weights) - 1)},
    )
    weights = np.clip(found.x, 0, None)
    weights[weights < 0.02] = 0.0
    return np.asarray(weights / weights.sum())
