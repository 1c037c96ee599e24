"""Elastic weights by hand, and replay that mixes as much as it was told to."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from limner.errors import BadShape, NotFitted, TooFew
from limner.training.renewal import Anchor, replay_moments, replay_rows


def customers(features, truth, head):
    """Return one negative log likelihood a customer."""

    def one(row):
        return lambda: nn.functional.binary_cross_entropy_with_logits(
            head(features[row : row + 1]).squeeze(1), truth[row : row + 1]
        )

    return [one(row) for row in range(len(truth))]


def test_fisher_information_of_a_logistic_regression_by_hand():
    """Weights at nought say 1/2 of everybody: the squared gradient is x² / 4."""
    head = nn.Linear(2, 1)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    features, truth = torch.tensor([[2.0, 0.0], [4.0, 6.0]]), torch.tensor([1.0, 0.0])
    anchor = Anchor.measure(head, customers(features, truth, head))
    expected = [(4 + 16) / 2 / 4, 36 / 2 / 4]
    assert anchor.importance["weight"][0].tolist() == pytest.approx(expected)
    assert anchor.importance["bias"].tolist() == pytest.approx([0.25])
    assert float(anchor.cost(head).detach()) == 0
    with torch.no_grad():
        head.weight += torch.tensor([[1.0, 2.0]])
    cost = (expected[0] * 1 + expected[1] * 4) / 2
    assert float(anchor.cost(head).detach()) == pytest.approx(cost)


def test_what_an_anchor_holds_moves_less_where_it_mattered():
    torch.manual_seed(0)
    head = nn.Linear(2, 1)
    features, truth = torch.zeros(50, 2), torch.zeros(50)
    features[:, 0] = torch.linspace(-3, 3, 50)
    truth[25:] = 1
    anchor = Anchor.measure(head, customers(features, truth, head))
    before = head.weight.detach().clone()
    steps = torch.optim.SGD(head.parameters(), lr=0.01)
    for _ in range(300):
        steps.zero_grad()
        # The new months pull both weights alike.
        (-head.weight.sum() + 100 * anchor.cost(head)).backward()
        steps.step()
    moved = (head.weight.detach() - before)[0].abs()
    assert moved[0] < 0.2 * moved[1]


def test_an_anchor_is_kept_and_read(tmp_path):
    head = nn.Linear(2, 1)
    anchor = Anchor.measure(head, customers(torch.randn(3, 2), torch.ones(3), head))
    anchor.save(tmp_path / "anchor")
    again = Anchor.load(tmp_path / "anchor")
    assert all(torch.equal(again.places[name], each) for name, each in anchor.places.items())
    assert all(
        torch.equal(again.importance[name], each) for name, each in anchor.importance.items()
    )
    with pytest.raises(NotFitted, match="no anchor"):
        Anchor.load(tmp_path / "other")


def test_an_anchor_of_nothing_or_of_another_model_is_refused():
    head = nn.Linear(2, 1)
    with pytest.raises(TooFew):
        Anchor.measure(head, [])
    anchor = Anchor.measure(head, customers(torch.ones(1, 2), torch.ones(1), head))
    with pytest.raises(BadShape, match="weight"):
        anchor.cost(nn.Linear(3, 1))


@given(
    st.integers(0, 30), st.integers(0, 30), st.integers(0, 40), st.floats(0, 1), st.integers(0, 9)
)
def test_a_batch_has_the_share_of_old_rows_that_there_are(old, new, count, share, seed):
    olds, news = np.arange(old), 100 + np.arange(new)
    rows = replay_rows(np.random.default_rng(seed), olds, news, count=count, share=share)
    assert len(rows) == min(count, old + new)
    assert len(np.unique(rows)) == len(rows)
    from_old = (rows < 100).sum()
    wanted = round(share * count)
    assert from_old in {wanted, old} or len(rows) - from_old == new


@given(st.floats(0, 1), st.integers(0, 1000))
def test_moments_lie_between_their_bounds(share, seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 100, (6, 3))
    latest = first + rng.integers(0, 100, (6, 3))
    at = replay_moments(rng, first, latest, since_us=90, share=share)
    assert at.shape == (6, 3)
    assert ((first <= at) & (at <= latest)).all()
    inside = (first < 90) & (latest > 90)
    if share == 0:
        assert (at[inside] >= 90).all()


def test_a_share_of_moments_lies_before_the_new_months():
    first, latest = np.zeros(40_000, np.int64), np.full(40_000, 1_000)
    at = replay_moments(np.random.default_rng(0), first, latest, since_us=900, share=0.25)
    assert (at < 900).mean() == pytest.approx(0.25, abs=0.01)
    assert at[at >= 900].mean() == pytest.approx(950, abs=1)
