"""Two numbers a customer from columns: the amount expected, and the typical one."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.isotonic import IsotonicRegression

from limner.config import Config
from limner.errors import BadShape, NotFitted
from limner.heads.stacked import Head, StackedHead, all_heads

__all__ = ["AmountConfig", "AmountHead", "MakeHeads"]

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MakeHeads = Callable[[Literal["binary", "regression"], int], Mapping[str, Head]]
"""Makes the members of a stack, by objective and seed."""

LEAST = 1e-4
"""A prior below this, in orders or money, is taken for it: a logarithm needs something."""
DRIFT = 0.05
"""How far a volume may drift between two windows: the standard deviation of its logarithm."""
NAMES = ("expected", "typical")


class AmountConfig(Config):
    """How the trees of an :class:`AmountHead` grow; ``on_prior`` where they correct a prior."""

    trees: int = Field(200, ge=1)
    """Trees of one ensemble."""
    trees_on_prior: int = Field(150, ge=1)
    """Trees of one ensemble that corrects a prior."""
    leaves: int = Field(15, ge=2)
    """Leaves of one tree."""
    leaves_on_prior: int = Field(8, ge=2)
    """Leaves of one tree that corrects a prior."""
    least_in_leaf: int = Field(60, ge=1)
    """Customers in one leaf at least."""
    least_in_leaf_on_prior: int = Field(400, ge=1)
    """Customers in one leaf at least, where a prior is corrected."""
    learning_rate: float = Field(0.03, gt=0)
    """Share of each tree's answer that is taken."""
    columns: float = Field(0.4, gt=0, le=1)
    """Share of the columns that one tree sees."""
    penalty: float = Field(10.0, ge=0)
    """Weight of the squared leaf values."""
    power: float = Field(1.3, gt=1, lt=2)
    """Variance power of the Tweedie loss: 1 is Poisson's, 2 gamma's."""
    ensembles: int = Field(2, ge=1)
    """Ensembles with seeds of their own, whose answers are averaged."""
    threads: int = Field(2, ge=1)
    """Threads of LightGBM."""


class AmountHead:
    """Two answers a customer: the expected amount, and the typical one.

    *Typical* is ``expm1`` of the mean of ``log1p``: a stack of heads on the logarithm. *Expected*
    is the mean: boosted trees with a Tweedie loss, or, where the stack has no boosted member, the
    rising curve from typical amounts to mean ones. Its volume is set right on the
    validation sample as far as that sample's sum is certain.

    With a *prior*, which says what is expected and typical already, for the horizon of each row's
    own window, both answers are the prior times a correction by boosted trees (a Poisson loss with
    the prior as its offset; ``log1p`` of the amount for what is typical). What is learned
    from short windows then answers for a long one. *Expected* is the geometric mean of this and of
    trees that know no prior, which err elsewhere, at the volume of the first.

    Parameters
    ----------
    heads
        Makes the members of the stack.

    Attributes
    ----------
    stack_
        The stack behind *typical*; none where a prior is corrected.
    boosters_
        The ensembles by answer: ``expected``, and ``typical`` and ``direct`` upon a prior.
    curve_
        Typical and mean amounts, (K,) each, where there are no boosted trees.
    volume_
        The factor that sets the volume of *expected* right.

    References
    ----------
    Jorgensen, Paes De Souza: "Fitting Tweedie's compound Poisson model to insurance claims data",
    1994, for the loss.
    """

    def __init__(
        self,
        *,
        heads: MakeHeads = all_heads,
        config: AmountConfig | None = None,
        seed: int = 0,
    ) -> None:
        self.make_heads, self.config, self.seed = heads, config or AmountConfig(), seed
        self.stack_: StackedHead | None = None
        self.boosters_: dict[str, list[lgb.Booster]] | None = None
        self.curve_: tuple[Floats, Floats] | None = None
        self.volume_ = 1.0

    def fit(
        self,
        features: Features,
        truth: Floats,
        held_out: Features,
        held_out_truth: Floats,
        *,
        prior: Floats | None = None,
        held_out_prior: Floats | None = None,
    ) -> Self:
        """Learn from R rows, settle on H rows that were held out, and learn from both together.

        Parameters
        ----------
        features, truth
            Columns (R, F), NaN where unknown, and amounts (R,), not negative.
        held_out, held_out_truth
            The same of the validation sample: (H, F) and (H,).
        prior, held_out_prior
            What is expected and typical already: (R, 2) and (H, 2); both or neither.

        Raises
        ------
        BadShape
            If an amount is negative, or there is one prior of two.
        """
        everything = np.concatenate([features, held_out])
        outcomes = np.concatenate([truth, held_out_truth])
        if outcomes.min(initial=0.0) < 0:
            raise BadShape(
                f"truth must not be negative, got {outcomes.min():g}", hint="cut it off at nought"
            )
        if (prior is None) != (held_out_prior is None):
            raise BadShape("prior and held_out_prior must be given together, or neither of them")
        self.stack_, self.curve_, self.boosters_, self.volume_ = None, None, {}, 1.0
        if prior is not None and held_out_prior is not None:
            offsets = _offsets(np.concatenate([prior, held_out_prior]))
            for place, amounts in enumerate((outcomes, np.log1p(outcomes))):
                self.boosters_[NAMES[place]] = self._grow(everything, amounts, offsets[:, place])
            self.boosters_["direct"] = self._grow(everything, outcomes)
            return self
        self.stack_ = StackedHead("regression", heads=self.make_heads, seed=self.seed).fit(
            features, np.log1p(truth), held_out, np.log1p(held_out_truth)
        )
        if not truth.any() or "boosted" not in self.make_heads("regression", self.seed):
            rising = IsotonicRegression(out_of_bounds="clip")
            rising.fit(self._typical(everything), outcomes)
            self.curve_ = rising.X_thresholds_, rising.y_thresholds_
            return self
        columns = self._columns()
        early = _answer(self._grow(features[:, columns], truth), held_out[:, columns])
        self.volume_ = _shrunk_volume(held_out_truth, early)
        self.boosters_["expected"] = self._grow(everything[:, columns], outcomes)
        return self

    def predict(
        self, features: Features, *, prior: Floats | None = None, level: float = 1.0
    ) -> Floats:
        """Return what is expected and what is typical (N, 2).

        ``level``, see :meth:`level`, multiplies what is expected where there is a prior.

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        BadShape
            If a prior is missing that was there to learn with, or the reverse.
        """
        if self.boosters_ is None:
            raise NotFitted("the amounts have not learned yet", hint="call fit(…) first")
        if (prior is None) != (self.stack_ is not None):
            raise BadShape("predict needs a prior exactly if fit was given one")
        if prior is not None:
            corrected, direct, typical = self._three(features, prior)
            return np.stack([np.sqrt(corrected * direct) * level, typical], axis=1)
        typical = self._typical(features)
        if self.curve_ is not None:
            expected = np.interp(typical, *self.curve_)
        else:
            expected = _answer(self.boosters_["expected"], features[:, self._columns()])
        return np.stack([expected * self.volume_, typical], axis=1)

    def level(self, features: Features, *, prior: Floats) -> float:
        """Return the factor that gives these customers the volume of their corrected prior.

        The direct trees know only the short horizon: they say who buys more, not how much all do.
        """
        corrected, direct, _ = self._three(features, prior)
        return float(corrected.sum() / np.sqrt(corrected * direct).sum())

    def _three(self, features: Features, prior: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the corrected prior, the direct answer and the typical one, (N,) each."""
        trees = self.boosters_
        if not trees or "direct" not in trees:
            raise NotFitted("nothing was learned upon a prior", hint="call fit(…, prior=…) first")
        raw = [_answer(trees[name], features, raw=True) for name in NAMES]
        both = np.exp(np.stack(raw, axis=1) + _offsets(prior))
        return both[:, 0], _answer(trees["direct"], features), np.expm1(both[:, 1])

    def save(self, folder: Path) -> None:
        """Write LightGBM's text, ``amounts.json`` and the stack into a folder."""
        if self.boosters_ is None:
            raise NotFitted("the amounts have not learned yet", hint="call fit(…) first")
        folder.mkdir(parents=True, exist_ok=True)
        for name, boosters in self.boosters_.items():
            for number, booster in enumerate(boosters):
                booster.save_model(str(folder / f"{name}.{number}.txt"))
        if self.stack_ is not None:
            self.stack_.save(folder / "stack")
        table = {
            "volume": self.volume_,
            "boosters": {name: len(boosters) for name, boosters in self.boosters_.items()},
            "stack": self.stack_ is not None,
            "curve": None if self.curve_ is None else [one.tolist() for one in self.curve_],
        }
        (folder / "amounts.json").write_text(json.dumps(table), encoding="utf-8")

    def load(self, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        table = json.loads((folder / "amounts.json").read_text(encoding="utf-8"))
        self.volume_, curve = table["volume"], table["curve"]
        self.curve_ = None if curve is None else (np.asarray(curve[0]), np.asarray(curve[1]))
        self.boosters_ = {
            name: [lgb.Booster(model_file=str(folder / f"{name}.{at}.txt")) for at in range(count)]
            for name, count in table["boosters"].items()
        }
        self.stack_ = None
        if table["stack"]:
            stack = StackedHead("regression", heads=self.make_heads, seed=self.seed)
            self.stack_ = stack.load(folder / "stack")
        return self

    def _typical(self, features: Features) -> Floats:
        if self.stack_ is None:
            raise NotFitted("the amounts have not learned yet", hint="call fit(…) first")
        return np.expm1(np.maximum(self.stack_.predict(features), 0.0))

    def _columns(self) -> Ints:
        """Return the columns that the stack found of use."""
        if self.stack_ is None or self.stack_.columns_ is None:
            raise NotFitted("the amounts have not learned yet", hint="call fit(…) first")
        return self.stack_.columns_

    def _grow(
        self, features: Features, amounts: Floats, offset: Floats | None = None
    ) -> list[lgb.Booster]:
        """Grow ensembles with a Tweedie loss, or a Poisson loss upon an offset (a logarithm)."""
        config, alone = self.config, offset is None
        loss = {"objective": "tweedie", "tweedie_variance_power": config.power}
        least = config.least_in_leaf if alone else config.least_in_leaf_on_prior
        parameters = {
            **(loss if alone else {"objective": "poisson"}),
            "learning_rate": config.learning_rate,
            "num_leaves": config.leaves if alone else config.leaves_on_prior,
            "min_data_in_leaf": min(least, max(1, len(amounts) // 20)),
            "feature_fraction": config.columns,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "lambda_l2": config.penalty,
            "max_bin": 63,
            "num_threads": config.threads,
            "deterministic": True,
            "force_row_wise": True,
            "verbose": -1,
        }
        data = lgb.Dataset(
            np.ascontiguousarray(features),
            amounts,
            init_score=None if alone else np.ascontiguousarray(offset),
            params={"max_bin": 63, "verbose": -1},
        )
        trees = config.trees if alone else config.trees_on_prior
        return [
            lgb.train({**parameters, "seed": self.seed * 1000 + number}, data, trees)
            for number in range(config.ensembles)
        ]


def _offsets(prior: Floats) -> Floats:
    """Return the logarithms of what is expected, and of ``log1p`` of what is typical: (N, 2)."""
    both = np.stack([prior[:, 0], np.log1p(prior[:, 1])], axis=1)
    return np.asarray(np.log(np.maximum(both, LEAST)))


def _answer(boosters: Sequence[lgb.Booster], features: Features, *, raw: bool = False) -> Floats:
    answers = [booster.predict(features, raw_score=raw) for booster in boosters]
    return np.asarray(np.mean(answers, axis=0), np.float64)


def _shrunk_volume(truth: Floats, expected: Floats) -> float:
    """Return the factor from expected to true volume, drawn to 1 as far as it is uncertain."""
    if not truth.any():
        return 1.0
    ratio = truth.sum() / expected.sum()
    error = np.sqrt(len(truth) * np.var(truth - ratio * expected)) / truth.sum()
    return float(ratio ** (DRIFT**2 / (DRIFT**2 + error**2)))
