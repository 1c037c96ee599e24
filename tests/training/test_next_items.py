"""The next items from whole histories: all customers teach, and what comes later moves nothing."""

from datetime import timedelta

import numpy as np
import pytest
import torch

from histories import a_past
from limner.dataset.vocabulary import catalogue_codes
from limner.errors import TooFew
from limner.model.behaviour import BehaviourConfig
from limner.training.item_loss import ItemLossConfig
from limner.training.next_items import NextItemsConfig, _cut, learn_next_items
from limner.training.objective import Shelf
from shops import START, Shop, a_log, an_event
from visits import sequences_of

WALK = ("milk", "bread", "eggs", "tea")
SMALL = BehaviourConfig(width=16, longest=8, dropout=0.0, backbone="transformer")
QUICK = NextItemsConfig(
    steps=120,
    learning_rate=0.01,
    visits=64,
    precision="float32",
    examine_every=40,
    items=ItemLossConfig(others=0),
)


def a_shop(customers=12, days=20):
    """Everybody goes through the same four items in turn, from another place each."""
    lines = [
        an_event(f"c{who}", day + who / 99, item=WALK[(day + who) % 4], price=1.0)
        for who in range(customers)
        for day in range(days - who)
    ]
    return Shop(a_log(lines))


@pytest.fixture(scope="module")
def past():
    return a_past(a_shop())


def learn(past, config=QUICK, **wishes):
    counts = np.zeros(len(past.ledger.items), np.int64)
    for one in past.buckets:
        counts += np.bincount(one.items, minlength=len(counts))
    shelf = Shelf(catalogue_codes(past.ledger, past.known.vocabulary), counts)
    return learn_next_items(past.buckets, past.known, shelf, model=SMALL, config=config, **wishes)


def newest(bucket):
    return bucket.visit_us[bucket.visits[1:] - 1]


@pytest.fixture(scope="module")
def learned(past):
    return learn(past)[0]


def test_it_learns_what_follows_what(past, learned):
    names = past.ledger.items
    for bucket in past.buckets:
        rows = np.arange(len(bucket))
        scores = learned.scores(bucket, rows, before_us=newest(bucket) + 1)
        held = names[bucket.items[bucket.at[1:] - 1]]
        told = names[scores.argmax(axis=1)]
        assert [WALK[(WALK.index(name) + 1) % 4] for name in held] == told.tolist()


def test_what_comes_later_moves_no_score(past, learned):
    early = START + timedelta(days=6)
    _, _, (shorter,) = sequences_of(a_shop(), cut=early, names=past.known.vocabulary)
    (bucket,) = past.buckets
    rows = np.flatnonzero(np.isin(bucket.customers, shorter.customers))
    before = np.full(len(rows), round(early.timestamp() * 1e6))
    scores = learned.scores(bucket, rows, before_us=before)
    assert len(scores) == 12
    alone = learned.scores(shorter, np.arange(len(shorter)), before_us=before)
    assert np.allclose(scores, alone, atol=1e-4)


def test_the_same_seed_gives_the_same_weights(past):
    config = QUICK.model_copy(update={"steps": 5})
    one, other, another = (learn(past, config, seed=seed)[0] for seed in (1, 1, 2))
    weights = [torch.cat([p.flatten() for p in each.model.parameters()]) for each in (one, other)]
    assert torch.equal(*weights)
    assert not torch.equal(weights[0], torch.cat([p.flatten() for p in another.model.parameters()]))


def test_a_judge_decides_which_weights_are_kept(past):
    said = iter([3.0, 1.0, 2.0, 2.0])
    _, course = learn(past, judge=lambda _: next(said))
    assert course.best_step == 80
    assert [value for _, value in course.examined] == [3.0, 1.0, 2.0]


def test_every_customer_teaches_once_a_turn():
    lengths = np.array([2, 2, 3, 3, 3, 9, 30])
    cuts = _cut(lengths, 12)
    assert cuts == [(0, 4), (4, 5), (5, 6), (6, 7)]
    assert _cut(np.array([2, 2]), 100) == [(0, 2)]


def test_a_shop_nobody_came_back_to_is_refused():
    lines = [an_event(f"c{who}", 1, item="milk", price=1.0) for who in range(3)]
    with pytest.raises(TooFew, match="nobody came twice"):
        learn(a_past(Shop(a_log(lines))))
