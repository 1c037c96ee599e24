"""Names as learned vectors."""

from typing import cast

import torch
from torch import Tensor, nn

__all__ = ["CategoryEncoder"]


class CategoryEncoder(nn.Module):
    """A vector for each number of a vocabulary; number 0, nothing known, is nought.

    Parameters
    ----------
    size
        How many numbers there are.
    width
        Length of a vector, D.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(size, width, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[0].zero_()

    def forward(self, numbers: Tensor) -> Tensor:
        """Return vectors (…, D) for numbers (…)."""
        return cast("Tensor", self.table(numbers))
