"""The gated recurrent layer: torch's own states and gradients, however lengths differ."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from limner.model.gated_recurrence import gated_recurrence

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
