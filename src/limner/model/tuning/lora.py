"""Tuning by products of two thin matrices upon the weights (Hu and others 2022)."""

from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from pydantic import Field
from torch import nn

from limner.config import Config
from limner.model.low_rank import LowRank, low_rank, peft

__all__ = ["Lora"]

M = TypeVar("M", bound=nn.Module)


class Lora(Config):
    """Every linear layer wider than the rank gets a product of two matrices, nought at first."""

    pace: ClassVar[float] = 1.0

    rank: int = Field(8, ge=1)
    """The shorter side of both matrices."""
    scale: float = Field(2.0, gt=0)
    """The product counts so much: alpha of the source, over the rank."""

    def tune(self, base: M, *, steps: int, seed: int = 0) -> LowRank[M]:
        """Return a copy whose products learn."""
        del steps

        def make(layers: Sequence[str]) -> Any:  # noqa: ANN401 - a peft.LoraConfig
            # The weights of a recurrent backbone meet no vector of their own, so nothing of what
            # goes in could be dropped: no dropout of peft's.
            alpha = self.scale * self.rank
            return peft().LoraConfig(r=self.rank, lora_alpha=alpha, target_modules=list(layers))

        return low_rank(base, make, rank=self.rank, seed=seed)
