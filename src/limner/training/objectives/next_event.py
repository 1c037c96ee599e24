"""What the next visit holds: when it comes, of which kind it is, and which items are in it."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from limner.dataset.vocabulary import FIELDS
from limner.model.behaviour import BehaviourModel
from limner.training.following import following
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
        after = following(batch, exercise.rng, most=MOST_VISITS)
        if not len(after):
            return states.new_zeros(3)
        flat = after.states(states)
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

    def item_scores(self, model: BehaviourModel, states: Tensor) -> Tensor:
        """Return how well every item fits the visit after each state: (N, I), from (N, D)."""
        table = self._table(model, np.arange(len(self.shelf.counts)))
        return item_logits(self.read(states), table, config=self.settings)

    def _kinds(self, model: BehaviourModel, states: Tensor, kinds: Tensor) -> Tensor:
        size = model.vocabulary.size("kind")
        codes = torch.zeros(
            size, len(model.vocabulary.fields), dtype=torch.long, device=states.device
        )
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
