"""The best of all sources, put in order."""

from dataclasses import replace

import numpy as np
import pytest

from asking import a_question, ask
from limner.dataset import labels
from limner.heads import reranker
from limner.heads.candidates import SOURCES, candidates_at
from limner.heads.item_ranking import ndcg_at_10
from limner.heads.item_shelf import truth_of
from limner.heads.methods.own_frequency import OwnFrequency
from limner.heads.methods.popularity import Popularity
from limner.heads.methods.reranked import Reranked
from limner.heads.reranker import learned_reranker
from shops import Shop, a_lively_shop, a_log, an_event


def rhythm():
    """Every customer buys one of 30 items every 16 days and, as often, others just once.

    What is due within the next four days can be told from the rhythm, not from counts.
    """
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(150):
        own = rng.choice(30, 4, replace=False)
        for place, item in enumerate(own):
            rows += [
                an_event(f"c{customer:03}", day + 0.5, item=f"i{item:02}")
                for day in range(place * 4, 120, 16)
            ]
    return Shop(a_log(rows))


@pytest.fixture(scope="module")
def due():
    return a_question(rhythm(), day=112, horizon_days=4)


def quality(study, ranked):
    truth = truth_of(study, study.plan.test)
    return ndcg_at_10(ranked.items, truth.at, truth.items)


def test_it_learns_a_rhythm_that_no_simple_source_knows(due):
    own = quality(due, ask(OwnFrequency(), due))
    assert quality(due, ask(Reranked(), due)) > own + 0.2
    assert quality(due, ask(Popularity(), due)) < own


def test_a_source_stands_alone_where_too_little_came_true(monkeypatch):
    monkeypatch.setattr(reranker, "FEWEST", 10**9)
    study = a_question(a_lively_shop(customers=30, days=140))
    learned = learned_reranker(study)
    assert learned.trees is None
    assert learned.trust == 0.0
    assert ask(Reranked(), study).items.shape[1] == 10


def test_shuffled_outcomes_teach_nothing(monkeypatch):
    """With the truth dealt out anew, the trees are no better than what is popular."""
    study = a_question(rhythm(), day=112, horizon_days=4)
    true = labels.item_codes

    def dealt(ledger, window, *, deeds):
        at, items = true(ledger, window, deeds=deeds)
        if window == study.plan.test:
            return at, items
        rng = np.random.default_rng(7)
        fresh = [rng.choice(30, size, replace=False) for size in np.diff(at)]
        return at, np.concatenate(fresh)

    monkeypatch.setattr(labels, "item_codes", dealt)
    learned = quality(study, ask(Reranked(), study))
    assert learned < quality(study, ask(OwnFrequency(), study)) + 0.15


def test_candidates_are_sorted_once_each_and_hold_the_customers_own(due):
    customers = due.asked(due.plan.test)[:20]
    found = candidates_at(due, due.plan.test, customers)
    keys = found.owners * len(due.ledger.items) + found.items
    assert (np.diff(keys) > 0).all()
    assert found.values.shape == (len(found), len(found.names))
    assert found.opinions.shape == (len(found), len(SOURCES))
    assert (np.bincount(found.owners) >= 4).all()
    assert not np.isinf(found.values).any()


def test_candidates_know_the_usual_gap(due):
    customers = due.asked(due.plan.test)[:5]
    found = candidates_at(due, due.plan.test, customers)
    gap = found.values[:, found.names.index("usual_gap_days")]
    assert np.nanmin(gap) == pytest.approx(16)
    assert np.nanmax(gap) == pytest.approx(16)


def test_no_trust_is_the_source_itself(due):
    customers = due.asked(due.plan.test)[:20]
    found = candidates_at(due, due.plan.test, customers)
    alone = replace(learned_reranker(due), trust=0.0, source=0).scores(found)
    for owner in range(20):
        mine = found.owners == owner
        order = np.argsort(-alone[mine], kind="stable")
        np.testing.assert_array_equal(order, np.argsort(-found.opinions[mine, 0], kind="stable"))
