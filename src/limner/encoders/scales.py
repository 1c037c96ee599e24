"""Numbers as piecewise-linear codes (Gorishniy and others 2022, section 3.2)."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["Scale", "SpanEncoder"]

_KNOTS_DAYS = (0.01, 0.1, 0.5, 1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 180, 365)


class Scale(nn.Module):
    """Where a value lies among the quantiles it was shown.

    Between two quantiles the code rises in a straight line, so that near values have near codes
    however skewed they are. Last comes a mark that says the value is missing.

    Parameters
    ----------
    edges
        The quantiles (K + 1,), rising.
    """

    edges: Tensor

    def __init__(self, edges: NDArray[np.float32]) -> None:
        super().__init__()
        self.register_buffer("edges", torch.from_numpy(np.ascontiguousarray(edges, np.float32)))

    @property
    def size(self) -> int:
        """Length of a code."""
        return len(self.edges)

    def forward(self, values: Tensor) -> Tensor:
        """Return codes (…, K + 1) for values (…), NaN where nothing is known."""
        missing = torch.isnan(values)
        low, high = self.edges[:-1], self.edges[1:]
        filled = torch.where(missing, low[0], values).unsqueeze(-1)
        code = ((filled - low) / (high - low)).clamp(0, 1)
        code = torch.where(missing.unsqueeze(-1), torch.zeros_like(code), code)
        return torch.cat([code, missing.unsqueeze(-1).to(code.dtype)], dim=-1)

    def summed(self, values: Tensor, owner: Tensor, owners: int) -> Tensor:
        """Return the sum of the codes of each owner's values: (O, K + 1).

        The same as adding up what :meth:`forward` returns, but no code is ever written down: a
        value adds its place between two quantiles there, and 1 to every place below.

        Parameters
        ----------
        values
            (N,), NaN where nothing is known.
        owner
            Whose each is (N,), of so many ``owners``.
        """
        steps = len(self.edges) - 1
        low, high = self.edges[:-1], self.edges[1:]
        there: Tensor | None = None
        if bool(torch.isnan(values.sum())):
            there = (~torch.isnan(values)).to(values.dtype)
            values = torch.where(there > 0, values, low[0])
        step = torch.bucketize(values, self.edges[1:-1])
        share = (values - low.index_select(0, step)) / (high - low).index_select(0, step)
        share = share.clamp(0, 1)
        if there is not None:
            share = share * there
        place = owner * steps + step

        def added(weights: Tensor, at: Tensor, size: int) -> Tensor:
            return weights.new_zeros(size).scatter_add_(0, at, weights)

        one = torch.ones_like(values) if there is None else there
        within = added(share, place, owners * steps).reshape(owners, steps)
        counts = added(one, place, owners * steps).reshape(owners, steps)
        above = counts.sum(dim=1, keepdim=True) - counts.cumsum(dim=1)
        lacking = values.new_zeros(owners) if there is None else added(1 - there, owner, owners)
        return torch.cat([within + above, lacking.unsqueeze(1)], dim=1)


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
