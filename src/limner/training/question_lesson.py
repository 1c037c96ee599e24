"""One question as a lesson for the loop: labelled customers, a loss, and what is added to it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limner.model.behaviour import BehaviourModel
from limner.model.change import Change
from limner.training.costs import Costs
from limner.training.panel import Panel
from limner.training.question_model import QuestionModel
from limner.training.renewal import Anchor
from limner.training.robust import Adversary

__all__ = ["QuestionLesson", "balance"]

Floats = NDArray[np.float32]
PART = 32
"""So many customers of a batch are read at once: of like length, they leave few places empty."""
EXAMINED = 600
"""So many of those held out are examined, always the same."""


class QuestionLesson:
    """Labels of a panel teach a change of a model, and a head.

    Parameters
    ----------
    whole
        The changed model with its head.
    change
        What of the model learns.
    costs
        What being wrong costs.
    panel
        Whose labels teach.
    held_out
        Whose labels examine; none: nobody's.
    customers
        How many customers one batch has.
    seed
        Where chance begins.
    weights
        What each label of the panel counts, of the shape of the costs; none: all alike.
    adversary
        Moves visits the worst way; none: they stay.
    anchor, hold
        Holds weights to where they were, and how strongly; none: they are free.
    """

    def __init__(
        self,
        whole: QuestionModel,
        change: Change[BehaviourModel],
        *,
        costs: Costs,
        panel: Panel,
        held_out: Panel | None,
        customers: int,
        seed: int,
        weights: Floats | None = None,
        adversary: Adversary | None = None,
        anchor: Anchor | None = None,
        hold: float = 0.0,
    ) -> None:
        self.module, self.change, self.costs = whole, change, costs
        self.panel, self.held_out = panel, held_out
        self.customers, self.seed, self.weights = customers, seed, weights
        self.adversary, self.anchor, self.hold, self.done = adversary, anchor, hold, 0
        self.examined = np.zeros(0, np.int64)
        if held_out is not None:
            everybody = np.random.default_rng(seed).permutation(len(held_out))
            self.examined = everybody[:EXAMINED]

    def after(self, done: int) -> None:
        """Put right what the change wants put right after a step."""
        self.done = done
        self.change.after(done)

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the mean loss of the labels of a batch of customers, and what is added to it."""
        rng = np.random.default_rng([self.seed, step, draw])
        count = min(self.customers, len(self.panel))
        customers = rng.choice(len(self.panel), count, replace=False)

        def plain() -> Tensor:
            return self._mean(customers, np.random.default_rng([self.seed, step, draw, 1]))

        total = self.adversary.loss(plain) if self.adversary is not None else plain()
        added = self.change.cost()
        if added is not None:
            total = total + added
        if self.anchor is not None:
            total = total + self.hold * self.anchor.cost(self.module)
        return total

    def examine(self) -> float | None:
        """Return the mean loss of those held out, once the change is settled."""
        if self.held_out is None or not self.change.is_settled(self.done):
            return None
        rng = np.random.default_rng(self.seed)
        costs, _ = self.costs(self.module, self.held_out, self.examined, rng, part=PART)
        return float(costs.mean()) if costs.numel() else None

    def _mean(self, customers: NDArray[np.int64], rng: np.random.Generator) -> Tensor:
        costs, rows = self.costs(self.module, self.panel, customers, rng, part=PART)
        if self.weights is None:
            # Where nobody of a batch has a label, the loss is nought and moves nothing.
            return costs.sum() / max(costs.numel(), 1)
        weights = torch.from_numpy(self.weights[rows]).to(costs)
        return (costs * weights).sum() / weights.sum().clamp(min=1e-9)


def balance(truth: Floats, *, alone: bool) -> Floats:
    """Return what each label counts so that all outcomes together count alike.

    Parameters
    ----------
    truth
        Labels, 0 or 1: (R,) or (R, C).
    alone
        Whether one class alone is true in each row; then a row has one weight (R,).
    """
    share = truth.mean(axis=0)
    if alone:
        weight = 1 / np.maximum(share * truth.shape[1], 1e-9)
        return np.asarray((truth * weight).sum(axis=1), np.float32)
    yes, no = 0.5 / np.maximum(share, 1e-9), 0.5 / np.maximum(1 - share, 1e-9)
    return np.asarray(np.where(truth > 0, yes, no), np.float32)
