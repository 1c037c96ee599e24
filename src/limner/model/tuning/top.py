"""Tuning by what reads the state at a moment, and nothing below."""

from typing import ClassVar, TypeVar

from torch import nn

from limner.config import Config
from limner.errors import BadConfig
from limner.model.change import Parted, WeightChange, trained_weights, twin

__all__ = ["Top"]

M = TypeVar("M", bound=nn.Module)


class Top(Config):
    """The layers that read a state learn; what an event is and how the past is carried do not."""

    pace: ClassVar[float] = 0.3

    frozen: tuple[str, ...] | None = None
    """The parts of the model that stay as they are; none: those that it names itself."""

    def tune(self, base: M, *, steps: int, seed: int = 0) -> WeightChange[M]:
        """Return a copy whose top layers learn."""
        del steps, seed
        model = twin(base)
        frozen = self.frozen
        if frozen is None:
            frozen = model.below if isinstance(model, Parted) else ()
        parts = dict(model.named_modules())
        missing = [name for name in frozen if name not in parts]
        for name in frozen if not missing else ():
            parts[name].requires_grad_(requires_grad=False)
        if missing or not frozen or not trained_weights(model):
            raise BadConfig(
                f"a model with the parts {', '.join(dict(model.named_children()))} has nothing "
                f"above {', '.join(frozen) or 'what stays as it is'}",
                hint="name the parts that shall stay as they are: frozen = [...]",
            )
        return WeightChange(model, {"method": "top"} | self.model_dump(mode="json"))
