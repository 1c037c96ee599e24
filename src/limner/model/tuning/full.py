"""Tuning by all weights."""

from typing import ClassVar, TypeVar

from torch import nn

from limner.config import Config
from limner.model.change import WeightChange, twin

__all__ = ["Full"]

M = TypeVar("M", bound=nn.Module)


class Full(Config):
    """Every weight of the model learns that is not frozen in the base."""

    pace: ClassVar[float] = 0.3

    def tune(self, base: M, *, steps: int, seed: int = 0) -> WeightChange[M]:
        """Return a copy whose weights learn."""
        del steps, seed
        return WeightChange(twin(base), {"method": "full"} | self.model_dump(mode="json"))
