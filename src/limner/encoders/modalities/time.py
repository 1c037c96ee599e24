"""When: how long since, the clock and the calendar, and the age of the history."""

import math
from typing import cast

import torch
from torch import Tensor, nn

__all__ = ["SpanEncoder", "TimeEncoder"]

_KNOTS_DAYS = (0.01, 0.1, 0.5, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 180, 365)


class SpanEncoder(nn.Module):
    """A span of days as a vector: its logarithm, and a straight line between well-known spans.

    Parameters
    ----------
    width
        Length of a vector, D.
    """

    knots: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("knots", torch.log1p(torch.tensor(_KNOTS_DAYS)))
        self.mix = nn.Linear(len(_KNOTS_DAYS) + 1, width)

    def forward(self, days: Tensor) -> Tensor:
        """Return vectors (…, D) for spans (…) in days, none below 0."""
        log = torch.log1p(days.clamp(min=0)).unsqueeze(-1)
        below = torch.cat([torch.zeros_like(self.knots[:1]), self.knots[:-1]])
        code = ((log - below) / (self.knots - below)).clamp(0, 1)
        return cast("Tensor", self.mix(torch.cat([log, code], dim=-1)))


class TimeEncoder(nn.Module):
    """The moment of an event: gap, hour, weekday and age of the history.

    Parameters
    ----------
    width
        Length of a vector, D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gap, self.age = SpanEncoder(width), SpanEncoder(width)
        self.calendar = nn.Linear(4, width)

    def forward(self, gap_days: Tensor, age_days: Tensor, hour: Tensor, weekday: Tensor) -> Tensor:
        """Return vectors (…, D); hours in [0, 24), weekdays in [0, 7)."""
        day, week = hour * (2 * math.pi / 24), weekday * (2 * math.pi / 7)
        turns = torch.stack([day.sin(), day.cos(), week.sin(), week.cos()], dim=-1)
        summed = self.gap(gap_days) + self.age(age_days) + self.calendar(turns)
        return cast("Tensor", summed)
