"""The recurrent backbone: torch's own numbers, renewed by one event, and open to factors."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from limner.model.backbones.recurrent import Recurrent


@pytest.mark.parametrize("layers", [1, 3])
def test_it_says_what_torch_says_from_the_same_first_weights(layers):
    torch.manual_seed(5)
    theirs = nn.GRU(6, 6, layers)
    torch.manual_seed(5)
    ours = Recurrent(6, layers=layers)
    events = torch.randn(4, 9, 6)
    expected, last = theirs(events.transpose(0, 1))
    states = ours(events, torch.zeros(4, 9))
    assert torch.equal(states, expected.transpose(0, 1))
    assert torch.equal(states[:, -1], last[-1])


def test_one_event_renews_the_state_as_reading_all_again():
    torch.manual_seed(1)
    backbone = Recurrent(6, layers=2).eval()
    events, days = torch.randn(3, 5, 6), torch.zeros(3, 5)
    with torch.inference_mode():
        whole = backbone(events, days)
        state = backbone.begin(3)
        for step in range(5):
            state, top = backbone.renew(state, events[:, step], days[:, step])
            assert torch.allclose(top, whole[:, step], atol=1e-6)


def test_values_between_layers_are_dropped_while_learning_only():
    torch.manual_seed(0)
    backbone = Recurrent(6, layers=2, dropout=0.5)
    events, days = torch.randn(2, 4, 6), torch.zeros(2, 4)
    assert not torch.equal(backbone(events, days), backbone(events, days))
    backbone.eval()
    assert torch.equal(backbone(events, days), backbone(events, days))


class Layered(nn.Module):
    """A linear layer with something upon it, as peft makes it."""

    def __init__(self, inner, *, merged=False, disabled=False):
        super().__init__()
        self.inner, self.merged, self.disable_adapters = inner, merged, disabled
        self.active_adapters = ["one", "other"]
        self.weight, self.bias = inner.weight, inner.bias

    def get_delta_weight(self, name):
        return torch.full_like(self.weight, 0.25 if name == "one" else 0.5)


@pytest.mark.parametrize(
    ("settings", "moved"), [({}, 0.75), ({"merged": True}, 0), ({"disabled": True}, 0)]
)
def test_what_is_put_upon_its_layers_counts(settings, moved):
    torch.manual_seed(0)
    backbone = Recurrent(4)
    events, days = torch.randn(2, 3, 4), torch.zeros(2, 3)
    plain = backbone(events, days)
    backbone.from_state[0] = Layered(backbone.from_state[0], **settings)
    layered = backbone(events, days)
    assert torch.equal(layered, plain) == (not moved)
    backbone.from_state[0] = backbone.from_state[0].inner
    with torch.no_grad():
        backbone.from_state[0].weight += moved
    assert torch.allclose(layered, backbone(events, days), atol=1e-6)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=40), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_leaving_out_padding_moves_nobody(lengths, spare):
    """Whoever has few events leaves early; what was said of real events is what it was."""
    torch.manual_seed(2)
    backbone = Recurrent(4, layers=2).eval()
    count, width = len(lengths), max(lengths) + spare
    events, days = torch.randn(count, width, 4), torch.zeros(count, width)
    with torch.inference_mode():
        whole = backbone(events, days)
        some = backbone(events, days, np.array(lengths))
    assert some.shape == whole.shape
    held = torch.arange(width) < torch.tensor(lengths)[:, None]
    assert torch.allclose(some[held], whole[held], atol=1e-5)
