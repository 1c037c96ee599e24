"""Quantiles of what is counted: against numpy, and where there is nothing to rank."""

import numpy as np
import pytest

from limner.dataset.quantiles import MEASURES, learn_quantiles
from limner.dataset.sequences import NUMBERS
from shops import CATALOGUE, Shop, a_catalogue, a_lively_shop, a_log, an_event, planted
from visits import DAY, lines_of, sequences_of


def test_they_are_those_of_lines_and_of_visits():
    *_, buckets = sequences_of(a_lively_shop(customers=30, days=130, seed=6))
    found = learn_quantiles(buckets, steps=8)
    visits = [
        one.numbers[lines, NUMBERS.index("amount")]
        for one in buckets
        for b in range(len(one))
        for lines in lines_of(one, b)
    ]
    prices = np.concatenate([one.numbers[:, NUMBERS.index("price")] for one in buckets])
    for name, values in [
        ("lines", [len(each) for each in visits]),
        ("worth", [each.sum() for each in visits]),
        ("price", prices),
    ]:
        wanted = np.unique(np.quantile(np.asarray(values, np.float32), np.linspace(0, 1, 9)))
        assert found[name] == pytest.approx(wanted, rel=1e-5)
    assert set(found) == set(MEASURES)
    for edges in found.values():
        assert edges.dtype == np.float32
        assert 2 <= len(edges) <= 9
        assert (np.diff(edges) > 0).all()


@pytest.mark.parametrize("price", [None, 0.0, 3.0, 3e7, -3e7])
def test_what_is_never_known_or_always_the_same_has_two(price):
    kind = "return" if price and price < 0 else "purchase"
    lines = [
        an_event("ann", day, kind, "milk", price=price if price is None else abs(price))
        for day in range(3)
    ]
    *_, buckets = sequences_of(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE)))
    found = learn_quantiles(buckets)
    for name in MEASURES:
        low, high = found[name]
        assert high - low == 1 or (abs(low) > 2**24 and high > low)
    assert found["lines"].tolist() == [1, 2]
    assert found["worth"][0] == found["amount"][0] == (price or 0)


def test_a_log_without_a_bucket_has_them_too():
    assert all(edges.tolist() == [0, 1] for edges in learn_quantiles([]).values())


def test_what_comes_at_the_cut_or_after_moves_none():
    shop = a_lively_shop(customers=30, days=130, seed=6)
    found = [learn_quantiles(sequences_of(each)[2]) for each in (shop, shop.also(planted(DAY)))]
    for name in MEASURES:
        assert found[0][name].tobytes() == found[1][name].tobytes()
