"""What a model reads, against loops that nobody can misread."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings

from limner.dataset.batches import batch_at
from limner.dataset.futures import events_before, futures
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import DAY_US, NUMBERS, Sequences, cut_sequences
from limner.dataset.vocabulary import FIELDS, Vocabulary, VocabularyConfig
from limner.errors import BadShape
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, logs, planted

DAY = 100
CUT = START + timedelta(days=DAY)
CUT_US = round(CUT.timestamp() * 1e6)


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=30, days=130, seed=6)


def sequences_of(shop, *, cut=CUT, longest=None):
    ledger = Ledger.of(shop)
    names = Vocabulary.learn(ledger, cut, config=VocabularyConfig(least_events=1))
    return ledger, names, list(cut_sequences(ledger, names, cut, longest=longest))


def same(one, other):
    for name in Sequences.__slots__:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


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


def test_only_the_newest_are_kept_and_the_first_is_remembered(shop):
    *_, every = sequences_of(shop)
    *_, newest = sequences_of(shop, longest=5)
    for one, other in zip(every, newest, strict=True):
        assert other.lengths.tolist() == np.minimum(one.lengths, 5).tolist()
        assert other.first_us.tolist() == one.first_us.tolist()
        last = np.concatenate(
            [np.arange(b - n, b) for b, n in zip(one.at[1:], other.lengths, strict=True)]
        )
        assert other.time_us.tolist() == one.time_us[last].tolist()
        assert other.begins.tolist() == one.begins[last].tolist()


def test_what_comes_at_the_cut_or_after_is_not_read(shop):
    *_, found = sequences_of(shop)
    *_, moved = sequences_of(shop.also(planted(DAY)))
    by_name = [[one.time_us.tolist() for one in each] for each in (found, moved)]
    assert by_name[0] == by_name[1]


def test_parts_that_do_not_fit_are_refused(shop):
    *_, (one, *_) = sequences_of(shop)
    parts = {name: getattr(one, name) for name in Sequences.__slots__}
    with pytest.raises(BadShape, match="time_us must have"):
        Sequences(**parts | {"time_us": one.time_us[:-1]})
    with pytest.raises(BadShape, match="customers, but"):
        Sequences(**parts | {"customers": one.customers[:-1]})


def some_moments(one, count=60):
    rng = np.random.default_rng(1)
    rows = rng.integers(0, len(one), count)
    moments = one.first_us[rows] + (rng.random(count) * 90 * DAY_US).astype(np.int64)
    exact = one.time_us[rng.integers(one.at[rows], one.at[rows + 1])]
    return np.r_[rows, rows], np.r_[moments, exact]


def test_futures_are_what_a_loop_counts(shop):
    *_, (one, *_) = sequences_of(shop)
    rows, moments = some_moments(one)
    category = one.codes[:, FIELDS.index("category")].astype(np.int64) - 1
    found = futures(
        one,
        rows,
        moments,
        until_us=CUT_US,
        horizons_days=(7, 30),
        class_of=np.where(category < 3, category, -1),
        classes=3,
        class_days=14,
    )
    for place, (row, moment) in enumerate(zip(rows, moments, strict=True)):
        own = range(one.at[row], one.at[row + 1])
        assert events_before(one, rows, moments)[place] == next(
            (e for e in own if one.time_us[e] >= moment), one.at[row + 1]
        )
        for at, days in enumerate((7, 30)):
            window = [e for e in own if moment <= one.time_us[e] < moment + days * DAY_US]
            bought = [e for e in window if one.bought[e]]
            assert found.orders[place, at] == sum(one.begins[e] for e in bought)
            worth = sum(one.numbers[e, NUMBERS.index("amount")] for e in bought)
            assert found.worth[place, at] == pytest.approx(worth, rel=1e-4, abs=1e-4)
            assert found.known[place, at] == (moment + days * DAY_US <= CUT_US)
        window = [e for e in own if moment <= one.time_us[e] < moment + 14 * DAY_US]
        classes = {int(category[e]) for e in window if one.bought[e]}
        assert set(np.flatnonzero(found.classes[place])) == {c for c in classes if 0 <= c < 3}


def test_a_batch_holds_the_newest_events_before_each_moment(shop):
    *_, (one, *_) = sequences_of(shop)
    rows = np.arange(8)
    final = one.first_us[rows] + 60 * DAY_US
    moments = np.stack([final - 20 * DAY_US, final], axis=1)
    batch = batch_at(one, rows, moments, longest=12)
    assert len(batch) == 8
    for b, row in enumerate(rows):
        own = [e for e in range(one.at[row], one.at[row + 1]) if one.time_us[e] < final[b]][-12:]
        assert batch.lengths[b] == len(own)
        assert batch.codes[b, : len(own)].tolist() == one.codes[own].tolist()
        assert not batch.codes[b, len(own) :].any()
        for m in range(2):
            before = [k for k, e in enumerate(own) if one.time_us[e] < moments[b, m]]
            assert batch.last[b, m] == (before[-1] if before else -1)
            if before:
                since = (moments[b, m] - one.time_us[own[before[-1]]]) / DAY_US
                assert batch.since_days[b, m] == pytest.approx(since, rel=1e-5)
        assert batch.early_days[b].tolist() == [20, 0]
        when = START.replace(tzinfo=None) + timedelta(
            microseconds=int(one.time_us[own[0]]) - round(START.timestamp() * 1e6)
        )
        assert batch.weekday[b, 0] == when.weekday()
        assert int(batch.hour[b, 0]) == when.hour


def test_a_moment_before_the_first_event_is_refused(shop):
    *_, (one, *_) = sequences_of(shop)
    with pytest.raises(BadShape, match="an event before the moment"):
        batch_at(one, np.array([0]), one.first_us[:1, None], longest=5)
