"""What the next visit holds: when it comes, of which kind it is, and which items are in it."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from limner.dataset.batches import Batch
from limner.dataset.vocabulary import FIELDS
from limner.model.behaviour import BehaviourModel
from limner.training.item_loss import item_logits, item_loss
from limner.training.objective import Exercise, Setting

__all__ = ["NextEvent"]

Ints = NDArray[np.int64]

MOST_VISITS = 1024
"""Of the visits of a batch at most so many are asked what came next."""


class NextEvent(nn.Module):
    """Heads on the state after a visit, that say what the visit after it is.

    Parameters
    ----------
    setting
        Width and items.
    """

    names = ("next gap", "next kind", "next items")
    slices = False

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.shelf, self.settings = setting.shelf, setting.items
        self.gap = nn.Linear(setting.width, 1)
        self.kind = nn.Linear(setting.width, setting.width)
        self.read = nn.Sequential(
            nn.LayerNorm(setting.width), nn.Linear(setting.width, setting.width)
        )

    def forward(
        self, model: BehaviourModel, exercise: Exercise, states: Tensor, vectors: Tensor
    ) -> Tensor:
        """Return the terms of :attr:`names` (3,), over the visits that have a next one."""
        del vectors
        batch = exercise.batch
        after = _after(batch, exercise.rng)
        if not len(after.asked):
            return states.new_zeros(3)
        flat = states.reshape(-1, states.shape[-1])[torch.from_numpy(after.asked).to(states.device)]
        gaps = torch.from_numpy(batch.gap_days.reshape(-1)[after.asked + 1]).to(states.device)
        first = after.lines[np.r_[True, after.rows[1:] != after.rows[:-1]]]
        kinds = torch.from_numpy(batch.codes[first, FIELDS.index("kind")]).to(states.device)
        return torch.stack(
            [
                (self.gap(flat).squeeze(-1) - gaps.log1p()).square().mean(),
                self._kinds(model, flat, kinds),
                self._items(model, flat, after.rows, batch.items[after.lines], exercise.rng),
            ]
        )

    def item_term(
        self, model: BehaviourModel, batch: Batch, states: Tensor, *, rng: np.random.Generator
    ) -> Tensor:
        """Return the last of the terms alone."""
        after = _after(batch, rng)
        flat = states.reshape(-1, states.shape[-1])[torch.from_numpy(after.asked).to(states.device)]
        return self._items(model, flat, after.rows, batch.items[after.lines], rng)

    def item_scores(self, model: BehaviourModel, states: Tensor) -> Tensor:
        """Return how well every item fits the visit after each state: (N, I), from (N, D)."""
        table = self._table(model, np.arange(len(self.shelf.counts)))
        return item_logits(self.read(states), table, temperature=self.settings.temperature)

    def _kinds(self, model: BehaviourModel, states: Tensor, kinds: Tensor) -> Tensor:
        size = model.vocabulary.size("kind")
        codes = torch.zeros(size, len(FIELDS), dtype=torch.long, device=states.device)
        codes[:, FIELDS.index("kind")] = torch.arange(size)
        return functional.cross_entropy(self.kind(states) @ model.encoder.items(codes).T, kinds)

    def _items(
        self,
        model: BehaviourModel,
        states: Tensor,
        rows: Ints,
        items: Ints,
        rng: np.random.Generator,
    ) -> Tensor:
        return item_loss(
            self.read(states),
            lambda chosen: self._table(model, chosen),
            rows=rows,
            items=items,
            counts=self.shelf.counts,
            config=self.settings,
            rng=rng,
        )

    def _table(self, model: BehaviourModel, items: Ints) -> Tensor:
        """Return the vectors of items (K, D)."""
        return model.encoder.items(torch.from_numpy(self.shelf.codes[items]).to(model.device))


class _After(NamedTuple):
    """Visits that have a next one: their places (N,); and the lines of the next (P,), by row."""

    asked: Ints
    rows: Ints
    lines: Ints


def _after(batch: Batch, rng: np.random.Generator) -> _After:
    """Find what followed, of a part of the visits if there are too many."""
    width = batch.gap_days.shape[1]
    asked = np.flatnonzero(np.arange(width) < batch.lengths[:, None] - 1)
    if len(asked) > MOST_VISITS:
        asked = np.sort(rng.choice(asked, MOST_VISITS, replace=False))
    row = np.full(batch.gap_days.size + 1, -1, np.int64)
    row[asked + 1] = np.arange(len(asked))
    of_line = row[batch.visit]
    lines = np.flatnonzero(of_line >= 0)
    return _After(asked, of_line[lines], lines)
