"""Everybody's vector as of a moment: blind to what comes, in the order of the codes."""

from datetime import timedelta

import numpy as np
import pytest

from histories import a_model, a_past
from limner.dataset.ledger import Ledger
from limner.model.reading import read_customers
from shops import START, Shop, a_lively_shop, planted
from visits import CUT, DAY


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=30, days=130, seed=7)


@pytest.fixture(scope="module", params=["recurrent", "transformer"])
def model(request, shop):
    return a_model(a_past(shop).known, backbone=request.param)


def test_the_block_is_blind_to_what_comes(shop, model):
    ledger = Ledger.of(shop)
    one = read_customers(model, ledger, CUT, classes=True)
    moved_ledger = Ledger.of(shop.also(planted(DAY)))
    other = read_customers(model, moved_ledger, CUT, classes=True)
    assert (
        ledger.customers[one.customers].tolist() == moved_ledger.customers[other.customers].tolist()
    )
    assert np.allclose(one.vectors, other.vectors, atol=1e-5)
    assert np.allclose(one.class_scores, other.class_scores, atol=1e-5)
    assert (np.diff(one.customers) > 0).all()


def test_how_many_are_read_at_once_moves_nothing(shop, model):
    ledger = Ledger.of(shop)
    one = read_customers(model, ledger, CUT, classes=True)
    other = read_customers(model, ledger, CUT, classes=True, batch_customers=3)
    assert np.allclose(one.vectors, other.vectors, atol=1e-5)
    assert np.allclose(one.class_scores, other.class_scores, atol=1e-5)


def test_a_model_that_learns_goes_on_learning(shop, model):
    model.train()
    read_customers(model, Ledger.of(shop), CUT)
    assert model.training
    model.eval()


@pytest.mark.parametrize("before", [timedelta(0), timedelta(days=9)])
def test_a_shop_without_a_past_has_an_empty_block(shop, model, before):
    block = read_customers(model, Ledger.of(shop), START - before, classes=True)
    assert block.vectors.shape == (0, 8)
    assert block.class_scores.shape == (0, model.classes)


def test_a_shop_without_categories_has_vectors_and_no_class(shop):
    bare = Shop(shop.events, buckets=2)
    block = read_customers(a_model(a_past(bare).known), Ledger.of(bare), CUT, classes=True)
    assert block.class_scores.shape == (len(block.vectors), 0)
    assert len(block.vectors) > 20
