"""Tuning by small bottlenecks between the parts of a model (Houlsby and others 2019)."""

from typing import Any, ClassVar, TypeVar, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from limner.config import Config
from limner.errors import BadConfig
from limner.model.change import Parted, WeightChange, twin

__all__ = ["Adapter"]

M = TypeVar("M", bound=nn.Module)


class Adapter(Config):
    """A bottleneck behind every layer that the model names learns; each adds nothing at first."""

    pace: ClassVar[float] = 1.0

    bottleneck: int = Field(16, ge=1)
    """How many numbers a vector is pressed into on its way."""

    def tune(self, base: M, *, steps: int, seed: int = 0) -> WeightChange[M]:
        """Return a copy with bottlenecks that learn."""
        del steps
        if not isinstance(base, Parted) or not base.layers:
            raise BadConfig(
                f"adapters go behind layers, but a model with the parts "
                f"{', '.join(dict(base.named_children()))} names none",
                hint="tune it by full or by lora",
            )
        model, width, layers = twin(base), base.width, base.layers
        model.requires_grad_(requires_grad=False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for layer in layers:
                above, _, name = layer.rpartition(".")
                self._insert(model.get_submodule(above), name, width)
        return WeightChange(
            model, {"method": "adapter"} | self.model_dump(mode="json"), merges=False
        )

    def _insert(self, above: nn.Module, name: str, width: int) -> None:
        inner = above.get_submodule(name)
        above.add_module(name, _Followed(inner, _Bottleneck(width, self.bottleneck)))


class _Bottleneck(nn.Module):
    """Presses a vector into few numbers and adds what comes of it."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, size), nn.Linear(size, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """Return vectors (…, D) for vectors (…, D)."""
        return vectors + cast("Tensor", self.up(nn.functional.gelu(self.down(vectors))))


class _Followed(nn.Module):
    """A part of a model with a bottleneck behind it; whatever else it can, it can still."""

    def __init__(self, inner: nn.Module, bottleneck: _Bottleneck) -> None:
        super().__init__()
        self.inner, self.bottleneck = inner, bottleneck

    def forward(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever the part takes and gives
        """Return what the part returns, its vectors changed."""
        return self._changed(self.inner(*given, **named))

    def renew(self, *given: Any, **named: Any) -> tuple[Any, Tensor]:  # noqa: ANN401
        """Return the state of a backbone after one more event, and its top, changed."""
        state, top = self.inner.renew(*given, **named)  # type: ignore[operator]
        return state, self.bottleneck(top)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return an attribute of the part, where this has none of its own."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("inner"), name)

    def _changed(self, given: Any) -> Any:  # noqa: ANN401
        if isinstance(given, tuple):
            return (self.bottleneck(given[0]), *given[1:])
        return self.bottleneck(given)
