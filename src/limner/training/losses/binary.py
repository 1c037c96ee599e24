"""Cross-entropy of yes and no, for one question or for each of many classes."""

from typing import ClassVar

from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config

__all__ = ["Binary"]


class Binary(Config):
    """The log loss of a probability; each class of ``which`` is a question of its own."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "which"})
    outputs: ClassVar[int] = 1

    smoothing: float = Field(0.0, ge=0, lt=1)
    """So much of each label is spread over both outcomes (Szegedy and others 2016, section 7)."""

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each log odds, of the shape of the truth."""
        wanted = truth * (1 - self.smoothing) + self.smoothing / 2
        return functional.binary_cross_entropy_with_logits(said, wanted, reduction="none")

    def answer(self, said: Tensor) -> Tensor:
        """Return probabilities."""
        return said.sigmoid()
