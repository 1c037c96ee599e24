"""When: how long since the last visit, the clock and the calendar, the age of the history."""

import math
from typing import cast

import torch
from torch import Tensor, nn

from limner.dataset.batches import Batch
from limner.encoders.modality import Known
from limner.encoders.scales import SpanEncoder

__all__ = ["TimeModality"]


class TimeModality(nn.Module):
    """The moment of a visit: gap, hour, weekday and age of the history.

    Parameters
    ----------
    known
        Not needed: spans are measured in days everywhere.
    width
        Length of a vector, D.
    """

    def __init__(self, known: Known, width: int) -> None:
        super().__init__()
        del known
        self.gap, self.age = SpanEncoder(width), SpanEncoder(width)
        self.calendar = nn.Linear(4, width)

    def forward(self, batch: Batch) -> Tensor:
        """Return one vector a visit: (B, T, D)."""
        where = self.calendar.weight.device
        day = torch.as_tensor(batch.hour, device=where) * (2 * math.pi / 24)
        week = torch.as_tensor(batch.weekday, device=where) * (2 * math.pi / 7)
        turns = torch.stack([day.sin(), day.cos(), week.sin(), week.cos()], dim=-1)
        gap = self.gap(torch.as_tensor(batch.gap_days, device=where))
        age = self.age(torch.as_tensor(batch.age_days, device=where))
        return cast("Tensor", gap + age + self.calendar(turns))

    def items(self, codes: Tensor) -> None:
        """Know nothing of items."""
        del codes
