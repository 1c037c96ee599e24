"""Changes of low rank, through ``peft``: what LoRA and AdaLoRA have in common."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from limner.errors import BadConfig, MissingExtra
from limner.model.change import WEIGHTS_FILE, read_tensors, twin

__all__ = ["NAME", "LowRank", "low_rank", "peft", "wide_layers"]

M = TypeVar("M", bound=nn.Module)

NAME = "default"
"""What ``peft`` calls a change that nobody named."""


def peft() -> Any:  # noqa: ANN401 - a module of another house
    """Return the package: it takes ten seconds to load, so nobody does before it is needed.

    Raises
    ------
    MissingExtra
        If it is not installed.
    """
    try:
        import peft as package  # noqa: PLC0415 - see above
    except ImportError:
        raise MissingExtra("tuning by few weights", "peft", "tune") from None
    return package


def wide_layers(base: nn.Module, *, rank: int) -> list[str]:
    """Return the names of the linear layers, frozen ones left out, that are wider than a rank.

    Raises
    ------
    BadConfig
        If there is none.
    """
    found = [
        name
        for name, layer in base.named_modules()
        if isinstance(layer, nn.Linear)
        and layer.weight.requires_grad
        and min(layer.in_features, layer.out_features) > rank
    ]
    if not found:
        raise BadConfig(
            f"the model has no linear layer wider than the rank {rank}",
            hint="take a smaller rank, or tune it by full",
        )
    return found


class LowRank(Generic[M]):
    """A copy of a model with products of two thin matrices upon its linear layers.

    Attributes
    ----------
    model
        The copy.
    wrapped
        What ``peft`` put around it.
    """

    def __init__(self, model: M, wrapped: Any) -> None:  # noqa: ANN401 - a peft.PeftModel
        self.model, self.wrapped = model, wrapped

    @property
    def config(self) -> Any:  # noqa: ANN401 - a peft.PeftConfig
        """The settings, as ``peft`` has them."""
        return self.wrapped.peft_config[NAME]

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
        """Write settings and weights as ``peft`` does, for ``PeftModel.from_pretrained``."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = peft().get_peft_model_state_dict(self.wrapped, save_embedding_layers=False)
        kept = {name: each.detach().contiguous() for name, each in tensors.items()}
        save_file(kept, folder / WEIGHTS_FILE, metadata={"format": "pt"})
        config = copy.deepcopy(self.config)
        config.inference_mode = True
        config.save_pretrained(str(folder))

    def load(self, folder: Path) -> None:
        """Take over what :meth:`save` wrote; see :meth:`limner.model.change.Change.load`."""
        kept, tensors = read_tensors(folder)
        mine = self.config
        if kept.get("peft_type") != mine.peft_type.value:
            raise BadConfig(
                f"{folder} holds a change by {kept.get('peft_type') or kept.get('method')}, not by "
                f"{mine.peft_type.value}"
            )
        if set(kept["target_modules"]) != set(mine.target_modules):
            raise BadConfig(
                f"{folder} holds a change of another model",
                hint="load it upon the model it was tuned from",
            )
        if "rank_pattern" in kept and kept["peft_type"] == "ADALORA":
            mine.rank_pattern = kept["rank_pattern"]
        try:
            peft().set_peft_model_state_dict(self.wrapped, tensors)
        except RuntimeError as error:
            raise BadConfig(
                f"{folder} holds a change of another rank or another width: {error}",
                hint="load it with the settings it was tuned with",
            ) from None

    def merge(self) -> M:
        """Return a model of the base's own form, the products added to its weights."""
        whole = twin(self.wrapped)
        with _plain(whole.base_model.model):
            merged = whole.merge_and_unload()
        return cast("M", merged.requires_grad_(requires_grad=True))


def low_rank(base: M, make: Callable[[Sequence[str]], Any], *, rank: int, seed: int) -> LowRank[M]:
    """Put thin matrices upon a copy of a model.

    Parameters
    ----------
    base
        The model; it stays as it is.
    make
        Makes the settings for ``peft`` of the names of the layers.
    rank
        Only layers wider than this are changed.
    seed
        Where chance begins.
    """
    layers = wide_layers(base, rank=rank)
    model = twin(base)
    with torch.random.fork_rng(devices=[]), _plain(model):
        torch.manual_seed(seed)
        wrapped = peft().get_peft_model(model, make(layers))
    wrapped.train(base.training)
    return LowRank(model, wrapped)


@contextmanager
def _plain(model: nn.Module) -> Iterator[None]:
    """Hide a model's settings: ``peft`` takes what is called ``config`` for a dictionary."""
    settings: Mapping[str, Any] = {"config": model.__dict__.pop("config", None)}
    try:
        yield
    finally:
        if settings["config"] is not None:
            model.__dict__.update(settings)
