"""What stands on the shelf at a cut."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from asking import a_question
from limner.dataset.cuts import Window
from limner.heads.item_shelf import FADES, Truth, evidence_rates, shelf_at, truth_of
from limner.heads.methods.ease import Ease
from limner.heads.methods.item_to_item import ItemToItem
from limner.heads.methods.own_frequency import OwnFrequency
from limner.heads.methods.popularity import Popularity
from limner.heads.methods.reranked import Reranked
from shops import Shop, a_lively_shop, a_log, an_event

PLAIN = len(FADES) - 1


def a_truth(sizes):
    at = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Truth(np.arange(len(sizes)) + 10, at, np.arange(at[-1]))


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.data())
def test_taking_rows_takes_their_items(sizes, data):
    truth = a_truth(sizes)
    rows = np.array(data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=5)), np.int64)
    taken = truth.take(rows)
    assert taken.customers.tolist() == [row + 10 for row in rows]
    for place, row in enumerate(rows):
        mine = taken.items[taken.at[place] : taken.at[place + 1]]
        assert mine.tolist() == truth.items[truth.at[row] : truth.at[row + 1]].tolist()
    assert taken.owners.tolist() == np.repeat(np.arange(len(rows)), np.diff(taken.at)).tolist()


def test_the_truth_is_what_the_asked_took_in_the_window():
    rows = [
        an_event("ann", 90, item="old"),
        an_event("ann", 115, item="new"),
        an_event("ann", 140, item="late"),
        an_event("zoe", 115, item="new"),
    ]
    study = a_question(Shop(a_log(rows)), among_days=30)
    truth = truth_of(study, study.plan.test)
    assert study.ledger.customers[truth.customers].tolist() == ["ann"]
    assert study.ledger.items[truth.items].tolist() == ["new"]


def test_a_shelf_is_laid_once_a_cut():
    study = a_question(a_lively_shop(customers=20, days=140))
    first, second = (shelf_at(study, study.plan.test) for _ in range(2))
    assert first.history is second.history


def test_pairs_come_in_the_order_of_the_customers_wanted():
    study = a_question(a_lively_shop(customers=20, days=140))
    shelf = shelf_at(study, study.plan.test)
    customers = np.array([7, 2, 2])
    owners, places = shelf.pairs_of(customers)
    np.testing.assert_array_equal(shelf.history.owners[places], customers[owners])
    sizes = np.diff(shelf.history.at)[customers]
    np.testing.assert_array_equal(np.bincount(owners, minlength=3), sizes)


def test_the_matrix_holds_the_evidence_of_the_columns_wanted():
    study = a_question(a_lively_shop(customers=20, days=140))
    shelf = shelf_at(study, study.plan.test)
    common = shelf.popular(PLAIN)[:5]
    columns = np.full(shelf.items, -1, np.int64)
    columns[common] = np.arange(5)
    dense = shelf.matrix(PLAIN, columns, 5).toarray()
    np.testing.assert_allclose(dense.sum(axis=0), shelf.popularity(PLAIN)[common], rtol=1e-5)


def test_a_kind_is_worth_its_share_of_what_came_true():
    rows = []
    for customer in range(60):
        name = f"c{customer:02}"
        rows += [
            an_event(name, 90, item="bread"),
            an_event(name, 109, item="bread"),
            an_event(name, 109, kind="cart", item="lamp"),
            an_event(name, 109, kind="view", item="sofa"),
            an_event(name, 112, item="lamp"),
        ]
        if customer % 2:
            rows.append(an_event(name, 113, item="bread"))
    study = a_question(Shop(a_log(rows)))
    window = study.plan.test
    history = shelf_at(study, window).history
    worth = evidence_rates(history, truth_of(study, window))
    assert worth["deed"] == 1.0
    assert worth["cart"] > 1.3
    assert worth["view"] < 0.4


def test_the_worth_of_kinds_is_learned_before_the_cut_only():
    """The last window that ended before the cut decides, even for a cut before all windows."""
    study = a_question(a_lively_shop(customers=30, days=140))
    earliest = study.plan.learnable[0].cut
    shelf = shelf_at(study, Window(earliest, study.plan.test.horizon_days))
    assert shelf.rates[0] == 1.0
    assert (shelf.rates >= 0).all()


def test_where_nothing_came_true_yet_every_deed_counts_alike():
    """One stray event long ago makes the log look long: no window has anything in it."""
    rows = [an_event("stray", 0, kind="view", item="old")]
    for customer in range(30):
        rows.append(an_event(f"c{customer:02}", 109, kind="view", item=f"i{customer % 3}"))
        rows.append(an_event(f"c{customer:02}", 109.5, kind="cart", item=f"i{customer % 3}"))
    study = a_question(Shop(a_log(rows)))
    shelf = shelf_at(study, study.plan.test)
    assert shelf.rates.tolist() == [1.0] * len(shelf.history.kinds)
    assert shelf.popularity(0).max() > 0


def test_a_question_of_arrivals_offers_and_counts_new_items_alone():
    shop = a_lively_shop(customers=60, seed=4)
    rows = [
        an_event(f"c{who:04}", 95 + 2 * at + who / 7, item=f"fresh{(who + at) % 3}")
        for who in range(30)
        for at in range(12)
    ]
    shop = shop.also(a_log(rows))
    study = a_question(shop, horizon_days=10, new_days=16)
    plain = a_question(shop, horizon_days=10)
    window = study.plan.test
    whole = shelf_at(plain, window)
    new = np.flatnonzero(whole.ages() <= 16)
    assert {str(name) for name in study.ledger.items[new]} == {"fresh0", "fresh1", "fresh2"}
    assert set(shelf_at(study, window).popular(2)) == set(new) < set(whole.popular(2))
    truth, everything = truth_of(study, window), truth_of(plain, window)
    assert truth.customers.tolist() == everything.customers.tolist()
    assert 0 < len(truth.items) < len(everything.items)
    for row in range(len(truth.customers)):
        mine = everything.items[everything.at[row] : everything.at[row + 1]]
        wanted = [item for item in mine if item in new]
        assert truth.items[truth.at[row] : truth.at[row + 1]].tolist() == wanted
    for method in (Popularity(), OwnFrequency(), ItemToItem(), Ease(), Reranked()):
        shown = method.rank(study, window, truth.customers, most=10).items
        assert set(shown[shown >= 0]) <= set(new)
        assert (shown[:, 0] >= 0).all()
