"""The gated recurrent layer: torch's own states and gradients, however lengths differ."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from limner.model.gated_recurrence import _forward, gated_recurrence

WIDTH = 3


def a_layer(seed):
    torch.manual_seed(seed)
    return nn.GRU(WIDTH, WIDTH).double()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=7), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_states_and_gradients_are_torchs_own(lengths, seed):
    layer, lengths = a_layer(seed), sorted(lengths, reverse=True)
    padded = torch.randn(max(lengths), len(lengths), WIDTH, dtype=torch.float64)
    packed = pack_padded_sequence(padded, torch.tensor(lengths))
    weigh = torch.randn_like(packed.data)
    found = []
    for ours in (True, False):
        events = packed.data.clone().requires_grad_()
        weights = tuple(layer.parameters())
        if ours:
            states = gated_recurrence(events, packed.batch_sizes, weights)
        else:
            states = layer(packed._replace(data=events))[0].data
        gradients = torch.autograd.grad((states * weigh).sum(), [events, *weights])
        found.append([states, *gradients])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_the_gradient_is_the_slope():
    sizes = torch.tensor([4, 3, 3, 1])
    weights = [each.detach().requires_grad_() for each in a_layer(0).parameters()]
    events = torch.randn(11, WIDTH, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda events, *weights: gated_recurrence(events, sizes, weights), (events, *weights)
    )


def test_half_precision_goes_there_and_back():
    layer = a_layer(1).float()
    events = torch.randn(6, WIDTH, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        states = gated_recurrence(events, torch.tensor([3, 2, 1]), tuple(layer.parameters()))
    assert states.dtype == torch.bfloat16
    states.float().square().sum().backward()
    assert events.grad.dtype == layer.weight_hh_l0.grad.dtype == torch.float32
    with torch.no_grad():
        exact = gated_recurrence(events, torch.tensor([3, 2, 1]), tuple(layer.parameters()))
    np.testing.assert_allclose(states.detach().float(), exact, atol=0.02)


@pytest.mark.parametrize("learns", [True, False])
def test_torch_is_told_whether_there_is_a_way_back(learns, monkeypatch):
    # cuDNN refuses to go back through what it was told would not be learned from.
    plain, asked = torch.gru, []
    monkeypatch.setattr(torch, "gru", lambda *given: asked.append(given[7]) or plain(*given))
    events = torch.zeros(3, WIDTH, dtype=torch.float64)
    with torch.set_grad_enabled(learns):
        _forward(events, torch.tensor([2, 1]), tuple(a_layer(0).parameters()))
    assert asked == [learns]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_finds_the_same_states_and_gradients():
    found = []
    for device in ("cpu", "cuda"):
        weights = [each.detach().to(device).requires_grad_() for each in a_layer(0).parameters()]
        events = torch.linspace(-1, 1, 6 * WIDTH, dtype=torch.float64).reshape(6, WIDTH).to(device)
        states = gated_recurrence(events, torch.tensor([3, 2, 1]), tuple(weights))
        gradients = torch.autograd.grad(states.square().sum(), weights)
        found.append([each.detach().cpu() for each in (states, *gradients)])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)
