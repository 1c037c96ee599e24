"""What looks like what somebody met comes forward, a new item too."""

from dataclasses import replace

import numpy as np
import pytest

from limner.heads.candidates import candidates_at
from limner.heads.item_looks import SHARPNESS, UNKNOWN, looks_at
from limner.heads.item_shelf import shelf_at
from limner.heads.question import read_questions
from shops import a_lively_shop, a_study, seen


def looking_at(shop):
    question = read_questions({"next_item": {"horizon_days": 4}})["next_item"]
    return a_study(shop, question, day=120)


@pytest.fixture(scope="module")
def study():
    return looking_at(seen(a_lively_shop(customers=60, seed=4)))


@pytest.fixture(scope="module")
def shelf(study):
    return shelf_at(study, study.plan.test)


def test_a_look_says_what_a_loop_says(study, shelf):
    customers = study.asked(study.plan.test)[:7]
    fade = 3
    mine, places = shelf.pairs_of(customers)
    for look in looks_at(study, shelf, customers, fade=fade):
        vectors = study.ledger.looks[look.name].vectors
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        owners, items = np.repeat(np.arange(7), 5), np.tile(np.arange(5), 7)
        alike = look.scores(owners, items)
        near = look.nearest(shelf, customers, owners, items, fade)
        for row, (owner, item) in enumerate(zip(owners, items, strict=True)):
            own = places[mine == owner]
            weights = np.sqrt(shelf.evidence(fade)[own])
            met = vectors[shelf.history.items[own]]
            taste = weights @ met
            assert alike[row] == pytest.approx(
                taste @ vectors[item] / np.linalg.norm(taste), abs=1e-4
            )
            kernel = np.exp(SHARPNESS * (met @ vectors[item] - 1)) @ weights / weights.sum()
            assert near[row] == pytest.approx(max(np.log(kernel), UNKNOWN), abs=1e-2)


def test_the_best_are_the_most_alike_and_new_ones_have_room(study, shelf):
    customers = study.asked(study.plan.test)[:9]
    (look, _) = looks_at(study, shelf, customers, fade=3)
    among = np.arange(0, len(study.ledger.items), 2)
    owners, items = look.best(among, most=3)
    assert set(items) <= set(among)
    for owner in range(9):
        mine = items[owners == owner]
        scores = look.vectors[among] @ look.tastes[owner]
        assert set(mine) == set(among[np.argsort(-scores)[:3]])
    ages = np.full(len(study.ledger.items), np.inf, np.float32)
    ages[5], ages[6] = 3.0, 300.0
    everything, new = look.brings(np.array([5, 6, 7]), ages, new_days=30)
    assert set(everything[1]) == {5, 6, 7}
    assert set(new[1]) == {5}
    nothing = look.brings(np.zeros(0, np.int64), ages, new_days=30)
    assert not any(len(items) for _, items in nothing)


def test_ages_are_since_anybody_met_an_item_first(study, shelf):
    ages, history = shelf.ages(), shelf.history
    for item in range(len(ages)):
        known = history.age_days[history.items == item]
        known = known[np.isfinite(known)]
        assert ages[item] == (pytest.approx(known.max()) if len(known) else np.inf)


def test_what_items_look_like_is_a_source_and_columns(study):
    customers = study.asked(study.plan.test)[:9]
    found = candidates_at(study, study.plan.test, customers)
    blind = looking_at(a_lively_shop(customers=60, seed=4))
    bare = candidates_at(blind, blind.plan.test, customers)
    assert set(found.sources) - set(bare.sources) == {"text", "image"}
    more = {f"{look}_{what}" for look in ("text", "image") for what in ("alike", "nearest")}
    assert more | {"item_age_days"} <= set(found.names) - set(bare.names)
    assert len(found) >= len(bare)


def test_an_item_without_words_is_alike_to_nothing():
    shop = seen(a_lively_shop(customers=60, seed=4), looks=["text"])
    shop.vectors["text"] = replace(shop.vectors["text"], vectors=np.zeros((24, 6), np.float32))
    study = looking_at(shop)
    shelf, customers = shelf_at(study, study.plan.test), study.asked(study.plan.test)[:3]
    (look,) = looks_at(study, shelf, customers, fade=3)
    assert not look.scores(np.arange(3), np.arange(3)).any()
    near = look.nearest(shelf, customers, np.arange(3), np.arange(3), 3)
    assert np.allclose(near, UNKNOWN, atol=1e-3)
    assert look.brings(shelf.popular(0), shelf.ages(), new_days=4)[0][1].size == 0
