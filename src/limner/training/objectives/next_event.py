"""What the next visit holds: when it comes, of which kind it is, and which items are in it."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.dataset.vocabulary import FIELDS
from limner.model.behaviour import BehaviourModel
from limner.training.objective import Exercise, Setting
from limner.training.sampling import choose_items

__all__ = ["NextEvent"]

OTHERS = 2000
"""Beside the items of the next visits, so many are scored."""
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
        self.shelf = setting.shelf
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
        batch, where = exercise.batch, states.device
        width = batch.gap_days.shape[1]
        has_next = (np.arange(width) < batch.lengths[:, None] - 1).reshape(-1)
        asked = np.flatnonzero(has_next)
        if not len(asked):
            return states.new_zeros(3)
        if len(asked) > MOST_VISITS:
            asked = np.sort(exercise.rng.choice(asked, MOST_VISITS, replace=False))
        flat = states.reshape(-1, states.shape[-1])[torch.from_numpy(asked).to(where)]
        gaps = torch.from_numpy(batch.gap_days.reshape(-1)[asked + 1]).to(where)
        # Lines of the visit that follows each asked one.
        row = np.full(batch.gap_days.size + 1, -1, np.int64)
        row[asked + 1] = np.arange(len(asked))
        of_line = row[batch.visit]
        told = np.flatnonzero(of_line >= 0)
        rows, items = of_line[told], batch.items[told]
        first = told[np.r_[True, rows[1:] != rows[:-1]]]
        kinds = torch.from_numpy(batch.codes[first, FIELDS.index("kind")]).to(where)
        return torch.stack(
            [
                (self.gap(flat).squeeze(-1) - gaps.log1p()).square().mean(),
                self._kinds(model, flat, kinds),
                self._items(model, exercise, flat, rows=rows, items=items),
            ]
        )

    def _kinds(self, model: BehaviourModel, states: Tensor, kinds: Tensor) -> Tensor:
        size = model.vocabulary.size("kind")
        codes = torch.zeros(size, len(FIELDS), dtype=torch.long, device=states.device)
        codes[:, FIELDS.index("kind")] = torch.arange(size, device=states.device)
        return functional.cross_entropy(self.kind(states) @ model.encoder.items(codes).T, kinds)

    def _items(
        self,
        model: BehaviourModel,
        exercise: Exercise,
        states: Tensor,
        *,
        rows: np.ndarray,
        items: np.ndarray,
    ) -> Tensor:
        choice = choose_items(
            self.shelf.counts,
            exercise.rng,
            rows=rows,
            items=items,
            others=min(OTHERS, len(self.shelf.counts)),
            most_right=2,
        )
        if choice is None:
            return states.new_zeros(())
        codes = torch.from_numpy(self.shelf.codes[choice.items]).to(states.device)
        asked = torch.from_numpy(choice.rows).to(states.device)
        right = torch.from_numpy(choice.places).to(states.device)
        logits = self.read(states) @ model.encoder.items(codes).T
        logits = logits - torch.from_numpy(choice.log_drawn).to(states.device)
        return functional.cross_entropy(logits[asked], right)
