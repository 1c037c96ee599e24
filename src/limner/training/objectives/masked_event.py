"""What a visit was about, where that is hidden (after BERT, Devlin and others 2019)."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.dataset.vocabulary import FIELDS
from limner.model.behaviour import BehaviourModel
from limner.training.objective import Exercise, Setting

__all__ = ["MaskedEvent"]

SHARE = 0.15
"""So many of the visits have their names hidden."""


class MaskedEvent(nn.Module):
    """From when a visit was, what it cost and all that came before: of which categories was it?

    Parameters
    ----------
    setting
        The width.
    """

    names = ("hidden categories",)
    slices = False

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.read = nn.Linear(setting.width, setting.width)

    def forward(
        self, model: BehaviourModel, exercise: Exercise, states: Tensor, vectors: Tensor
    ) -> Tensor:
        """Return the one term: (1,)."""
        del vectors
        batch, where = exercise.batch, states.device
        held = np.flatnonzero(batch.lines.reshape(-1) > 0)
        hidden = exercise.rng.choice(held, max(1, round(SHARE * len(held))), replace=False)
        row = np.full(batch.lines.size, -1, np.int64)
        row[hidden] = np.arange(len(hidden))
        lines = row[batch.visit] >= 0
        category = batch.codes[:, FIELDS.index("category")]
        of = model.class_of[torch.from_numpy(category[lines]).to(where)]
        known = of < model.classes
        if not model.classes or not bool(known.any()):
            return states.new_zeros(1)
        codes = batch.codes.copy()
        codes[lines] = 0
        blind = model.states(replace(batch, codes=codes))
        flat = blind.reshape(-1, blind.shape[-1])[torch.from_numpy(hidden).to(where)]
        scores = model.class_table(self.read(flat))
        rows = torch.from_numpy(row[batch.visit][lines]).to(where)
        truth = torch.zeros_like(scores)
        truth[rows[known], of[known]] = 1.0
        return functional.binary_cross_entropy_with_logits(scores, truth).reshape(1)
