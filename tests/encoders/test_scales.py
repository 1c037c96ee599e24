"""Codes of numbers and spans: straight between quantiles, finite everywhere."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.scales import Scale, SpanEncoder

EDGES = np.array([0, 1, 10, 100], np.float32)
values = st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=30)


@given(values)
def test_a_code_rises_with_its_value_from_noughts_to_ones(values):
    scale = Scale(EDGES)
    codes = scale(torch.tensor(sorted(values)))
    assert codes.shape == (len(values), scale.size)
    assert ((codes >= 0) & (codes <= 1)).all()
    assert (codes.diff(dim=0) >= 0).all()
    assert not codes[:, -1].any()


def test_a_code_is_what_the_source_says():
    """Section 3.2 of Gorishniy and others: ones below, a share within, noughts above."""
    codes = Scale(EDGES)(torch.tensor([-5.0, 0.0, 0.5, 5.5, 10.0, 55.0, 100.0, 1e9]))
    wanted = [
        [0, 0, 0],
        [0, 0, 0],
        [0.5, 0, 0],
        [1, 0.5, 0],
        [1, 1, 0],
        [1, 1, 0.5],
        [1, 1, 1],
        [1, 1, 1],
    ]
    assert codes[:, :3].tolist() == wanted


def test_a_missing_value_has_a_mark_and_nothing_else():
    codes = Scale(EDGES)(torch.tensor([[float("nan"), 0.0]]))
    assert codes.tolist() == [[[0, 0, 0, 1], [0, 0, 0, 0]]]


@given(
    st.lists(
        st.tuples(st.floats(-50, 200, width=32) | st.just(float("nan")), st.integers(0, 4)),
        max_size=40,
    )
)
def test_sums_are_those_of_the_codes(told):
    scale = Scale(EDGES)
    values = torch.tensor([value for value, _ in told], dtype=torch.float32)
    owner = torch.tensor([each for _, each in told], dtype=torch.int64)
    wanted = torch.zeros(5, scale.size).index_add_(0, owner, scale(values))
    torch.testing.assert_close(scale.summed(values, owner, 5), wanted, atol=1e-5, rtol=1e-5)


def test_edges_belong_to_the_weights_on_disk():
    scale = Scale(EDGES)
    assert scale.state_dict()["edges"].tolist() == EDGES.tolist()
    assert not list(scale.parameters())


@pytest.mark.parametrize("days", [0.0, 0.001, 1.0, 400.0, 1e6, -3.0])
def test_every_span_has_a_finite_vector(days):
    assert torch.isfinite(SpanEncoder(4)(torch.tensor([days]))).all()


def test_near_spans_have_near_vectors_and_far_ones_do_not():
    torch.manual_seed(0)
    spans = SpanEncoder(6)
    with torch.no_grad():
        found = spans(torch.tensor([7.0, 7.001, 30.0, 30.03, 0.0, -1.0]))
    assert torch.allclose(found[0], found[1], atol=1e-3)
    assert torch.allclose(found[2], found[3], atol=1e-2)
    assert not torch.allclose(found[0], found[2], atol=1e-1)
    assert torch.equal(found[4], found[5])
