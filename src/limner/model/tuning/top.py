"""Tuning by what reads the state at a moment, and nothing below."""

from typing import ClassVar, TypeVar

from torch import nn

from limner.config import Config
from limner.errors import BadConfig
from limner.model.change import WeightChange, twin

__all__ = ["Top"]

M = TypeVar("M", bound=nn.Module)


class Top(Config):
    """The layers that read a state learn; what an event is and how the past is carried do not."""

    pace: ClassVar[float] = 0.3

    frozen: tuple[str, ...] = ("encoder", "backbone")
    """The parts of the model that stay as they are."""

    def tune(self, base: M, *, steps: int, seed: int = 0) -> WeightChange[M]:
        """Return a copy whose top layers learn."""
        del steps, seed
        model = twin(base)
        parts = dict(model.named_children())
        missing = [name for name in self.frozen if name not in parts]
        if missing or not set(parts) - set(self.frozen):
            raise BadConfig(
                f"a model with the parts {', '.join(parts)} has nothing above "
                f"{', '.join(self.frozen)}",
                hint="name the parts that shall stay as they are: frozen = [...]",
            )
        for name in self.frozen:
            parts[name].requires_grad_(requires_grad=False)
        return WeightChange(model, {"method": "top"} | self.model_dump(mode="json"))
