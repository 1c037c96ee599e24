"""What LoRA and AdaLoRA have in common: which layers, and a hint where peft is missing."""

import builtins
import sys

import pytest
from torch import nn

from limner.errors import BadConfig, MissingExtra
from limner.model.low_rank import peft, wide_layers


def test_layers_wider_than_the_rank_are_changed_and_frozen_ones_are_not():
    model = nn.ModuleDict(
        {"wide": nn.Linear(8, 9), "narrow": nn.Linear(8, 4), "frozen": nn.Linear(8, 8)}
    )
    model["frozen"].requires_grad_(requires_grad=False)
    assert wide_layers(model, rank=4) == ["wide"]
    assert wide_layers(model, rank=3) == ["wide", "narrow"]
    with pytest.raises(BadConfig, match="wider than the rank 8"):
        wide_layers(model, rank=8)


def test_where_peft_is_missing_a_hint_says_how_to_get_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "peft", raising=False)
    real = builtins.__import__

    def without(name, *more, **named):
        if name == "peft":
            raise ImportError(name)
        return real(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match="peft"):
        peft()
