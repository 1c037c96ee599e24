"""A change of a model: which weights it has, and a copy that shares what is frozen."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from limner.errors import BadConfig, NotFitted
from limner.model.change import WeightChange, read_tensors, trained_weights, twin


@dataclass(frozen=True)
class Names:
    known: tuple[str, ...]


def a_model():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].requires_grad_(requires_grad=False)
    model.names = Names(("a", "b"))
    return model


def test_a_twin_has_weights_of_its_own_and_the_same_names():
    model = a_model()
    copied = twin(model)
    assert copied.names is model.names
    with torch.no_grad():
        copied[0].weight.zero_()
    assert model[0].weight.abs().sum() > 0
    assert not copied[0].weight.requires_grad


def test_the_weights_that_learn_are_the_change(tmp_path):
    model = a_model()
    assert list(trained_weights(model)) == ["1.weight", "1.bias"]
    change = WeightChange(twin(model), {"method": "some"})
    with torch.no_grad():
        change.model[1].weight.fill_(7)
    change.save(tmp_path)
    settings, tensors = read_tensors(tmp_path)
    assert settings == {"method": "some"}
    assert set(tensors) == {"1.weight", "1.bias"}
    again = WeightChange(twin(model), {"method": "some"})
    again.load(tmp_path)
    assert torch.equal(again.model[1].weight, torch.full((1, 2), 7.0))
    assert change.cost() is None
    assert change.is_settled(0)
    change.after(1)


def test_what_is_no_change_is_refused(tmp_path):
    change = WeightChange(a_model(), {"method": "some"})
    with pytest.raises(NotFitted):
        change.load(tmp_path)
    change.save(tmp_path)
    with pytest.raises(BadConfig, match="holds a change by"):
        WeightChange(a_model(), {"method": "other"}).load(tmp_path)
    with pytest.raises(BadConfig, match="another model"):
        WeightChange(nn.Sequential(nn.Linear(4, 1)), {"method": "some"}).load(tmp_path)
