"""What tuning changed of a model: few weights or all, kept apart from the model they belong to."""

import copy
import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from limner.config import Config
from limner.errors import BadConfig, NotFitted

__all__ = [
    "CONFIG_FILE",
    "WEIGHTS_FILE",
    "Change",
    "Parted",
    "Tuning",
    "WeightChange",
    "read_tensors",
    "trained_weights",
    "twin",
]

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"
"""The names that ``peft`` gives its files, for changes of every kind."""

M_co = TypeVar("M_co", bound=nn.Module, covariant=True)
M = TypeVar("M", bound=nn.Module)


class Change(Protocol[M_co]):
    """A copy of a model with weights of its own that learn; the base stays what it was."""

    @property
    def model(self) -> M_co:
        """The copy; before anything was learned it says exactly what the base says."""
        ...

    def after(self, done: int) -> None:
        """Put things right after a step, while the weights have their gradients still.

        ``done`` is how many steps are done.
        """
        ...

    def is_settled(self, done: int) -> bool:
        """Return whether the weights that will be kept are chosen after so many steps."""
        ...

    def cost(self) -> Tensor | None:
        """Return what is to be added to the loss, if anything."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was changed, and only that: :data:`CONFIG_FILE` and :data:`WEIGHTS_FILE`."""
        ...

    def load(self, folder: Path) -> None:
        """Take over what :meth:`save` wrote.

        Raises
        ------
        NotFitted
            If there is no change in the folder.
        BadConfig
            If it belongs to another way of tuning, or to a model of another form.
        """
        ...

    def merge(self) -> M_co:
        """Return a model of the base's own form that says what the changed one says.

        Raises
        ------
        BadConfig
            If the change is no change of the base's weights.
        """
        ...


@runtime_checkable
class Parted(Protocol):
    """A model that says which of its parts stand below, and between which a vector passes."""

    @property
    def width(self) -> int:
        """The length of the vectors that pass, D."""
        ...

    @property
    def below(self) -> tuple[str, ...]:
        """The names of the parts that stay as they are where only the top learns."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the parts behind which a vector (…, D) may be changed, from below."""
        ...


class Tuning(Protocol):
    """A way to tune: its settings, and what it makes of a model; one file each in ``tuning``."""

    pace: ClassVar[float]
    """How fast its weights learn well, as a share of the rate of a head."""

    def tune(self, base: M, *, steps: int, seed: int = 0) -> Change[M]:
        """Return a copy with weights that are ready to learn for so many steps.

        What is frozen in the base, stays so in the copy.

        Raises
        ------
        BadConfig
            If the base has no part that this way could change.
        """
        ...

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        """Return the settings."""
        ...


class WeightChange(Generic[M]):
    """Some weights of a copy, by name.

    Parameters
    ----------
    model
        The copy; those of its parameters that have a gradient are the change.
    settings
        What tells this way of tuning from others; it is kept beside the weights.
    merged
        Makes a model of the base's form of the copy; none where there is no such thing.
    """

    def __init__(self, model: M, settings: Mapping[str, Any], *, merges: bool = True) -> None:
        self.model, self.settings, self._merges = model, dict(settings), merges

    def after(self, done: int) -> None:
        """Do nothing: a step leaves nothing to be put right."""

    def is_settled(self, done: int) -> bool:
        """Return True: all weights are kept, always."""
        del done
        return True

    def cost(self) -> Tensor | None:
        """Return None."""
        return None

    def save(self, folder: Path) -> None:
        """Write the settings and the weights that learned."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG_FILE).write_text(json.dumps(self.settings, indent=2), encoding="utf-8")
        tensors = {name: each.detach() for name, each in trained_weights(self.model).items()}
        save_file(tensors, folder / WEIGHTS_FILE)

    def load(self, folder: Path) -> None:
        """Take over what :meth:`save` wrote; see :meth:`Change.load`."""
        kept, tensors = read_tensors(folder)
        if kept != self.settings:
            raise BadConfig(f"{folder} holds a change by {kept}, not by {self.settings}")
        mine = trained_weights(self.model)
        if {name: each.shape for name, each in mine.items()} != {
            name: each.shape for name, each in tensors.items()
        }:
            raise BadConfig(
                f"{folder} holds a change of another model",
                hint="load it upon the model it was tuned from",
            )
        for name, each in mine.items():
            each.data.copy_(tensors[name])

    def merge(self) -> M:
        """Return a copy whose weights all could learn again; see :meth:`Change.merge`."""
        if not self._merges:
            raise BadConfig(
                f"a change by {self.settings['method']} stands beside the base's weights and "
                "cannot be merged into them",
                hint="keep the change, or tune by lora",
            )
        return twin(self.model).requires_grad_(requires_grad=True)


def twin(model: M) -> M:
    """Return a copy with weights of its own; names and settings are frozen, and shared."""
    shared = {
        id(value): value
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, Config) or (is_dataclass(value) and not isinstance(value, type))
    }
    return copy.deepcopy(model, shared)


def trained_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that learn, by name."""
    return {name: each for name, each in model.named_parameters() if each.requires_grad}


def read_tensors(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the settings and the weights of a change.

    Raises
    ------
    NotFitted
        If there is no change in the folder.
    """
    if not (folder / WEIGHTS_FILE).is_file() or not (folder / CONFIG_FILE).is_file():
        raise NotFitted(f"there is no change of a model in {folder}", hint="limner finetune")
    settings = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
    return settings, load_file(folder / WEIGHTS_FILE)
