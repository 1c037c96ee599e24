"""Counters: exact sums that no order of arrival can change."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadShape
from limner.events.event import EVENT_SCHEMA, Event
from limner.profiles.counters import NEW_ORDER, Counters, Day, count, first_of_orders

T0 = datetime(2024, 5, 1, 10, tzinfo=UTC)


def frame(*events):
    return pl.DataFrame([each.to_row() for each in events], schema=EVENT_SCHEMA)


def counted(*events):
    return count(first_of_orders(frame(*events)))


def buy(customer="ann", *, day=0.0, order="o1", price=2.5, quantity=2.0, **more):
    when = T0 + timedelta(days=day)
    return Event(when, customer, "purchase", order_id=order, price=price, quantity=quantity, **more)


money = st.decimals(0, 10_000, places=2, allow_nan=False).map(float)
histories = st.lists(
    st.builds(
        lambda who, kind, day, order, price, quantity, currency: Event(
            T0 + timedelta(days=day),
            who,
            kind,
            order_id=order,
            price=price,
            quantity=quantity,
            currency=currency,
        ),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["purchase", "return", "view"]),
        st.integers(-300, 300),
        st.sampled_from(["o1", "o2", None]),
        st.none() | money,
        st.none() | st.integers(1, 9).map(float),
        st.sampled_from(["EUR", "USD", None]),
    ),
    max_size=30,
)


def test_what_is_told():
    who = counted(buy(), buy(price=1.0, quantity=1.0), buy(day=40, order="o2"))["ann"]
    told = who.told(T0 + timedelta(days=41))
    assert told["orders"] == 2
    assert told["lines"] == 3
    assert told["spend"] == 11.0
    assert told["pieces"] == 5.0
    assert told["windows"]["7d"] == {"events": 1, "lines": 1, "spend": 5.0}
    assert told["windows"]["90d"] == {"events": 3, "lines": 3, "spend": 11.0}
    assert told["last_purchase"] == "2024-06-10T10:00:00Z"
    assert told["average_order_value"] == 5.5


def test_amounts_of_several_currencies_are_told_apart_and_not_summed():
    events = [buy(currency="EUR"), buy(order="o2", currency="USD", price=1.0)]
    back = Event(T0, "ann", "return", price=1.0, quantity=1.0, currency="EUR")
    told = counted(*events, back, buy(order="o3", price=0.5))["ann"].told(T0)
    assert (told["spend"], told["average_order_value"], told["currency"]) == (None, None, None)
    assert told["spend_by_currency"] == {"EUR": 4.0, "USD": 2.0, "XXX": 1.0}
    assert told["windows"]["7d"]["spend"] is None
    assert told["orders"] == 3


def test_an_amount_that_names_no_currency_is_of_the_one_there_is():
    who = counted(buy(currency="EUR"), buy(order="o2", price=0.5))["ann"]
    told = who.told(T0)
    assert (told["spend"], told["currency"]) == (6.0, "EUR")
    assert told["spend_by_currency"] == {"EUR": 5.0, "XXX": 1.0}
    assert who.add(Counters()).to_json() == who.to_json()


def test_counters_of_before_currencies_were_told_apart_are_read():
    old = Counters.from_json('{"events":1,"orders":1,"lines":1,"bought":5000000}')
    assert old.told(T0)["spend"] == 5.0
    more = old.add(counted(buy(currency="EUR"))["ann"])
    assert (more.told(T0)["spend"], more.money) == (10.0, {"EUR": (5_000_000, 0)})


def test_an_order_told_on_two_days_is_one_whichever_line_comes_first():
    lines = first_of_orders(frame(buy(), buy(day=1, item_id="tea")))
    other = first_of_orders(frame(buy(day=1, item_id="tea"), buy()))
    assert count(lines)["ann"].to_json() == count(other)["ann"].to_json()
    assert count(lines)["ann"].orders == 1


def test_a_return_takes_back():
    back = Event(T0, "ann", "return", price=1.5, quantity=2.0)
    told = counted(buy(), back)["ann"].told(T0)
    assert (told["spend"], told["returns"], told["orders"]) == (2.0, 1, 1)


@given(histories, st.randoms())
def test_no_order_of_arrival_and_no_cut_changes_a_byte(events, random):
    marked = first_of_orders(frame(*events)).with_row_index("at")
    whole = {who: one.to_json() for who, one in count(marked).items()}
    places = list(range(len(marked)))
    random.shuffle(places)
    told = {}
    while places:
        some = places[: random.randint(1, 5)]
        places = places[len(some) :]
        for who, more in count(marked[some]).items():
            told[who] = told.get(who, Counters()).add(more)
    assert {who: one.to_json() for who, one in told.items()} == whole


@given(histories)
def test_sums_are_those_of_exact_arithmetic(events):
    for who, one in counted(*events).items():
        own = [each for each in events if each.customer_id == who]
        cents = sum(
            round((each.price or 0) * 100) * int(each.quantity or 1)
            for each in own
            if each.kind == "purchase"
        )
        assert one.bought == cents * 10_000
        named = [each for each in own if each.currency and each.kind in {"purchase", "return"}]
        assert one.money.keys() == {each.currency for each in named}
        assert sum(one.told(T0)["spend_by_currency"].values()) == pytest.approx(
            (one.bought - one.returned) / 1e6
        )
        assert one.events == len(own) == sum(one.kinds.values())
        orders = {each.order_id or each.time for each in own if each.kind == "purchase"}
        assert one.orders == len(orders)


@given(histories)
def test_json_brings_the_same_back(events):
    for one in counted(*events).values():
        assert Counters.from_json(one.to_json()) == one
        assert Counters.from_json(one.to_json()).to_json() == one.to_json()


def test_days_long_past_are_kept_in_sums_alone():
    one = counted(buy(day=-365), buy(day=0, order="o2"))["ann"]
    assert len(one.days) == 1
    assert one.orders == 2


def test_what_is_no_counters_is_refused():
    for text in ("[]", "{", '{"nonsense":1}', json.dumps({"days": {"x": [1, 2, 3]}})):
        with pytest.raises(BadShape, match="no counters"):
            Counters.from_json(text)
    with pytest.raises(BadShape, match=NEW_ORDER):
        count(frame(buy()))
    assert count(first_of_orders(frame())) == {}


@given(st.integers(2**62, 2**70), st.integers(-(2**70), -(2**62)))
def test_sums_beyond_what_a_processor_holds_are_kept_whole(bought, net):
    one = Counters(
        bought=bought, last=86_400_000_000, kinds={"购买": 2**80}, days={1: Day(1, 1, net)}
    )
    assert Counters.from_json(one.to_json()) == one
    twice = one.add(one)
    assert Counters.from_json(twice.to_json()).bought == 2 * bought
    assert "购买" in twice.to_json()
