"""Labelled texts as a lesson for the loop, in epochs of batches of like length."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

from limner.heads.language.task import TextTask
from limner.model.change import Change
from limner.training.language.text_model import TextModel
from limner.training.robust import Adversary

__all__ = ["Read", "Side", "TextLesson", "batch_of_turn", "turn_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Cost = Callable[[Tensor, Tensor], Tensor]
CHUNK = 16
"""So many batches are sorted by length together: little padding, and chance enough."""
EXAMINED = 2000
"""So many of the texts held out are examined, always the same."""


class Side(Protocol):
    """N texts or pictures, of which batches are made for an encoder."""

    @property
    def lengths(self) -> Ints:
        """How much work each is: (N,)."""
        ...

    def batch(self, rows: Ints) -> tuple[Tensor, ...]:
        """Return what the encoder takes of some."""
        ...

    def __len__(self) -> int:
        """Return N."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """Texts as tokens or pictures as pixels, a set a side, with what is known beside, and truth."""

    sides: tuple[Side, ...]
    beside: Floats | None
    truth: Floats

    def __len__(self) -> int:
        return len(self.sides[0])

    def said(self, model: TextModel, rows: Ints) -> Tensor:
        """Return what a model says of some rows: (B, K)."""
        device = next(model.parameters()).device
        sides = [tuple(each.to(device) for each in side.batch(rows)) for side in self.sides]
        beside = None
        if self.beside is not None:
            beside = torch.from_numpy(self.beside[rows]).to(device)
        said: Tensor = model(sides, beside)
        return said

    def scores(self, model: TextModel, *, part: int = 64) -> Floats:
        """Return what a model says of all rows (N, K), in evaluation and without gradients."""
        found = np.zeros((len(self), model.head.out_features), np.float32)
        order = np.argsort(self.lengths, kind="stable")
        model.eval()
        with torch.inference_mode():
            for at in range(0, len(order), part):
                some = order[at : at + part]
                found[some] = self.said(model, some).float().cpu().numpy()
        return found

    @property
    def lengths(self) -> Ints:
        """How many tokens each row has."""
        return np.asarray(sum(side.lengths for side in self.sides))


class TextLesson:
    """Labels teach a change of an encoder, and a head.

    Parameters
    ----------
    whole
        The changed model with its head.
    change
        What of the encoder learns.
    cost
        What being wrong costs, see :class:`~limner.training.loss.Loss`.
    task
        What is asked.
    taught, held
        Who teaches and who examines; none: nobody.
    batch
        Texts of one batch.
    seed
        Where chance begins.
    accumulate
        Batches of one step in each process.
    weights
        What each row or label of those taught counts; none: all alike.
    adversary
        Moves the vectors of tokens the worst way; none: they stay.
    """

    def __init__(
        self,
        whole: TextModel,
        change: Change[nn.Module],
        *,
        cost: Cost,
        task: TextTask,
        taught: Read,
        held: Read | None,
        batch: int,
        seed: int,
        accumulate: int = 1,
        weights: Floats | None = None,
        adversary: Adversary | None = None,
    ) -> None:
        self.module, self.change, self.cost, self.task = whole, change, cost, task
        self.taught, self.held, self.batch, self.seed = taught, held, batch, seed
        self.accumulate, self.weights, self.adversary = accumulate, weights, adversary
        self.done = 0

    def after(self, done: int) -> None:
        """Put right what the change wants put right after a step."""
        self.done = done
        self.change.after(done)

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the mean loss of a batch, and what is added to it."""
        turn = turn_of(step, draw, accumulate=self.accumulate)
        rows = batch_of_turn(self.taught.lengths, turn, batch=self.batch, seed=self.seed)

        def plain() -> Tensor:
            return self._mean(rows)

        total = self.adversary.loss(plain) if self.adversary is not None else plain()
        added = self.change.cost()
        return total if added is None else total + added

    def examine(self) -> float | None:
        """Return the error of those held out, once the change is settled.

        For classes of which one is true it is the share of mistakes and a tenth of the mean loss:
        the loss alone asks to stop long before mistakes become more.
        """
        if self.held is None or not self.change.is_settled(self.done):
            return None
        rows = np.arange(min(len(self.held), EXAMINED))
        order = rows[np.argsort(self.held.lengths[rows], kind="stable")]
        costs, wrong = [], []
        for at in range(0, len(order), 2 * self.batch):
            some = order[at : at + 2 * self.batch]
            said = self.held.said(self.module, some).float()
            truth = self._truth(self.held, some, said)
            costs.append(self.cost(_plain(said, truth), truth).reshape(len(some), -1).mean(dim=1))
            if self.task.alone:
                wrong.append((said.argmax(dim=1) != truth.argmax(dim=1)).float())
        mean = torch.cat(costs).mean()
        return float(torch.cat(wrong).mean() + 0.1 * mean) if wrong else float(mean)

    def _mean(self, rows: Ints) -> Tensor:
        said = self.taught.said(self.module, rows)
        truth = self._truth(self.taught, rows, said)
        costs = self.cost(_plain(said, truth), truth)
        if self.weights is None:
            return costs.mean()
        weights = torch.from_numpy(self.weights[rows]).to(costs)
        return (costs * weights).sum() / weights.sum().clamp(min=1e-9)

    @staticmethod
    def _truth(read: Read, rows: Ints, said: Tensor) -> Tensor:
        return torch.from_numpy(read.truth[rows]).to(said)


def _plain(said: Tensor, truth: Tensor) -> Tensor:
    """Return numbers of the shape of their truth: a number alone has no axis of its own."""
    return said[:, 0] if truth.ndim == 1 else said


def turn_of(step: int, draw: int, *, accumulate: int) -> int:
    """Return how many batches were drawn before one, in all processes."""
    world = distributed.get_world_size() if distributed.is_initialized() else 1
    return step * accumulate * world + draw


def batch_of_turn(lengths: Ints, turn: int, *, batch: int, seed: int) -> Ints:
    """Return the rows of a batch: in an epoch each row comes once, those of like length together.

    Which they are depends on the turn and the seed alone, so that a run can go on anywhere.
    """
    count = len(lengths)
    batch = min(batch, count)
    of_epoch = count // batch
    epoch, at = divmod(turn, of_epoch)
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(count)[: of_epoch * batch]
    chunks = [
        some[np.argsort(lengths[some], kind="stable")]
        for begin in range(0, len(order), CHUNK * batch)
        for some in [order[begin : begin + CHUNK * batch]]
    ]
    batches = np.concatenate(chunks).reshape(of_epoch, batch)
    return np.asarray(batches[rng.permutation(of_epoch)[at]])
