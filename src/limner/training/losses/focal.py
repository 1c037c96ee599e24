"""Cross-entropy that cares less for what is easy (Lin and others 2017, equation 5)."""

from typing import ClassVar

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config

__all__ = ["Focal"]


class Focal(Config):
    """The log loss, times how far the probability of what came true was from 1.

    Where an outcome is rare, the many easy customers do not drown the few. What it says is not
    calibrated.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "which"})
    outputs: ClassVar[int] = 1

    focus: float = Field(2.0, ge=0)
    """Gamma of the source, dimensionless: with 0 it is the cross-entropy."""
    balance: float | None = Field(None, gt=0, lt=1)
    """Alpha of the source: what a yes weighs, a no weighing the rest; none: both weigh 1."""

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each log odds, of the shape of the truth."""
        plain = functional.binary_cross_entropy_with_logits(said, truth, reduction="none")
        # 1 - p of what came true, without the rounding of a difference from 1.
        missed = (said * (1 - 2 * truth)).sigmoid()
        cost = missed**self.focus * plain
        if self.balance is None:
            return cost
        return cost * (truth * self.balance + (1 - truth) * (1 - self.balance))

    def answer(self, said: Tensor) -> Tensor:
        """Return probabilities."""
        return said.sigmoid()
