"""Which parts of histories belong to one customer (CoLES, Babaev and others 2022)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.model.behaviour import BehaviourModel
from limner.training.objective import Exercise, Setting

__all__ = ["Contrast"]

TEMPERATURE = 0.1


class Contrast(nn.Module):
    """Two parts of one customer's history must be nearer than parts of two customers'.

    Cosines through a softmax over the batch, both ways (van den Oord and others 2018, equation 4).

    Parameters
    ----------
    setting
        The width.
    """

    names = ("contrast",)
    slices = True

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.read = nn.Linear(setting.width, setting.width)

    def forward(
        self, model: BehaviourModel, exercise: Exercise, states: Tensor, vectors: Tensor
    ) -> Tensor:
        """Return the one term: (1,)."""
        del vectors
        if exercise.slices is None or len(exercise.slices) < 4:
            return states.new_zeros(1)
        found = model.vectors(exercise.slices)[:, 0]
        found = functional.normalize(self.read(found), dim=-1)
        near = found @ found.T / TEMPERATURE
        near = near.masked_fill(torch.eye(len(found), dtype=torch.bool, device=near.device), -1e4)
        other = torch.arange(len(found), device=near.device) ^ 1
        return functional.cross_entropy(near, other).reshape(1)
