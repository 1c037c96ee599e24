"""How many and how much: what is expected and what is typical, from columns."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from sklearn.isotonic import IsotonicRegression

from limner.config import Config
from limner.dataset.cuts import Window
from limner.errors import BadConfig, BadShape, NotFitted, TooFew
from limner.heads.features import Block, stack_samples
from limner.heads.outlook import expect, volume_factor
from limner.heads.stacked import Head, StackedHead, all_heads
from limner.heads.study import Sample, Study

__all__ = ["AmountAnswer", "AmountConfig", "AmountHead", "learn_amount"]

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MakeHeads = Callable[[Literal["binary", "regression"], int], Mapping[str, Head]]

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
    from short windows then answers for a long one.

    Parameters
    ----------
    heads
        Makes the members of the stack.

    Attributes
    ----------
    stack_
        The stack behind *typical*; none where a prior is corrected.
    boosters_
        The ensembles by answer: ``expected``, and ``typical`` where a prior is corrected.
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

    def predict(self, features: Features, *, prior: Floats | None = None) -> Floats:
        """Return what is expected and what is typical (N, 2).

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
            raw = [_answer(self.boosters_[name], features, raw=True) for name in NAMES]
            both = np.exp(np.stack(raw, axis=1) + _offsets(prior))
            return np.stack([both[:, 0], np.expm1(both[:, 1])], axis=1)
        typical = self._typical(features)
        if self.curve_ is not None:
            expected = np.interp(typical, *self.curve_)
        else:
            expected = _answer(self.boosters_["expected"], features[:, self._columns()])
        return np.stack([expected * self.volume_, typical], axis=1)

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


@dataclass(frozen=True, slots=True)
class AmountAnswer:
    """A head over a block of columns, and how it comes from its windows to the one asked about."""

    block: Block
    head: AmountHead
    on_prior: bool
    learned_days: float

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Return what is expected and what is typical (N, 2) for the window's own horizon."""
        features = self.block(study, window, customers)
        if self.on_prior:
            return self.head.predict(features, prior=_prior(study, window, customers))
        # Without a law of purchases, amounts are taken to come as evenly as the days.
        return self.head.predict(features) * (window.horizon_days / self.learned_days)

    def save(self, folder: Path) -> None:
        """Write the head and how it is to be used into a folder."""
        self.head.save(folder)
        table = {"on_prior": self.on_prior, "learned_days": self.learned_days}
        (folder / "answer.json").write_text(json.dumps(table), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, block: Block, seed: int = 0) -> Self:
        """Read what :meth:`save` wrote."""
        table = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        head = AmountHead(seed=seed).load(folder)
        return cls(block, head, table["on_prior"], table["learned_days"])


def learn_amount(
    study: Study,
    train: Sequence[Sample],
    validation: Sample,
    *,
    block: Block,
    heads: MakeHeads = all_heads,
    lean_on_prior: bool = False,
) -> AmountAnswer:
    """Learn ``how_many`` or ``how_much`` from one block of columns.

    Parameters
    ----------
    block
        What the head may read.
    heads
        Makes the members of the stack.
    lean_on_prior
        Where the training windows are shorter than the one asked about, correct the expectation of
        BG/NBD rather than stretch the answer by the ratio of days. Needs a question about
        purchases and enough of them; where there are not, the answer is stretched.
    """
    features, truth = stack_samples(study, train, block)
    held_out, held_out_truth = stack_samples(study, [validation], block)
    head = AmountHead(heads=heads, seed=study.seed)
    days = validation.window.horizon_days
    if lean_on_prior and study.plan.shortened:
        try:
            priors = [
                _matched(_prior(study, one.window, one.customers), one.truth)
                for one in (*train, validation)
            ]
        except (BadConfig, TooFew):
            priors = []
        if priors and len(features) == sum(len(one) for one in priors[:-1]):
            head.fit(
                features,
                truth,
                held_out,
                held_out_truth,
                prior=np.concatenate(priors[:-1]),
                held_out_prior=priors[-1],
            )
            return AmountAnswer(block, head, on_prior=True, learned_days=days)
    head.fit(features, truth, held_out, held_out_truth)
    return AmountAnswer(block, head, on_prior=False, learned_days=days)


def _prior(study: Study, window: Window, customers: Ints) -> Floats:
    """Return BG/NBD's expected and typical answers, their volume set right for far horizons."""
    answers = expect(study, window, customers)
    if window.horizon_days > study.plan.validation.horizon_days:
        answers = answers * volume_factor(study, window)
    return answers


def _matched(prior: Floats, truth: Floats) -> Floats:
    """Bring a prior to the volume that came true, so that only differences are learned."""
    logs = np.log1p(prior[:, 1])
    wanted = np.array([truth.sum(), np.log1p(truth).sum()])
    scale = np.maximum(wanted, LEAST) / np.maximum([prior[:, 0].sum(), logs.sum()], LEAST)
    return np.stack([prior[:, 0] * scale[0], np.expm1(logs * scale[1])], axis=1)


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
