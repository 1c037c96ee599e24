"""The optimisers: which weights they move how far, and their memory as named tensors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from limner.errors import BadConfig
from limner.training.course import LoopConfig
from limner.training.schedules import momentum_at

__all__ = ["built", "memory", "remember", "set_pace"]


def built(
    named: Mapping[str, nn.Parameter], config: LoopConfig, *, rates: Mapping[str, float]
) -> Optimizer:
    """Build an optimiser over weights.

    Parameters
    ----------
    named
        The weights that learn, by name.
    config
        Names the optimiser, its momentum and its weight decay.
    rates
        A factor of the learning rate for all weights below a name, as ``{"model.events": 0.1}``;
        the longest name that fits counts. ``""`` is above all.

    Raises
    ------
    BadConfig
        If there is nothing to learn, or a name of ``rates`` is above no weight.
    """
    if not named:
        raise BadConfig("no weight may learn: all are frozen", hint="set requires_grad on some")
    for above in rates:
        if not any(_is_below(name, above) for name in named):
            raise BadConfig(f"rates: {above!r} is above no weight that learns")
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in named.items():
        fitting = [above for above in rates if _is_below(name, above)]
        pace = rates[max(fitting, key=len)] if fitting else 1.0
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((pace, decay), []).append(parameter)
    told = [
        {"params": parameters, "weight_decay": decay, "pace": pace}
        for (pace, decay), parameters in groups.items()
    ]
    rate, keep = config.learning_rate, config.momentum
    match config.optimiser:
        case "sgd":
            return torch.optim.SGD(told, lr=rate, momentum=keep, fused=True)
        case "adam":
            return torch.optim.Adam(told, lr=rate, betas=(keep, 0.999), fused=True)
        case _:
            return torch.optim.AdamW(told, lr=rate, betas=(keep, 0.999), fused=True)


def set_pace(optimiser: Optimizer, config: LoopConfig, *, step: int, rate: float) -> None:
    """Set the learning rate and the momentum of a step, in every group."""
    momentum = momentum_at(config, step)
    for group in optimiser.param_groups:
        group["lr"] = rate * group["pace"]
        if "betas" in group:
            group["betas"] = (momentum, group["betas"][1])
        else:
            group["momentum"] = momentum


def memory(optimiser: Optimizer, named: Mapping[str, nn.Parameter]) -> dict[str, Tensor]:
    """Return what an optimiser remembers, as ``kind.name``: moments, momentum, steps."""
    return {
        f"{kind}.{name}": value
        for name, parameter in named.items()
        for kind, value in optimiser.state.get(parameter, {}).items()
        if isinstance(value, Tensor)
    }


def remember(
    optimiser: Optimizer, named: Mapping[str, nn.Parameter], kept: Mapping[str, Tensor]
) -> None:
    """Give an optimiser back what :func:`memory` told."""
    names = {id(parameter): name for name, parameter in named.items()}
    ordered = [each for group in optimiser.param_groups for each in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for place, parameter in enumerate(ordered):
        ending = f".{names[id(parameter)]}"
        found = {key.removesuffix(ending): kept[key] for key in kept if _kind_is(key, ending)}
        if found:
            state[place] = found
    whole = optimiser.state_dict()
    optimiser.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def _is_below(name: str, above: str) -> bool:
    return not above or name == above or name.startswith(f"{above}.")


def _kind_is(key: str, ending: str) -> bool:
    """Whether a key is one word before the name: ``step.a`` is of a, ``step.b.a`` is not."""
    return key.endswith(ending) and "." not in key.removesuffix(ending)
