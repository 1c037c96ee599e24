"""Telling the right items from others: against all of them, or against some as if against all."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from limner.training.item_loss import ItemLossConfig, item_logits, item_loss

COUNTS = np.array([50, 20, 10, 5, 5, 1, 1, 0])
ROWS, ITEMS = np.array([0, 1, 2, 3]), np.array([0, 1, 5, 0])


@pytest.fixture
def told():
    torch.manual_seed(0)
    return torch.randn(4, 3), torch.randn(8, 3)


def loss_of(told, *, seed=0, **settings):
    states, items = told
    return float(
        item_loss(
            states,
            lambda chosen: items[torch.from_numpy(chosen)],
            rows=ROWS,
            items=ITEMS,
            counts=COUNTS,
            config=ItemLossConfig(**settings),
            rng=np.random.default_rng(seed),
        )
    )


def test_against_all_items_it_is_the_cross_entropy(told):
    states, items = told
    right = torch.from_numpy(ITEMS)
    whole = float(functional.cross_entropy(states @ items.T, right))
    assert loss_of(told, others=0) == pytest.approx(whole, rel=1e-5)
    assert loss_of(told, others=8) == pytest.approx(whole, rel=1e-5)
    spread = float(functional.cross_entropy(states @ items.T, right, label_smoothing=0.2))
    assert loss_of(told, others=0, smoothing=0.2) == pytest.approx(spread, rel=1e-5)


def test_as_cosines_lengths_do_not_count(told):
    states, items = told
    near = ItemLossConfig(cosine=True, temperature=0.5)
    logits = item_logits(states * 7, items * 3, config=near)
    assert torch.allclose(logits, item_logits(states, items, config=near), atol=1e-5)
    assert logits.abs().max() <= 2
    plain = ItemLossConfig(temperature=2)
    assert torch.equal(item_logits(states, items, config=plain), states @ items.T / 2)


def test_the_correction_counts(told):
    """A common right item is met in every draw; the correction makes room for it."""
    plain = np.mean([loss_of(told, others=3, correction=0, seed=seed) for seed in range(40)])
    corrected = np.mean([loss_of(told, others=3, seed=seed) for seed in range(40)])
    assert plain != pytest.approx(corrected, rel=1e-2)


def test_fewer_others_are_easier_to_tell_from():
    nothing = torch.zeros(4, 3), torch.zeros(8, 3)
    assert loss_of(nothing, others=0) == pytest.approx(np.log(8), rel=1e-5)
    drawn = [loss_of(nothing, others=4, power=0, correction=0, seed=seed) for seed in range(9)]
    assert all(0 < each < np.log(8) for each in drawn)


def test_where_nothing_is_right_there_is_nothing_to_tell():
    loss = item_loss(
        torch.randn(2, 3),
        lambda _: torch.zeros(0, 3),
        rows=np.array([0, 1]),
        items=np.array([-1, -1]),
        counts=COUNTS,
        config=ItemLossConfig(),
        rng=np.random.default_rng(0),
    )
    assert float(loss) == 0
