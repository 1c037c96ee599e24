"""What every way to recommend promises."""

from datetime import timedelta
from functools import partial

import numpy as np
import pytest

from asking import CUT_DAY, a_question, ask, names
from limner import plugins
from limner.heads import item_sources, methods
from shops import START, Shop, a_lively_shop, a_log, an_event
from standing import learn

RECOMMENDERS = [name for name, method in plugins.load_all(methods) if "what_next" in method.shapes]


@pytest.fixture(autouse=True)
def _few_items(monkeypatch):
    monkeypatch.setattr(item_sources, "COMMONEST", 20)


@pytest.fixture(params=RECOMMENDERS)
def method(request):
    return plugins.load(methods, request.param)()


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=80, days=140)


@pytest.fixture(scope="module")
def put(shop, tmp_path_factory):
    """Return how the question is put to a shop; models that learned from the lively one stand by.

    None of these learned from whom it speaks of, and they know no name of the other shops.
    """
    folds = learn(shop, tmp_path_factory.mktemp("folds"), day=CUT_DAY, whole=False)
    return partial(a_question, behaviour=folds)


def same(one, other):
    np.testing.assert_array_equal(one.items, other.items)
    np.testing.assert_array_equal(one.scores, other.scores)
    np.testing.assert_array_equal(one.reasons, other.reasons)
    assert one.reason_names == other.reason_names


def test_it_recommends_and_unless_it_asks_models_does_nothing_else(method):
    assert getattr(method, "learned", False) or method.shapes == frozenset({"what_next"})


def test_it_ranks_each_item_once_best_first_and_says_why(method, shop, put):
    study = put(shop)
    ranked = ask(method, study)
    assert ranked.items.shape == ranked.scores.shape == ranked.reasons.shape
    assert ranked.items.shape == (len(study.asked(study.plan.test)), 10)
    for row in ranked.items:
        assert len(set(row.tolist())) == len(row)
    assert (np.diff(ranked.scores, axis=1) <= 0).all()
    assert ((ranked.reasons >= 0) & (ranked.reasons < len(ranked.reason_names))).all()


def test_the_same_seed_gives_the_same_answer(method, shop, put):
    same(ask(method, put(shop, seed=3)), ask(method, put(shop, seed=3)))


def test_the_order_of_customers_does_not_matter(method, shop, put):
    study = put(shop)
    customers = study.asked(study.plan.test)
    shuffled = np.random.default_rng(0).permutation(len(customers))
    straight, mixed = ask(method, study), ask(method, study, customers[shuffled])
    np.testing.assert_array_equal(straight.items[shuffled], mixed.items)
    np.testing.assert_allclose(straight.scores[shuffled], mixed.scores, rtol=1e-4, atol=1e-5)


def test_what_happens_from_the_cut_on_moves_nothing(method, shop, put):
    cut = START + timedelta(days=CUT_DAY)
    item = shop.events["item_id"][0]
    future = [
        an_event(name, cut + timedelta(hours=hours), item=item, price=1.0)
        for name in ("c0000", "c0001", "c0002")
        for hours in (0, 1, 30)
    ]
    known = shop.events.filter(shop.events["time"] < cut)
    quiet = Shop(known, catalogue=shop.catalogue(), buckets=shop.buckets)
    loud = quiet.also(a_log(future))
    same(ask(method, put(quiet)), ask(method, put(loud)))


def test_input_is_not_changed(method, shop, put):
    study = put(shop)
    customers = study.asked(study.plan.test)
    before = customers.copy()
    first = ask(method, study, customers)
    np.testing.assert_array_equal(customers, before)
    same(first, ask(method, study, customers))


def test_a_customer_without_purchases_gets_what_is_popular(method, shop, put):
    cold = shop.also(a_log([an_event("newcomer", 100.0, kind="search")]))
    study = put(cold)
    newcomer = int(np.flatnonzero(study.ledger.customers == "newcomer")[0])
    ranked = ask(method, study, [newcomer])
    assert (ranked.items >= 0).all()
    told = {"popularity"} | ({"sequence"} if getattr(method, "learned", False) else set())
    assert set(np.array(ranked.reason_names)[ranked.reasons[0]]) <= told


def test_more_wanted_than_there_is_leaves_places_empty(method, shop, put):
    study = put(shop)
    ranked = ask(method, study, most=60)
    met = len(set(shop.events.filter(shop.events["time"] < study.plan.test.cut)["item_id"]))
    assert ((ranked.items >= 0).sum(axis=1) == met).all()
    assert (ranked.items[:, met:] == -1).all()


def test_nobody_asked_is_nobody_answered(method, shop, put):
    assert ask(method, put(shop), np.zeros(0, np.int64)).items.shape == (0, 10)


def test_ties_stand_in_the_order_of_the_items(method, put):
    rows = [
        an_event(customer, day, item=item)
        for customer in ("ann", "ben")
        for day in range(0, 108, 4)
        for item in ("b", "c", "a", "d")
    ]
    study = put(Shop(a_log(rows)))
    assert names(study, ask(method, study)) == [["a", "b", "c", "d"]] * 2


def test_items_outside_the_question_are_not_recommended(method, shop, put):
    study = put(shop, where={"department": ("D0",)})
    ranked = ask(method, study)
    department = study.ledger.departments.index("D0")
    shown = ranked.items[ranked.items >= 0]
    assert len(shown)
    assert (study.ledger.item_department[shown] == department).all()


def test_a_log_in_which_nothing_came_true_yet_is_answered(method, put):
    rows = [an_event("ann", 100, kind="view", item="a"), an_event("ben", 0, kind="view", item="b")]
    study = put(Shop(a_log(rows)))
    assert names(study, ask(method, study))[0][0] in "ab"
