"""The simple sources of recommendations."""

import numpy as np
import pytest

from asking import a_question
from limner.heads import item_sources
from limner.heads.item_shelf import shelf_at
from limner.heads.item_sources import Mixture, affinities_at, choose, mixed, own_pairs
from shops import a_lively_shop

FADE = 4


@pytest.fixture(scope="module")
def study():
    return a_question(a_lively_shop(customers=50, days=140))


def test_the_best_setting_is_chosen_and_the_first_among_equals(study):
    shelf = shelf_at(study, study.plan.validation)
    popular = shelf.popular(FADE)

    def rank(backwards, window, customers):
        head = popular[::-1][:10] if backwards else popular[:10]
        return np.tile(head, (len(customers), 1))

    assert choose(study, [True, False], rank, name="direction") is False
    assert choose(study, [0, False], rank, name="equals") == 0


def test_a_choice_is_made_once(study):
    calls = []

    def rank(setting, window, customers):
        calls.append(setting)
        return np.full((len(customers), 10), -1)

    for _ in range(2):
        choose(study, [1, 2], rank, name="counted")
    assert calls == [1, 2]


def test_affinities_of_a_cut_are_learned_once_and_the_same_anywhere(study):
    test, validation = study.plan.test, study.plan.validation
    first, again = affinities_at(study, test, ridges=[None, None])
    assert first is again
    (ease,) = affinities_at(study, validation, ridges=[2.0])
    assert ease.weights.shape == (len(ease.common), len(ease.common))
    assert not np.diag(ease.weights).any()
    (early,) = affinities_at(study, study.plan.train[0], ridges=[None])
    assert len(early.common) <= len(study.ledger.items)


def test_a_mixture_without_affinity_is_the_own_order(study):
    shelf = shelf_at(study, study.plan.test)
    (affinity,) = affinities_at(study, study.plan.test, ridges=[None])
    customers = study.asked(study.plan.test)[:10]
    own = own_pairs(shelf, customers, fade=FADE)
    both = mixed(shelf, affinity, customers, Mixture(FADE, 1e6))
    for owner in range(10):
        mine = own.items[own.owners == owner][
            np.argsort(-own.scores[own.owners == owner], kind="stable")
        ]
        blended = both.items[both.owners == owner]
        scores = both.scores[both.owners == owner]
        np.testing.assert_array_equal(
            blended[np.argsort(-scores, kind="stable")][: len(mine)], mine
        )


def test_each_pair_stands_once(study, monkeypatch):
    monkeypatch.setattr(item_sources, "KEPT", 7)
    shelf = shelf_at(study, study.plan.test)
    (affinity,) = affinities_at(study, study.plan.test, ridges=[0.5])
    customers = study.asked(study.plan.test)
    pairs = mixed(shelf, affinity, customers, Mixture(FADE, 0.3))
    keys = pairs.owners * len(study.ledger.items) + pairs.items
    assert len(np.unique(keys)) == len(keys)
    assert np.isfinite(pairs.scores).all()
