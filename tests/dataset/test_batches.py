"""Some customers at some moments: by hand, by a loop, and as if seen for the first time."""

from dataclasses import fields
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from limner.dataset.batches import Batch, batch_at
from limner.dataset.sequences import DAY_US, NUMBERS
from limner.errors import BadShape
from shops import CATALOGUE, START, Shop, a_catalogue, a_lively_shop, a_log, an_event
from visits import CUT_US, lines_of, sequences_of

START_US = round(START.timestamp() * 1e6)
AMOUNT = NUMBERS.index("amount")


@pytest.fixture(scope="module")
def shop():
    return a_lively_shop(customers=30, days=130, seed=6)


@pytest.fixture(scope="module")
def bucket(shop):
    return sequences_of(shop)[2][0]


def lines_in(batch, b, t):
    """Return which packed lines lie in a place of a batch."""
    return np.flatnonzero(batch.visit == b * batch.gap_days.shape[1] + t)


def test_a_batch_holds_the_newest_visits_before_each_moment(bucket):
    one, rows = bucket, np.arange(8)
    final = one.first_us[rows] + 60 * DAY_US
    moments = np.stack([final - 20 * DAY_US, final], axis=1)
    batch = batch_at(one, rows, moments, longest=7)
    assert len(batch) == 8
    assert (np.diff(batch.visit) >= 0).all()
    for b, row in enumerate(rows):
        own = [each for each in lines_of(one, row) if one.time_us[each[0]] < final[b]][-7:]
        times = [int(one.time_us[each[0]]) for each in own]
        assert batch.lengths[b] == len(own)
        for t, each in enumerate(own):
            held = lines_in(batch, b, t)
            for name in ("codes", "items", "bought"):
                assert getattr(batch, name)[held].tolist() == getattr(one, name)[each].tolist()
            assert np.array_equal(batch.numbers[held], one.numbers[each], equal_nan=True)
            assert batch.lines[b, t] == len(each)
            assert batch.worth[b, t] == pytest.approx(one.numbers[each, AMOUNT].sum())
            gap = (times[t] - times[t - 1]) / DAY_US if t else 0
            assert batch.gap_days[b, t] == pytest.approx(gap, rel=1e-5)
            age = (times[t] - one.first_us[row]) / DAY_US
            assert batch.age_days[b, t] == pytest.approx(age, rel=1e-5)
            assert batch.back_days[b, t] == pytest.approx((final[b] - times[t]) / DAY_US, rel=1e-5)
            when = (START + timedelta(microseconds=times[t] - START_US)).replace(tzinfo=None)
            assert batch.weekday[b, t] == when.weekday()
            assert int(batch.hour[b, t]) == when.hour
        for m in range(2):
            before = [t for t, time in enumerate(times) if time < moments[b, m]]
            assert batch.last[b, m] == (before[-1] if before else -1)
            since = (moments[b, m] - times[before[-1]]) / DAY_US if before else 0
            assert batch.since_days[b, m] == pytest.approx(since, rel=1e-5)
        assert batch.known_days[b].tolist() == [40, 60]
        assert batch.early_days[b].tolist() == [20, 0]


def test_padding_is_nought(bucket):
    rows = np.argsort(bucket.lengths)[[0, -1]]
    batch = batch_at(bucket, rows, np.full((2, 1), CUT_US), longest=50)
    held = batch.lengths[0]
    assert held < batch.lengths[1]
    for name in ("gap_days", "age_days", "hour", "weekday", "lines", "worth", "back_days"):
        assert not getattr(batch, name)[0, held:].any()
    assert len(lines_in(batch, 0, held)) == 0


def test_packed_visits_are_the_same_side_by_side(bucket):
    rows = np.arange(8)
    batch = batch_at(bucket, rows, bucket.first_us[rows][:, None] + 60 * DAY_US, longest=7)
    packed, held = batch.packed()
    assert len(held) == batch.lengths.sum() == packed.lengths.sum()
    for name in ("gap_days", "age_days", "hour", "weekday", "lines", "worth", "back_days"):
        told = getattr(packed, name)
        assert told.shape == (1, len(held))
        assert (told[0] == getattr(batch, name).reshape(-1)[held]).all()
    assert (held[packed.visit] == batch.visit).all()


def test_a_moment_parts_an_order_that_came_at_two_times():
    lines = [
        an_event("ann", 1, item="milk", order_id="o1", price=2.0),
        an_event("ann", 2, item="soap", order_id="o1", price=5.0),
        an_event("ann", 2, item="bread", order_id="o1", price=1.0),
    ]
    _, _, (one,) = sequences_of(Shop(a_log(lines), catalogue=a_catalogue(CATALOGUE)))
    second = START_US + 2 * DAY_US
    moments = np.array([[second, second + 1, second + DAY_US]])
    batch = batch_at(one, np.array([0]), moments, longest=9)
    assert batch.last.tolist() == [[0, 1, 1]]
    assert batch.since_days[0] == pytest.approx([1, 0, 1], abs=1e-6)
    assert batch.lines.tolist() == [[1, 2]]
    assert batch.worth.tolist() == [[2, 6]]
    alone = batch_at(one, np.array([0]), moments[:, :1], longest=9)
    assert alone.lines.tolist() == [[1]]


def test_an_earlier_moment_sees_the_same_as_alone(bucket):
    rows = np.flatnonzero(bucket.lengths >= 6)[:5]
    early = bucket.visit_us[bucket.visits[rows] + 3] + 1
    both = batch_at(bucket, rows, np.stack([early, np.full(5, CUT_US)], axis=1), longest=99)
    alone = batch_at(bucket, rows, early[:, None], longest=99)
    for name in ("last", "since_days", "known_days"):
        assert getattr(both, name)[:, :1].tolist() == getattr(alone, name).tolist()


def test_a_customer_may_come_twice(bucket):
    moments = np.array([[CUT_US], [CUT_US - 30 * DAY_US]])
    row = int(np.argmax(bucket.lengths))
    both = batch_at(bucket, np.array([row, row]), moments, longest=99)
    for b in range(2):
        alone = batch_at(bucket, np.array([row]), moments[b : b + 1], longest=99)
        held = alone.lengths[0]
        assert both.lengths[b] == held
        assert both.age_days[b, :held].tolist() == alone.age_days[0].tolist()
        assert both.items[both.visit // both.lines.shape[1] == b].tolist() == alone.items.tolist()


def test_a_slice_is_told_as_if_first_seen_then(shop):
    """It is what it would be had nothing happened before."""
    ledger, names, (one, *_) = sequences_of(shop)
    row = int(np.argmax(one.lengths))
    own = one.visit_us[one.visits[row] : one.visits[row + 1]]
    since = next(at for at in range(4, len(own)) if own[at] > own[at - 1])
    moments = np.array([[int(own[since + 5]) + 1, int(own[since + 2])]])
    part = batch_at(one, np.array([row]), moments, longest=99, since=np.array([since]))

    begin = START + timedelta(microseconds=int(own[since]) - START_US)
    who = str(ledger.customers[one.customers[row]])
    later = shop.events.filter((pl.col("time") >= begin) | (pl.col("customer_id") != who))
    bare = Shop(later, catalogue=shop.catalogue(), buckets=shop.buckets)
    _, _, (other, *_) = sequences_of(bare, names=names)
    alone = batch_at(other, np.array([row]), moments, longest=99)
    assert alone.age_days[0, 0] == 0
    for each in fields(Batch):
        assert getattr(part, each.name).tolist() == getattr(alone, each.name).tolist(), each.name


def test_a_slice_longer_than_what_is_held_keeps_its_age(bucket):
    row = np.array([int(np.argmax(bucket.lengths))])
    moment = np.full((1, 1), CUT_US)
    whole = batch_at(bucket, row, moment, longest=99, since=np.array([2]))
    short = batch_at(bucket, row, moment, longest=3, since=np.array([2]))
    assert short.age_days[0].tolist() == whole.age_days[0, -3:].tolist()
    assert short.known_days.tolist() == whole.known_days.tolist()
    assert short.gap_days[0, 0] == 0


def test_a_moment_before_the_first_event_is_refused(bucket):
    with pytest.raises(BadShape, match="an event before the moment"):
        batch_at(bucket, np.array([0]), bucket.first_us[:1, None], longest=5)
    after = batch_at(bucket, np.array([0]), bucket.first_us[:1, None] + 1, longest=5)
    assert after.last.tolist() == [[after.lengths[0] - 1]]
    with pytest.raises(BadShape, match="an event before the moment"):
        batch_at(
            bucket,
            np.array([0]),
            np.full((1, 1), CUT_US),
            longest=5,
            since=bucket.lengths[:1],
        )
