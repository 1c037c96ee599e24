"""How many and how much: from a block of columns, for a horizon near or far."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.errors import BadConfig, TooFew
from limner.heads.amount_head import AmountHead, MakeHeads
from limner.heads.features import Block, stack_samples
from limner.heads.outlook import expect, volume_factor
from limner.heads.stacked import all_heads
from limner.heads.study import Sample, Study

__all__ = ["AmountAnswer", "learn_amount"]

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = 1e-4
"""A sum of orders or money below this is taken for it."""


@dataclass(frozen=True, slots=True)
class AmountAnswer:
    """A head over a block of columns, and how it comes from its windows to the one asked about."""

    block: Block
    head: AmountHead
    on_prior: bool
    learned_days: float
    levels: dict[Window, float] = field(default_factory=dict, compare=False)
    """Of every window asked about, the factor that sets the volume of all who are asked."""

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Return what is expected and what is typical (N, 2) for the window's own horizon."""
        features = self.block(study, window, customers)
        if self.on_prior:
            if window not in self.levels:
                asked = study.asked(window)
                prior = _prior(study, window, asked)
                self.levels[window] = self.head.level(self.block(study, window, asked), prior=prior)
            prior = _prior(study, window, customers)
            return self.head.predict(features, prior=prior, level=self.levels[window])
        # Without a law of purchases, amounts are taken to come as evenly as the days.
        return self.head.predict(features) * (window.horizon_days / self.learned_days)

    @property
    def held_out_losses(self) -> Floats:
        """How far what is typical was off of each case of the validation sample (M,).

        Squares on the logarithm. None at all where a prior is corrected, which learns from that
        sample too: nothing can choose by it.
        """
        return self.head.stack_.held_out_losses_ if self.head.stack_ is not None else np.zeros(0)

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
    head = AmountHead(heads=heads, seed=study.seed)
    days = validation.window.horizon_days
    if lean_on_prior and study.plan.shortened:
        try:
            told = _with_prior(study, [*train, validation], block)
        except (BadConfig, TooFew):
            pass
        else:
            seen, truth = stack_samples(study, train, told)
            held_out, held_out_truth = stack_samples(study, [validation], told)
            head.fit(
                seen[:, 2:],
                truth,
                held_out[:, 2:],
                held_out_truth,
                prior=seen[:, :2].astype(np.float64),
                held_out_prior=held_out[:, :2].astype(np.float64),
            )
            return AmountAnswer(block, head, on_prior=True, learned_days=days)
    features, truth = stack_samples(study, train, block)
    held_out, held_out_truth = stack_samples(study, [validation], block)
    head.fit(features, truth, held_out, held_out_truth)
    return AmountAnswer(block, head, on_prior=False, learned_days=days)


def _with_prior(study: Study, samples: Sequence[Sample], block: Block) -> Block:
    """Return a block with the prior as its first two columns: (N, 2 + F).

    In every window the prior is brought to the volume that came true, so that only differences
    between customers are learned.
    """
    scales = {}
    for sample in samples:
        prior = _prior(study, sample.window, sample.customers)
        sums = np.array([prior[:, 0].sum(), np.log1p(prior[:, 1]).sum()])
        wanted = np.array([sample.truth.sum(), np.log1p(sample.truth).sum()])
        scales[sample.window] = np.maximum(wanted, LEAST) / np.maximum(sums, LEAST)

    def told(study: Study, window: Window, customers: Ints) -> Features:
        prior, scale = _prior(study, window, customers), scales[window]
        prior[:, 0] *= scale[0]
        prior[:, 1] = np.expm1(np.log1p(prior[:, 1]) * scale[1])
        return np.hstack([prior.astype(np.float32), block(study, window, customers)])

    return told


def _prior(study: Study, window: Window, customers: Ints) -> Floats:
    """Return BG/NBD's expected and typical answers, their volume set right for far horizons."""
    answers = expect(study, window, customers)
    if window.horizon_days > study.plan.validation.horizon_days:
        answers = answers * volume_factor(study, window)
    return answers
