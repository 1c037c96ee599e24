"""Amounts as piecewise-linear codes over quantiles (Gorishniy and others 2022, section 3.2)."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["NumberEncoder"]


class NumberEncoder(nn.Module):
    """Where a value lies among the quantiles it was shown, as a vector.

    Between two quantiles the code rises in a straight line, so that near values have near vectors
    however skewed they are. A missing value has a vector of its own.

    Parameters
    ----------
    edges
        The quantiles (K + 1,), rising.
    width
        Length of a vector, D.
    """

    edges: Tensor

    def __init__(self, edges: NDArray[np.float32], width: int) -> None:
        super().__init__()
        self.register_buffer("edges", torch.from_numpy(np.ascontiguousarray(edges, np.float32)))
        self.mix = nn.Linear(len(edges), width)

    def forward(self, values: Tensor) -> Tensor:
        """Return vectors (…, D) for values (…)."""
        missing = torch.isnan(values)
        low, high = self.edges[:-1], self.edges[1:]
        filled = torch.where(missing, low[0], values).unsqueeze(-1)
        code = ((filled - low) / (high - low)).clamp(0, 1)
        code = torch.where(missing.unsqueeze(-1), torch.zeros_like(code), code)
        return cast("Tensor", self.mix(torch.cat([code, missing.unsqueeze(-1).float()], dim=-1)))
