"""What somebody met, as a mean of pictures: by hand, and strictly before the cut."""

from datetime import timedelta

import numpy as np
import pytest

from limner.dataset.ledger import Ledger
from limner.errors import NotFitted
from limner.model.blocks.image import ImageBlock
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event, seen


def a_shop(rows):
    return seen(Shop(a_log(rows), catalogue=a_catalogue(CATALOGUE)), looks=["image"])


def day(number):
    return START + timedelta(days=number)


def test_a_customer_is_the_mean_of_what_they_met_the_newer_the_more():
    first, second = list(CATALOGUE)[:2]
    rows = [
        an_event("ann", 0, item=first),
        an_event("ann", 180, "view", item=second),
        an_event("ann", 180, "view", item=second),
        an_event("bob", 180, item=None),
        an_event("eve", 360, item=first),
    ]
    ledger = Ledger.of(a_shop(rows))
    table = ImageBlock().fit(ledger, before=day(360)).at(ledger, day(360))
    vectors = dict(zip(ledger.items.tolist(), ledger.looks["image"].vectors, strict=True))
    # One met two half-lives ago, one met one half-life ago, twice in one visit or not.
    sums = {
        n: np.log1p(0.25) * vectors[first] + np.log1p(n * 0.5) * vectors[second] for n in (1, 2)
    }
    assert [ledger.customers[at] for at in table.customers] == ["ann"]
    assert any(
        np.allclose(table.vectors[0], each / np.linalg.norm(each), atol=1e-5)
        for each in sums.values()
    )
    assert table.coverage == pytest.approx(1 / 2)


def test_what_comes_after_the_cut_moves_nothing():
    shop = seen(a_lively_shop(customers=30, seed=1), looks=["image"])
    whole, past = Ledger.of(shop), Ledger.of(shop, before=day(60))
    one = ImageBlock().fit(whole, before=day(60)).at(whole, day(60))
    other = ImageBlock().fit(past, before=day(60)).at(past, day(60))
    told = dict(zip(whole.customers[one.customers], one.vectors, strict=True))
    assert set(told) == set(past.customers[other.customers])
    for name, vector in zip(past.customers[other.customers], other.vectors, strict=True):
        assert np.allclose(told[name], vector, atol=1e-5)
    assert one.version == other.version


def test_without_pictures_or_with_those_of_another_model_it_is_refused():
    bare = Ledger.of(a_lively_shop(customers=5))
    with pytest.raises(NotFitted, match="keeps no vectors"):
        ImageBlock().fit(bare, before=day(60))
    with pytest.raises(NotFitted, match="has not learned yet"):
        ImageBlock().at(bare, day(60))
    shop = seen(a_lively_shop(customers=5), looks=["image"])
    block = ImageBlock().fit(Ledger.of(shop), before=day(60))
    with pytest.raises(NotFitted, match="another model since"):
        block.at(Ledger.of(seen(shop, looks=["image"], seed=1)), day(60))
