"""The best of all sources, put in order."""

import numpy as np
import pytest

from asking import a_question, ask, rhythm
from limner.dataset import labels
from limner.heads.item_ranking import ndcg_at_10
from limner.heads.item_shelf import truth_of
from limner.heads.methods.own_frequency import OwnFrequency
from limner.heads.methods.popularity import Popularity
from limner.heads.methods.reranked import Reranked


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
