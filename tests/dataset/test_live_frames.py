"""Many customers in one table are read as each is alone."""

from dataclasses import fields
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histories import a_past
from limner.dataset.live import ItemCodes, LiveCodes
from limner.dataset.live_frames import frame_sequences
from limner.events.event import EVENT_SCHEMA
from served import events_of, settled
from shops import START, Shop, a_lively_shop
from visits import CUT

SHOP = settled(a_lively_shop(customers=30, days=120, seed=2))
PAST = a_past(SHOP)
CODES = LiveCodes(PAST.known.vocabulary, ItemCodes.of(PAST.ledger, PAST.known.vocabulary))


def check(shop, before, longest):
    """Demand the same of all at once as of each alone."""
    histories = events_of(shop)
    together = frame_sequences(CODES, shop.events, before, longest=longest)
    names = sorted(who for who, events in histories.items() if events[0].time < before)
    alone = CODES.sequences([histories[who] for who in names], before, longest=longest)
    assert together.names == names
    for field in fields(alone):
        one, other = (getattr(each, field.name) for each in (together.sequences, alone))
        np.testing.assert_array_equal(one, other, err_msg=field.name)
        if field.name in {"codes", "numbers"}:
            assert one.dtype == other.dtype


@pytest.mark.parametrize("longest", [None, 1, 3, 256])
@pytest.mark.parametrize("days", [-40, 0, 30])
def test_a_shop_of_many(longest, days):
    check(SHOP, CUT + timedelta(days=days), longest)


EVENT = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from("abc"),
        "time": st.integers(0, 5).map(lambda hour: START + timedelta(hours=hour)),
        "kind": st.sampled_from(["view", "purchase", "return", "juggle"]),
        "item_id": st.sampled_from([None, "i1", "i2", "unheard-of"]),
        "order_id": st.sampled_from([None, None, "o1", "o2"]),
        "session_id": st.sampled_from([None, "s"]),
        "quantity": st.sampled_from([None, -1.0, 0.0, 2.0]),
        "price": st.sampled_from([None, 0.0, 2.5, 10.1]),
        "discount": st.sampled_from([None, 0.5, 3.0]),
        "event_id": st.sampled_from([None, "e1", "e2"]),
    }
)


@settings(deadline=None)
@given(st.lists(EVENT, max_size=24), st.integers(0, 6), st.sampled_from([None, 1, 2]), st.randoms())
def test_whatever_anybody_did(rows, hours, longest, chance):
    chance.shuffle(rows)
    events = pl.DataFrame(rows, schema=EVENT_SCHEMA).unique(maintain_order=True)
    check(Shop(events), START + timedelta(hours=hours), longest)


def test_who_did_what_cannot_be_is_left_out():
    who = SHOP.events["customer_id"][0]
    for strange in (pl.lit(-1.0), pl.lit(2e9)):
        price = pl.when(pl.col("customer_id") == who).then(strange).otherwise("price")
        found = frame_sequences(CODES, SHOP.events.with_columns(price=price), CUT)
        plain = frame_sequences(CODES, SHOP.events.filter(pl.col("customer_id") != who), CUT)
        assert found.names == plain.names
        np.testing.assert_array_equal(found.sequences.numbers, plain.sequences.numbers)
        assert len(found.names) == len(found.sequences)
