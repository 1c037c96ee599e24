"""Learning the order of candidates."""

from dataclasses import replace

import numpy as np
import pytest

from asking import a_question, ask, rhythm
from limner.events.item_vectors import ItemVectors
from limner.heads import reranker
from limner.heads.candidates import SOURCES, candidates_at
from limner.heads.item_ranking import ndcg_at_10
from limner.heads.item_shelf import truth_of
from limner.heads.methods.fused import Fused
from limner.heads.methods.reranked import Reranked
from limner.heads.reranker import learned_reranker, rerank
from shops import a_lively_shop


@pytest.fixture(scope="module")
def due():
    return a_question(rhythm(), day=112, horizon_days=4)


def test_a_source_stands_alone_where_too_little_came_true(monkeypatch):
    monkeypatch.setattr(reranker, "FEWEST", 10**9)
    study = a_question(a_lively_shop(customers=30, days=140))
    learned = learned_reranker(study)
    assert learned.trees is None
    assert learned.trust == 0.0
    assert ask(Reranked(), study).items.shape[1] == 10


def test_no_trust_is_the_source_itself(due):
    customers = due.asked(due.plan.test)[:20]
    found = candidates_at(due, due.plan.test, customers)
    alone = replace(learned_reranker(due), trust=0.0, source=0).scores(found)
    for owner in range(20):
        mine = found.owners == owner
        order = np.argsort(-alone[mine], kind="stable")
        np.testing.assert_array_equal(order, np.argsort(-found.alone[mine, 0], kind="stable"))


class Says:
    """A model whose word on items is made up from what is known of the cut."""

    def __init__(self, knows):
        self.knows = knows

    def item_scores(self, ledger, cut, customers, items):
        return self.knows(cut, customers)[:, items].astype(np.float32)


def quality(study, ranked):
    truth = truth_of(study, study.plan.test)
    return ndcg_at_10(ranked.items, truth.at, truth.items)


def fresh(behaviour=None):
    return a_question(rhythm(), day=112, horizon_days=4, behaviour=behaviour)


def test_a_model_that_says_the_same_of_all_items_changes_little(due):
    silent = Says(lambda cut, customers: np.zeros((len(customers), 30)))
    asked = fresh(silent)
    without, fused = quality(due, ask(Reranked(), due)), quality(asked, ask(Fused(), asked))
    assert fused == pytest.approx(without, abs=0.03)


def test_a_model_that_knows_what_comes_raises_the_quality():
    study, plain = (a_question(a_lively_shop(customers=80, days=140)) for _ in range(2))
    windows = {one.cut: one for one in (*study.plan.learnable, study.plan.test)}

    def knows(cut, customers):
        truth = truth_of(study, windows[cut])
        told = np.zeros((len(study.ledger), len(study.ledger.items)))
        told[truth.customers[truth.owners], truth.items] = 9.0
        return told[customers]

    study.desk.behaviour = Says(knows)
    ranked = ask(Fused(), study)
    assert quality(study, ranked) > quality(plain, ask(Reranked(), plain)) + 0.1
    first = np.array(ranked.reason_names)[ranked.reasons[:, 0]]
    assert (first == "sequence").mean() > 0.4


def test_with_a_model_and_without_each_learns_on_its_own(due):
    study = fresh(Says(lambda cut, customers: np.zeros((len(customers), 30))))
    one, other = learned_reranker(study), learned_reranker(study, learned=True)
    assert one is not other
    assert other is learned_reranker(study, learned=True)
    assert (
        one.source < len(candidates_at(study, study.plan.test, np.arange(3)).sources) < len(SOURCES)
    )


def test_looks_count_where_they_foretell_better_and_else_not(due):
    shop = rhythm()
    items = due.ledger.items
    rng = np.random.default_rng(0)
    noise = ItemVectors(items, rng.standard_normal((len(items), 4)).astype(np.float32), "noise")
    shop.vectors["text"] = noise
    study = a_question(shop, day=112, horizon_days=4)
    found, plain = learned_reranker(study), learned_reranker(due)
    assert found.blocks - {"text"} == plain.blocks == {"collaborative"}
    ranked = rerank(study, study.plan.test, study.asked(study.plan.test), most=10)
    assert ("text" in ranked.reason_names) == ("text" in found.blocks)
    assert quality(study, ranked) >= quality(due, ask(Reranked(), due)) - 0.05
