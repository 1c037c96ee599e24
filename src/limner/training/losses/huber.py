"""The error of the logarithm of an amount: squared where small, straight where large (Huber)."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config

__all__ = ["Huber"]


class Huber(Config):
    """Half the squared distance of ``log1p`` up to a reach, a straight line beyond it.

    A few customers with amounts out of all measure so pull less.

    References
    ----------
    Huber: "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35, 1964.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"how_many", "how_much"})
    outputs: ClassVar[int] = 1

    reach: float = Field(1.0, gt=0)
    """Up to which distance of logarithms it is squared."""
    logarithm: bool = True
    """Whether amounts are compared by ``log1p``; else as they are, and may lie below nought."""

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each (N,), from said ``log1p`` of amounts and true amounts."""
        wanted = truth.clamp(min=0).log1p() if self.logarithm else truth
        return functional.huber_loss(said, wanted, reduction="none", delta=self.reach)

    def answer(self, said: Tensor) -> Tensor:
        """Return the typical amount twice (N, 2): what is expected, it does not know."""
        typical = said.clamp(min=0).expm1() if self.logarithm else said
        return torch.stack([typical, typical], dim=-1)
