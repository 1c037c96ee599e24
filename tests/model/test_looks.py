"""Sums of the vectors of what somebody met."""

from datetime import timedelta

import numpy as np

from limner.dataset.ledger import Ledger
from limner.model.looks import met_vectors
from shops import START, Shop, a_catalogue, a_lively_shop, a_log, an_event, planted

CUT = START + timedelta(days=60)
VECTORS = {"bread": [1.0, 0.0], "milk": [0.0, 1.0], "soap": [3.0, 3.0]}


def told(rows, **more):
    known = a_catalogue(dict.fromkeys(VECTORS, ("Food", None)))
    ledger = Ledger.of(Shop(a_log(rows), catalogue=known))
    vectors = np.array([VECTORS[item] for item in ledger.items], np.float32)
    return met_vectors(ledger, CUT, vectors=vectors, half_life_days=10, **more)


def test_an_item_counts_by_the_logarithm_of_what_fades():
    rows = [
        an_event("ann", 60 - 1e-9, item="milk"),
        an_event("ann", 50, item="bread"),
        an_event("ann", 40, item="bread"),
    ]
    expected = [[np.log1p(0.5 + 0.25), np.log1p(1.0)]]
    np.testing.assert_allclose(told(rows), expected, rtol=1e-5)


def test_what_was_only_received_or_undone_or_comes_later_does_not_count():
    rows = [
        an_event("ann", 50, kind="return", item="milk"),
        an_event("ann", 50, kind="message", item="bread"),
        an_event("ben", 60, item="milk"),
        an_event("eve", 50, kind="view", item="bread"),
    ]
    np.testing.assert_allclose(told(rows), [[0, 0], [0, 0], [np.log1p(0.5), 0]], rtol=1e-5)
    assert not told(rows, kinds=("purchase",)).any()


def test_what_comes_at_the_cut_or_after_moves_nothing():
    cut = START + timedelta(days=110)
    shop = a_lively_shop(customers=30, seed=2)
    sums = []
    for one in (shop, shop.also(planted(110))):
        ledger = Ledger.of(one)
        vectors = np.array([[sum(map(ord, item)), 1.0] for item in ledger.items], np.float32)
        found = met_vectors(ledger, cut, vectors=vectors, half_life_days=30)
        sums.append(dict(zip(ledger.customers, found, strict=True)))
    for name, known in sums[0].items():
        np.testing.assert_allclose(sums[1][name], known, rtol=1e-5)
