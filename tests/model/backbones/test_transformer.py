"""The transformer: blind to what comes later, renewed by one event, aware of time."""

import pytest
import torch

from limner.errors import BadConfig
from limner.model.backbones.transformer import Transformer


def a_backbone(*, longest=8, layers=2, dropout=0.0):
    """Biases begin at 0; here they are moved, so that they can be seen."""
    torch.manual_seed(1)
    backbone = Transformer(8, layers=layers, heads=2, dropout=dropout, longest=longest).eval()
    with torch.no_grad():
        for bias in (backbone.by_place, backbone.by_gap):
            bias.normal_()
    return backbone


def a_history(customers=3, events=20):
    torch.manual_seed(2)
    days = torch.cumsum(torch.rand(customers, events) * 9, dim=1)
    return torch.randn(customers, events, 8), days


@pytest.mark.parametrize("longest", [1, 2, 8, 64])
def test_one_event_renews_the_state_as_reading_all_again(longest):
    """Also after more events than it looks at, when every layer forgets the eldest."""
    backbone, (events, days) = a_backbone(longest=longest), a_history()
    with torch.inference_mode():
        whole = backbone(events, days)
        state = backbone.begin(3)
        for step in range(20):
            state, top = backbone.renew(state, events[:, step], days[:, step])
            assert torch.allclose(top, whole[:, step], atol=1e-5)
            assert state[2].shape[1] == min(step + 1, longest - 1)
            assert state[0].shape == (2, 3, 2, min(step + 1, longest - 1), 4)


def test_what_comes_later_moves_nothing():
    backbone, (events, days) = a_backbone(), a_history()
    with torch.inference_mode():
        whole = backbone(events, days)
        events[:, 12:], days[:, 12:] = 9.0, 0.0  # as padding might look
        assert torch.allclose(backbone(events, days)[:, :12], whole[:, :12], atol=1e-6)
        assert torch.allclose(backbone(events[:, :12], days[:, :12]), whole[:, :12], atol=1e-6)


def test_a_layer_forgets_what_is_further_back_than_it_looks():
    backbone, (events, days) = a_backbone(longest=4, layers=1), a_history()
    with torch.inference_mode():
        whole = backbone(events, days)
        events[:, :10] = 0.0
        moved = (backbone(events, days) - whole).abs().amax(dim=(0, 2))
    assert (moved[10:13] > 1e-3).all()
    assert (moved[13:] < 1e-6).all()


def test_it_matters_how_long_ago_and_not_from_where_days_are_counted():
    backbone, (events, days) = a_backbone(), a_history()
    days = days.round()  # whole days, so that counting from elsewhere rounds nothing
    with torch.inference_mode():
        whole = backbone(events, days)
        assert torch.equal(backbone(events, days + 20_000), whole)
        assert not torch.allclose(backbone(events, days * 30), whole, atol=1e-3)


def test_it_matters_how_many_events_ago():
    backbone = a_backbone(layers=1)
    events, _days = a_history()
    swapped = events[:, [1, 0, 2]]
    with torch.inference_mode():
        last = backbone(events[:, :3], torch.zeros(3, 3))[:, 2]
        other = backbone(swapped, torch.zeros(3, 3))[:, 2]
        assert not torch.allclose(last, other, atol=1e-3)


def test_it_learns_by_every_weight():
    backbone = Transformer(8, layers=2, heads=2, dropout=0.1, longest=64)
    events, days = a_history()
    backbone(events, days).square().mul(torch.rand(3, 20, 8)).sum().backward()
    assert all(each.grad is not None for each in backbone.parameters())


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(BadConfig, match="divide the width, but 10"):
        Transformer(10, heads=4)
