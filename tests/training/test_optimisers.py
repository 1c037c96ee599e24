"""Optimisers: torch's own, with a pace of their own for parts, and a memory that has names."""

import pytest
import torch
from torch import nn

from limner.errors import BadConfig
from limner.training.course import LoopConfig
from limner.training.optimisers import built, memory, remember, set_pace

NAMES = ("adamw", "adam", "sgd")


def a_module():
    torch.manual_seed(3)
    return nn.ModuleDict({"low": nn.Linear(3, 4), "lower": nn.Linear(4, 1)})


def stepped(module, optimiser, times, *, first=0):
    for time in range(first, first + times):
        optimiser.zero_grad()
        given = torch.arange(6.0).reshape(2, 3) + time
        module["lower"](module["low"](given).tanh()).square().mean().backward()
        optimiser.step()


def ours(name, module, **more):
    config = LoopConfig(optimiser=name, learning_rate=0.1, weight_decay=0.2, **more)
    return built(dict(module.named_parameters()), config, rates={})


@pytest.mark.parametrize("name", NAMES)
def test_it_moves_as_torchs_own_does_and_leaves_biases_undecayed(name):
    one, other = a_module(), a_module()
    groups = [
        {"params": [each for each in other.parameters() if each.ndim > 1], "weight_decay": 0.2},
        {"params": [each for each in other.parameters() if each.ndim == 1], "weight_decay": 0.0},
    ]
    theirs = {
        "adamw": lambda: torch.optim.AdamW(groups, lr=0.1),
        "adam": lambda: torch.optim.Adam(groups, lr=0.1),
        "sgd": lambda: torch.optim.SGD(groups, lr=0.1, momentum=0.9),
    }[name]()
    stepped(one, ours(name, one), 5)
    stepped(other, theirs, 5)
    for mine, its in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize("name", NAMES)
def test_with_its_memory_another_goes_on_as_it_would_have(name, momentum):
    whole, first = a_module(), a_module()
    stepped(whole, ours(name, whole, momentum=momentum), 6)
    optimiser = ours(name, first, momentum=momentum)
    stepped(first, optimiser, 3)
    kept = memory(optimiser, dict(first.named_parameters()))
    second = a_module()
    second.load_state_dict(first.state_dict())
    again = ours(name, second, momentum=momentum)
    remember(
        again, dict(second.named_parameters()), {key: each.clone() for key, each in kept.items()}
    )
    stepped(second, again, 3, first=3)
    for mine, its in zip(second.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_names_within_names_are_told_apart():
    module = nn.Module()
    module.a = nn.Parameter(torch.ones(2))
    module.b = nn.Module()
    module.b.a = nn.Parameter(torch.zeros(3))
    named = dict(module.named_parameters())
    optimiser = built(named, LoopConfig(), rates={})
    (module.a.sum() + module.b.a.sum()).backward()
    optimiser.step()
    kept = memory(optimiser, named)
    assert set(kept) == {
        f"{kind}.{name}" for kind in ("step", "exp_avg", "exp_avg_sq") for name in named
    }
    again = built(named, LoopConfig(), rates={})
    remember(again, named, kept)
    assert again.state[module.a]["exp_avg"].shape == (2,)
    assert again.state[module.b.a]["exp_avg"].shape == (3,)


def test_the_longest_name_above_counts():
    module = a_module()
    named = dict(module.named_parameters())
    config = LoopConfig(optimiser="sgd", momentum=0.5)
    optimiser = built(named, config, rates={"": 0.5, "low": 0.1, "low.bias": 2.0})
    set_pace(optimiser, config, step=0, rate=3.0)
    found = {
        name: group["lr"]
        for group in optimiser.param_groups
        for name, each in named.items()
        if any(each is one for one in group["params"])
    }
    assert found == pytest.approx(
        {"low.weight": 0.3, "low.bias": 6, "lower.weight": 1.5, "lower.bias": 1.5}
    )
    assert {group["momentum"] for group in optimiser.param_groups} == {0.5}


def test_momentum_is_the_first_beta():
    config = LoopConfig(momentum=0.6)
    optimiser = built(dict(a_module().named_parameters()), config, rates={})
    set_pace(optimiser, config, step=0, rate=1.0)
    assert {group["betas"] for group in optimiser.param_groups} == {(0.6, 0.999)}


def test_a_rate_for_nobody_is_refused():
    with pytest.raises(BadConfig, match="'lo' is above no weight"):
        built(dict(a_module().named_parameters()), LoopConfig(), rates={"lo": 1.0})
    with pytest.raises(BadConfig, match="all are frozen"):
        built({}, LoopConfig(), rates={})
