"""Events one by one and the log at night: the same numbers, to the last bit."""

import random
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.dataset.ledger import Ledger
from limner.dataset.live import ItemCodes, LiveCodes, microseconds
from limner.dataset.sequences import NUMBERS, cut_sequences
from limner.dataset.vocabulary import FIELDS
from limner.errors import BadEvent, BadShape
from limner.events.event import Event
from served import events_of, settled
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event, logs, seen
from visits import CUT, names_of

COLUMNS = ("at", "visits", "visit_at", "time_us", "begins", "bought", "codes", "first_us")


def codes_of(shop, *, least_events=1):
    ledger = Ledger.of(shop)
    names = names_of(ledger, least_events=least_events)
    return ledger, LiveCodes(names, ItemCodes.of(ledger, names))


def same(one, other):
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in COLUMNS) and (
        one.numbers.tobytes() == other.numbers.tobytes()
    )


@given(log=logs, cut=st.integers(1, 121), longest=st.sampled_from([None, 1, 3]), seed=st.randoms())
def test_events_in_any_order_are_what_the_log_says_of_them(log, cut, longest, seed):
    shop = settled(Shop(log, catalogue=a_catalogue(CATALOGUE)))
    ledger, codes = codes_of(shop, least_events=2)
    cut = START + timedelta(days=cut)
    histories = events_of(shop)
    for events in histories.values():
        seed.shuffle(events)
    names = [str(name) for name in ledger.customers]
    found = codes.sequences([histories[name] for name in names], cut, longest=longest)
    (wanted,) = list(cut_sequences(ledger, codes.vocabulary, cut, longest=longest)) or (None,)
    if wanted is None:
        assert len(found) == 0
        return
    assert found.customers.tolist() == wanted.customers.tolist()
    assert same(found, wanted)


def test_the_newest_visits_of_a_lively_shop(tmp_path):
    shop = settled(a_lively_shop(customers=40, buckets=1))
    ledger, codes = codes_of(shop)
    histories = events_of(shop)
    names = [str(name) for name in ledger.customers]
    found = codes.sequences([histories[name] for name in names], CUT, longest=7)
    (wanted,) = cut_sequences(ledger, codes.vocabulary, CUT, longest=7)
    assert found.lengths.max() == 7
    assert same(found, wanted)


def test_a_customer_may_have_been_seen_before_all_that_is_told():
    shop = a_lively_shop(customers=5)
    _, codes = codes_of(shop)
    told = list(events_of(shop).values())[:3]
    early = START - timedelta(days=9)
    plain = codes.sequences(told, CUT)
    found = codes.sequences(told, CUT, first_seen=[early, None, CUT])
    assert found.first_us.tolist() == [microseconds(early), *plain.first_us[1:].tolist()]


def test_who_did_nothing_is_left_out():
    _, codes = codes_of(a_lively_shop(customers=5))
    events = [Event(START + timedelta(days=day), "ann", "view") for day in (1, 2)]
    later = [Event(CUT, "eve", "view")]
    found = codes.sequences([[], later, events], CUT)
    assert found.customers.tolist() == [2]
    assert found.time_us.tolist() == [microseconds(each.time) for each in events]
    assert len(codes.sequences([[], later], CUT)) == 0


def test_an_item_is_all_that_was_known_of_it():
    """And one that the catalogue lacks has its shared number, until somebody tells more of it."""
    shop = Shop(
        a_log([an_event("ann", day, item="milk") for day in range(3)]),
        catalogue=a_catalogue({"milk": ("Food > Dairy", "Meadow"), "brie": ("Food > Dairy", None)}),
    )
    _, codes = codes_of(shop)

    def said(codes, item):
        (one,) = codes.sequences([[Event(START, "eve", "view", item_id=item)]], CUT).codes
        return dict(zip(FIELDS, one.tolist(), strict=True))

    names = codes.vocabulary
    shared = names.shared_number("item", "oat milk")
    assert said(codes, "milk") == dict.fromkeys(FIELDS, 1) | {
        "kind": names.shared_number("kind", "view")
    }
    assert said(codes, "brie")["item"] == names.shared_number("item", "brie")
    assert said(codes, "brie")["category"] == 1
    assert said(codes, "brie")["brand"] == 0
    assert said(codes, "oat milk")["item"] == shared
    assert said(codes, "oat milk")["category"] == 0
    assert said(codes, None)["item"] == 0
    more = codes.knowing({"oat milk": ("Food", "Dairy", "Oatly"), "milk": (None, None, None)})
    assert said(more, "oat milk") == said(codes, "brie") | {
        "item": shared,
        "brand": names.shared_number("brand", "Oatly"),
    }
    assert said(more, "milk")["category"] == 0
    assert said(more, "brie") == said(codes, "brie")
    assert said(codes, "milk")["category"] == 1


def test_a_shop_without_items(tmp_path):
    shop = Shop(a_log([an_event("ann", day, "view") for day in range(3)]))
    ledger, codes = codes_of(shop)
    assert len(codes.items.ids) == 0
    (wanted,) = cut_sequences(ledger, codes.vocabulary, CUT)
    assert same(codes.sequences(list(events_of(shop).values()), CUT), wanted)
    codes.items.write(tmp_path / "items.parquet")
    assert ItemCodes.read(tmp_path / "items.parquet").codes.shape == (0, 4)


def test_items_come_back_from_their_file(tmp_path):
    _, codes = codes_of(a_lively_shop(customers=5))
    codes.items.write(tmp_path / "items.parquet")
    again = ItemCodes.read(tmp_path / "items.parquet")
    assert list(again.ids) == list(codes.items.ids)
    assert again.codes.tobytes() == codes.items.codes.tobytes()
    assert again.codes.dtype == np.int32


def test_numbers_that_nobody_told():
    event = Event(START, "ann", "return", price=3.0, discount=1.0)
    _, codes = codes_of(a_lively_shop(customers=2))
    (one,) = codes.sequences([[event]], CUT).numbers
    assert dict(zip(NUMBERS, one.tolist(), strict=True)) == pytest.approx(
        {"price": 3.0, "quantity": np.nan, "amount": -2.0, "discount": 1 / 3}, nan_ok=True
    )


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"price": float("inf")}, "price of what 'ann' did .* is inf"),
        ({"price": 1e300}, "price .* is 1e"),
        ({"price": -5.0}, "price .* is -5"),
        ({"quantity": -2e9}, "quantity .* is -2e"),
    ],
)
def test_numbers_that_cannot_be_are_refused(told, said):
    _, codes = codes_of(a_lively_shop(customers=2))
    fine = Event(START, "ann", "purchase", price=float("nan"), quantity=-1.0)
    with pytest.raises(BadEvent, match=said):
        codes.sequences([[fine, Event(START, "ann", "purchase", **told)]], CUT)


def test_two_customers_are_no_history():
    _, codes = codes_of(a_lively_shop(customers=2))
    with pytest.raises(BadEvent, match="of 'ann' and of 'eve'"):
        codes.sequences([[Event(START, "eve", "view"), Event(START, "ann", "view")]], CUT)


def test_a_moment_has_a_zone():
    moment = START + timedelta(days=3, microseconds=5)
    assert microseconds(moment) == 1_704_067_200_000_000 + 3 * 86_400_000_000 + 5
    with pytest.raises(BadShape, match="must have a zone"):
        microseconds(datetime(2024, 1, 1))  # noqa: DTZ001 - that is the mistake


def test_item_codes_have_a_row_each():
    with pytest.raises(BadShape, match=r"codes of 1 items must be \(1, 4\)"):
        ItemCodes(["milk"], np.zeros((2, 4), np.int32))


def test_the_order_of_what_is_told_is_no_matter():
    shop = a_lively_shop(customers=3)
    _, codes = codes_of(shop)
    events = max(events_of(shop).values(), key=len)
    mixed = random.Random(3).sample(events, len(events))
    assert mixed != events
    assert same(codes.sequences([events], CUT), codes.sequences([mixed], CUT))


def test_what_items_are_like_comes_with_their_events():
    shop = settled(seen(a_lively_shop(customers=20, seed=2, buckets=1)))
    ledger, codes = codes_of(shop)
    histories = events_of(shop)
    names = [str(name) for name in ledger.customers]
    found = codes.sequences([histories[name] for name in names], CUT)
    (wanted,) = cut_sequences(ledger, codes.vocabulary, CUT)
    assert same(found, wanted)
    assert found.codes[:, len(FIELDS) :].all()


def test_a_new_item_is_like_what_it_is_like_on_its_first_day(tmp_path):
    shop = seen(a_lively_shop(customers=20, seed=2))
    ledger, codes = codes_of(shop)
    at = ledger.items.tolist().index("i03")
    looks = {
        look: replace(each, ids=np.array(["fresh"]), vectors=each.vectors[[at]])
        for look, each in ledger.looks.items()
    }
    wiser = codes.knowing({"fresh": (None, None, None)}, looks=looks)
    wiser.items.write(tmp_path / "items.parquet")
    again = ItemCodes.read(tmp_path / "items.parquet")
    assert again.fields == codes.vocabulary.fields[1:]
    told = dict(zip(again.ids, again.codes[:, len(FIELDS) - 1 :].tolist(), strict=True))
    assert told["fresh"] == told["i03"]
    assert not any(codes.knowing({"bare": (None, None, None)}).items.codes[-1, len(FIELDS) - 1 :])
