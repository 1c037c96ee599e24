"""Learning the order of candidates."""

from dataclasses import replace

import numpy as np
import pytest

from asking import a_question, ask, rhythm
from limner.heads import reranker
from limner.heads.candidates import candidates_at
from limner.heads.methods.reranked import Reranked
from limner.heads.reranker import learned_reranker
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
