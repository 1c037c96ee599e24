"""Cross-entropy of classes of which one alone is true."""

from typing import ClassVar

from pydantic import Field
from torch import Tensor

from limner.config import Config

__all__ = ["MultiClass"]


class MultiClass(Config):
    """The log loss of a distribution over classes, as who somebody is."""

    shapes: ClassVar[frozenset[str]] = frozenset({"which"})
    outputs: ClassVar[int] = 1

    smoothing: float = Field(0.0, ge=0, lt=1)
    """So much of each label is spread over all classes (Szegedy and others 2016, section 7)."""

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each row: (N,), from (N, C) and a row of 0 and one 1 each."""
        wanted = truth * (1 - self.smoothing) + self.smoothing / truth.shape[-1]
        return -(wanted * said.log_softmax(dim=-1)).sum(dim=-1)

    def answer(self, said: Tensor) -> Tensor:
        """Return probabilities that sum to one a row."""
        return said.softmax(dim=-1)
