"""The squared error of the logarithm of an amount."""

from typing import ClassVar

import torch
from torch import Tensor

from limner.config import Config

__all__ = ["Squared"]


class Squared(Config):
    """The squared distance of ``log1p``; it is least where the typical amount is said."""

    logarithm: bool = True
    """Whether amounts are compared by ``log1p``; else as they are, and may lie below nought."""

    shapes: ClassVar[frozenset[str]] = frozenset({"how_many", "how_much"})
    outputs: ClassVar[int] = 1

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each (N,), from said ``log1p`` of amounts and true amounts."""
        wanted = truth.clamp(min=0).log1p() if self.logarithm else truth
        return (said - wanted).square()

    def answer(self, said: Tensor) -> Tensor:
        """Return the typical amount twice (N, 2): what is expected, it does not know."""
        typical = said.clamp(min=0).expm1() if self.logarithm else said
        return torch.stack([typical, typical], dim=-1)
