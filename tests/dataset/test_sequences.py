"""What a model reads, against loops that nobody can misread."""

from dataclasses import fields
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.dataset.sequences import NUMBERS, Sequences, ranges
from limner.errors import BadShape
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event, logs, planted
from visits import CUT, DAY, lines_of, naive_visits, sequences_of

FIELD_NAMES = [each.name for each in fields(Sequences)]


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=30, days=130, seed=6)


@given(logs)
@settings(max_examples=40)
def test_everything_before_the_cut_is_there_in_order(events):
    shop = Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=2)
    ledger, names, found = sequences_of(shop)
    rows = [
        (str(ledger.customers[one.customers[b]]), int(one.time_us[e]), one.codes[e, 1])
        for one in found
        for b in range(len(one))
        for e in range(one.at[b], one.at[b + 1])
    ]
    past = shop.events.filter(pl.col("time") < CUT)
    wanted = past.select("customer_id", pl.col("time").dt.timestamp("us"), "item_id").rows()
    items = [0 if item is None else names.numbers("item", [item])[0] for *_, item in wanted]
    assert sorted(rows) == sorted(
        (who, when, item) for (who, when, _), item in zip(wanted, items, strict=True)
    )
    for one in found:
        for b in range(len(one)):
            times = one.time_us[one.at[b] : one.at[b + 1]]
            assert (np.diff(times) >= 0).all()
            assert one.first_us[b] == times[0]


@given(logs)
@settings(max_examples=40)
def test_visits_are_what_a_loop_finds(events):
    shop = Shop(events, catalogue=a_catalogue(CATALOGUE), buckets=2)
    ledger, _, found = sequences_of(shop)
    for one in found:
        for b in range(len(one)):
            visits = lines_of(one, b)
            assert [line for lines in visits for line in lines] == list(
                range(one.at[b], one.at[b + 1])
            )
            assert one.lengths[b] == len(visits)
            wanted = naive_visits(shop, str(ledger.customers[one.customers[b]]))
            items = [
                [str(ledger.items[i]) if i >= 0 else None for i in one.items[lines]]
                for lines in visits
            ]
            begins = [bool(one.begins[lines[0]]) for lines in visits]
            times = one.visit_us[one.visits[b] : one.visits[b + 1]].tolist()
            assert list(zip(begins, times, items, strict=True)) == wanted
            for lines in visits:
                assert not one.begins[lines[1:]].any()
                assert set(one.time_us[lines]) == {one.time_us[lines[0]]}


def test_an_order_at_two_times_is_two_visits_and_two_orders_at_one_time_are_two():
    lines = [
        an_event("ann", 1, item="milk", order_id="o1", price=2.0),
        an_event("ann", 1, item="bread", order_id="o1", price=3.0),
        an_event("ann", 2, item="soap", order_id="o1", price=5.0),
        an_event("ann", 2, item="salt", order_id="o2", price=1.0),
        an_event("ann", 3, item="milk"),
        an_event("ann", 3, item="soap"),
    ]
    _, _, (one,) = sequences_of(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE)))
    assert np.diff(one.visit_at).tolist() == [2, 1, 1, 2]
    assert one.begins.tolist() == [True, False, False, True, True, False]
    assert one.numbers[:, NUMBERS.index("amount")].tolist() == [2, 3, 5, 1, 0, 0]
    days = (one.visit_us - round(START.timestamp() * 1e6)) / 86_400e6
    assert days.tolist() == [1, 2, 2, 3]


@pytest.mark.parametrize("longest", [1, 5])
def test_only_the_newest_visits_are_kept_whole_and_the_first_is_remembered(shop, longest):
    *_, every = sequences_of(shop)
    *_, newest = sequences_of(shop, longest=longest)
    for one, other in zip(every, newest, strict=True):
        assert other.lengths.tolist() == np.minimum(one.lengths, longest).tolist()
        assert other.first_us.tolist() == one.first_us.tolist()
        kept = [lines_of(one, b)[-longest:] for b in range(len(one))]
        lines = [line for visits in kept for visit in visits for line in visit]
        assert np.diff(other.visit_at).tolist() == [len(v) for visits in kept for v in visits]
        for name in ("time_us", "begins", "items", "codes", "bought"):
            assert getattr(other, name).tolist() == getattr(one, name)[lines].tolist()


def test_what_comes_at_the_cut_or_after_is_not_read(shop):
    _, names, found = sequences_of(shop)
    _, _, moved = sequences_of(shop.also(planted(DAY)), names=names)
    for one, other in zip(found, moved, strict=True):
        for name in {*FIELD_NAMES} - {"customers", "items"}:  # newcomers move the codes
            assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_a_cut_before_everything_gives_nothing(shop):
    assert sequences_of(shop, cut=START - timedelta(days=1))[2] == []


def test_parts_that_do_not_fit_are_refused(shop):
    *_, (one, *_) = sequences_of(shop)
    parts = {name: getattr(one, name) for name in FIELD_NAMES}
    for name, said in [
        ("time_us", "time_us must have"),
        ("items", "items must have"),
        ("customers", "customers, but"),
        ("visits", "limits of visits"),
        ("visit_at", "visits, but"),
        ("first_us", "first seen"),
    ]:
        with pytest.raises(BadShape, match=said):
            Sequences(**parts | {name: parts[name][:-1]})


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6)), max_size=8))
def test_ranges_stand_one_after_another(pairs):
    starts, lengths = np.array(pairs, np.int64).reshape(-1, 2).T
    wanted = [place for start, length in pairs for place in range(start, start + length)]
    assert ranges(starts, lengths).tolist() == wanted
