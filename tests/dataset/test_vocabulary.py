"""Names keep their numbers, and strangers have one from their first day."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.dataset.ledger import Ledger
from limner.dataset.vocabulary import FIELDS, Vocabulary, VocabularyConfig
from limner.errors import BadShape
from shops import START, a_lively_shop, planted

CUT = START + timedelta(days=100)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=40, days=120, seed=5)


def learn(shop, **settings):
    config = VocabularyConfig(**settings)
    return Vocabulary.learn(Ledger.of(shop), CUT, config=config)


def test_the_commonest_name_comes_first(shop):
    known = learn(shop)
    past = shop.events.filter(shop.events["time"] < CUT)
    counts = past["item_id"].value_counts().sort("count", descending=True)
    assert known.names["item"][0] == counts["item_id"][0]
    assert known.numbers("item", known.names["item"]).tolist() == [*range(1, 25)]


def test_what_comes_after_the_cut_gives_no_name_a_number(shop):
    assert learn(shop.also(planted(100))) == learn(shop)


@given(st.text(max_size=20))
def test_a_stranger_shares_a_number_and_always_the_same(name):
    known = Vocabulary(dict.fromkeys(FIELDS, ("a", "b")), shared=8)
    (number,) = known.numbers("item", [name])
    assert number == known.numbers("item", [name])[0]
    assert (number < 3) == (name in ("a", "b"))
    assert 1 <= number < known.size("item") == 11


def test_rare_names_and_too_many_names_share(shop):
    assert len(learn(shop, most_names=5).names["item"]) == 5
    assert learn(shop, least_events=10_000).names["item"] == ()


def test_it_is_read_as_it_was_written(shop):
    known = learn(shop)
    assert Vocabulary.from_dict(known.to_dict()) == known
    with pytest.raises(BadShape, match="it lacks"):
        Vocabulary.from_dict({"names": {}, "shared": 3})
