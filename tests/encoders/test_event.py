"""An event is the sum of what is known of it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.modalities.category import CategoryEncoder
from limner.encoders.modalities.number import NumberEncoder
from limner.encoders.modalities.time import SpanEncoder, TimeEncoder


def test_nothing_known_is_nought():
    encoder = CategoryEncoder(5, 4)
    assert not encoder(torch.tensor([0])).any()
    assert encoder(torch.tensor([[1, 4]])).shape == (1, 2, 4)


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=30))
def test_a_number_moves_its_vector_in_proportion_between_quantiles(values):
    encoder = NumberEncoder(np.array([0, 1, 10, 100], np.float32), 3)
    with torch.no_grad():
        middle = encoder(torch.tensor([1.0, 5.5, 10.0]))
        assert torch.allclose(middle[1], (middle[0] + middle[2]) / 2, atol=1e-5)
        beyond = encoder(torch.tensor([100.0, 1e9]))
        assert torch.equal(beyond[0], beyond[1])
        assert torch.isfinite(encoder(torch.tensor(values))).all()


def test_a_missing_number_has_a_vector_of_its_own():
    encoder = NumberEncoder(np.array([0, 1], np.float32), 3)
    with torch.no_grad():
        none, nought = encoder(torch.tensor([float("nan"), 0.0]))
    assert torch.isfinite(none).all()
    assert not torch.allclose(none, nought)


@pytest.mark.parametrize("days", [0.0, 0.001, 1.0, 400.0, 1e6])
def test_every_span_has_a_finite_vector(days):
    assert torch.isfinite(SpanEncoder(4)(torch.tensor([days]))).all()


def test_midnight_follows_the_last_minute():
    encoder = TimeEncoder(6)
    one = torch.ones(1)
    with torch.no_grad():
        late = encoder(one, one, torch.tensor([23.999]), torch.tensor([2.0]))
        early = encoder(one, one, torch.tensor([0.0]), torch.tensor([2.0]))
        noon = encoder(one, one, torch.tensor([12.0]), torch.tensor([2.0]))
    assert torch.allclose(late, early, atol=1e-3)
    assert not torch.allclose(noon, early, atol=1e-2)
