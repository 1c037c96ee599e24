"""What must hold of every file of the folder of backbones."""

import inspect

import numpy as np
import pytest
import torch

from limner import plugins
from limner.model import backbones
from limner.model.backbone import Backbone, PackedBackbone


@pytest.fixture(params=plugins.names(backbones))
def make(request):
    return plugins.load(backbones, request.param)


def a_history(customers=3, events=7):
    torch.manual_seed(2)
    return torch.randn(customers, events, 8), torch.rand(customers, events).cumsum(dim=1) * 5


def a_backbone(make, **settings):
    torch.manual_seed(1)
    return make(8, **{"layers": 2, "dropout": 0.3, "longest": 16} | settings)


def test_it_speaks_as_the_port_does(make):
    for name in ("begin", "renew"):
        wanted = inspect.signature(getattr(Backbone, name)).parameters
        assert list(inspect.signature(getattr(make, name)).parameters) == list(wanted)
    asked = inspect.signature(make.forward).parameters
    assert list(asked) == list(inspect.signature(Backbone.__call__).parameters)


@pytest.mark.parametrize("layers", [1, 2])
def test_one_event_renews_the_state_as_reading_all_again(make, layers):
    backbone, (events, days) = a_backbone(make, layers=layers).eval(), a_history()
    with torch.inference_mode():
        whole = backbone(events, days)
        assert whole.shape == events.shape
        state = backbone.begin(3)
        for step in range(events.shape[1]):
            state, top = backbone.renew(state, events[:, step], days[:, step])
            assert torch.allclose(top, whole[:, step], atol=1e-5)


def test_what_comes_later_and_padding_move_nothing(make):
    backbone, (events, days) = a_backbone(make).eval(), a_history()
    with torch.inference_mode():
        whole = backbone(events, days)
        events[:, 4:], days[:, 4:] = 99.0, 0.0
        assert torch.allclose(backbone(events, days)[:, :4], whole[:, :4], atol=1e-5)


def test_whoever_reads_packed_events_says_the_same_without_padding(make):
    backbone, (events, days) = a_backbone(make).eval(), a_history()
    assert isinstance(backbone, PackedBackbone) == hasattr(make, "packed")
    if not hasattr(make, "packed"):
        return
    lengths = np.array([2, 7, 5])
    held = torch.arange(7) < torch.from_numpy(lengths)[:, None]
    with torch.inference_mode():
        found = backbone.packed(events[held], days[held], lengths)
        assert torch.allclose(found, backbone(events, days)[held], atol=1e-5)


def test_one_customer_moves_no_other(make):
    backbone, (events, days) = a_backbone(make).eval(), a_history()
    with torch.inference_mode():
        assert torch.allclose(
            backbone(events, days)[1:2], backbone(events[1:2], days[1:2]), atol=1e-5
        )


def test_it_learns_by_every_weight_and_drops_while_learning_only(make):
    backbone, (events, days) = a_backbone(make), a_history()
    found = backbone(events, days)
    assert not torch.equal(found, backbone(events, days))
    (found * torch.randn_like(found)).sum().backward()
    assert all(each.grad is not None for each in backbone.parameters())
    backbone.eval()
    assert torch.equal(backbone(events, days), backbone(events, days))
