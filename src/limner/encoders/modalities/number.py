"""Amounts: what the lines of a visit cost on average, how many there were, what they came to."""

from typing import cast

import torch
from torch import Tensor, nn

from limner.dataset.batches import Batch
from limner.dataset.quantiles import MEASURES
from limner.dataset.sequences import NUMBERS
from limner.encoders.modality import Known
from limner.encoders.scales import Scale

__all__ = ["NumberModality"]


class NumberModality(nn.Module):
    """Each number by where it lies among the quantiles it was shown.

    Parameters
    ----------
    known
        The quantiles of each measure.
    width
        Length of a vector, D.
    """

    def __init__(self, known: Known, width: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(Scale(known.edges[name]) for name in MEASURES)
        sizes = [len(known.edges[name]) for name in MEASURES]
        self.mix = nn.Linear(sum(sizes), width)

    def forward(self, batch: Batch) -> Tensor:
        """Return one vector a visit: (B, T, D)."""
        where = self.mix.weight.device
        numbers = torch.as_tensor(batch.numbers, device=where)
        lines = torch.as_tensor(batch.lines, device=where)
        worth = torch.as_tensor(batch.worth, device=where)
        visit = torch.as_tensor(batch.visit, device=where)
        # The codes of numbers need no gradient, and so are averaged before they are mixed.
        summed = self._summed(numbers, visit, lines.numel())
        mean = (summed / lines.reshape(-1, 1).clamp(min=1)).reshape(*lines.shape, -1)
        visits = [self.scales[-2](lines), self.scales[-1](worth)]
        return cast("Tensor", self.mix(torch.cat([mean, *visits], dim=-1)))

    def _summed(self, numbers: Tensor, visit: Tensor, visits: int) -> Tensor:
        """Return the sums of the codes of each visit's lines: (V, E)."""
        scales = list(self.scales)[: len(NUMBERS)]
        if torch.onnx.is_in_onnx_export():
            each = torch.cat([scale(numbers[:, at]) for at, scale in enumerate(scales)], dim=-1)
            return each.new_zeros(visits, each.shape[1]).index_add_(0, visit, each)
        parts = [
            cast("Scale", scale).summed(numbers[:, at].contiguous(), visit, visits)
            for at, scale in enumerate(scales)
        ]
        return torch.cat(parts, dim=1)

    def items(self, codes: Tensor) -> None:
        """Know nothing of items: a price belongs to the moment."""
        del codes
