"""Names keep their numbers, and strangers have one from their first day."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.dataset.ledger import Ledger
from limner.dataset.vocabulary import FIELDS, Vocabulary, VocabularyConfig, catalogue_codes
from limner.errors import BadShape, NotFitted
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event, planted, seen
from visits import names_of, sequences_of

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


def test_an_item_is_known_by_its_catalogue_also_before_its_first_day():
    lines = [an_event("ann", day, item=item) for day in range(3) for item in ("milk", "stranger")]
    lines.append(an_event("ann", 101, item="newcomer"))
    ledger = Ledger.of(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE)))
    known = Vocabulary.learn(ledger, CUT)
    codes = catalogue_codes(ledger, known)
    assert codes.shape == (len(ledger.items), len(FIELDS))
    for item, row in zip(ledger.items, codes, strict=True):
        path, brand = CATALOGUE.get(item, (None, None))
        steps = path.split(" > ") if path else []
        told = {"item": item, "brand": brand}
        if steps:
            told |= {"department": steps[0], "category": steps[:2][-1]}
        for field, code in zip(FIELDS, row, strict=True):
            name = told.get(field)
            assert code == (0 if name is None else known.numbers(field, [name])[0])


def test_it_gives_lines_and_the_catalogue_the_same_numbers(shop):
    ledger, names, buckets = sequences_of(shop)
    codes = catalogue_codes(ledger, names)
    for one in buckets:
        assert codes[one.items][:, 1:].tolist() == one.codes[:, 1:].tolist()


def test_items_also_have_the_numbers_of_what_they_are_like():
    shop = seen(a_lively_shop(customers=20, seed=3))
    ledger = Ledger.of(shop)
    known = names_of(ledger)
    assert known.fields == (
        *FIELDS,
        *(f"{look} {step}" for look in ("image", "text") for step in (1, 2, 3)),
    )
    codes = catalogue_codes(ledger, known)
    assert codes.shape == (len(ledger.items), len(known.fields))
    assert all(codes[:, at].max() < known.size(name) for at, name in enumerate(known.fields))
    assert (codes[:, len(FIELDS) :] > 0).all()
    again = Vocabulary.from_dict(json.loads(json.dumps(known.to_dict())))
    assert np.array_equal(catalogue_codes(ledger, again), codes)


def test_a_log_that_lost_its_vectors_is_refused():
    shop = seen(a_lively_shop(customers=20, seed=3), looks=["text"])
    known = names_of(Ledger.of(shop))
    shop.vectors.clear()
    with pytest.raises(NotFitted, match="item's text, but the log keeps no"):
        catalogue_codes(Ledger.of(shop), known)


def test_no_catalogue_with_words_no_codebook():
    shop = seen(a_lively_shop(customers=20, seed=3))
    shop.vectors = {
        look: replace(each, vectors=0 * each.vectors) for look, each in shop.vectors.items()
    }
    assert names_of(Ledger.of(shop)).fields == FIELDS


def test_vectors_of_another_model_are_refused():
    shop = seen(a_lively_shop(customers=20, seed=3), looks=["text"])
    known = names_of(Ledger.of(shop))
    with pytest.raises(NotFitted, match="read by another model since"):
        catalogue_codes(Ledger.of(seen(shop, looks=["text"], seed=1)), known)
