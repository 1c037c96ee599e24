"""The teacher: asks what the log can answer, and never of those who must not teach."""

import numpy as np
import pytest

from histories import a_past
from limner.dataset.batches import batch_at
from limner.dataset.sequences import DAY_US
from limner.errors import TooFew
from limner.training import teacher as module
from limner.training.teacher import Teacher
from shops import Shop, a_lively_shop, a_log, an_event
from visits import CUT_US


@pytest.fixture(scope="module")
def past():
    return a_past(a_lively_shop(customers=150, days=140, seed=4))


@pytest.fixture
def seen(monkeypatch):
    """Remember which customers are looked at, and when: (customer, moments, since)."""
    told = []

    def spy(bucket, rows, moments, **settings):
        since = settings.get("since", np.zeros(len(rows), np.int64))
        told.append((bucket, rows, moments, since))
        return batch_at(bucket, rows, moments, **settings)

    monkeypatch.setattr(module, "batch_at", spy)
    return told


def a_teacher(past, *, seed=0, longest=24, horizons_days=(7, 30), **settings):
    classes = past.known.vocabulary.size("category")
    return Teacher(
        past.buckets,
        until_us=CUT_US,
        horizons_days=horizons_days,
        class_days=30,
        class_of=np.arange(classes) - 1,
        classes=classes - 1,
        longest=longest,
        seed=seed,
        **settings,
    )


def customers_in(seen):
    return {int(bucket.customers[row]) for bucket, rows, *_ in seen for row in rows}


def test_it_asks_only_what_the_log_can_answer(past, seen):
    teacher = a_teacher(past)
    for step in range(5):
        batch, future = teacher.draw(step, customers=10, moments=4)
        assert batch.last.shape == (10, 4)
        assert future.known.shape == (40, 2)
        assert future.known[:, 0].all()
        assert len(future.bought_at) == 41
    for bucket, rows, moments, _ in seen:
        assert (moments > bucket.first_us[rows][:, None]).all()
        assert (moments + 7 * DAY_US <= CUT_US).all()
        assert len(set(rows.tolist())) == 10


def test_the_same_seed_step_and_turn_draw_the_same(past):
    def drawn(seed, step, turn):
        teacher = a_teacher(past, seed=seed)
        batch, future = teacher.draw(step, turn, customers=9, moments=3)
        parts = teacher.slices(step, turn, customers=9)
        return [
            each.tobytes()
            for each in (batch.codes, batch.since_days, future.orders, parts.codes, parts.gap_days)
        ]

    first = drawn(0, 3, 0)
    assert drawn(0, 3, 0) == first
    for other in ((1, 3, 0), (0, 4, 0), (0, 3, 1)):
        assert not {*drawn(*other)} & {*first}


def test_who_examines_never_teaches(past, seen):
    teacher = a_teacher(past)
    first = teacher.examination(customers=100, moments=2)
    parts = teacher.examined_slices(customers=100)
    assert len(parts) == len(first) == 2
    held = customers_in(seen)
    assert len(held) >= 10
    again = teacher.examination(customers=100, moments=2)
    for (one, truth), (other, same) in zip(first, again, strict=True):
        assert one.codes.tobytes() == other.codes.tobytes()
        assert truth.orders.tobytes() == same.orders.tobytes()
    seen.clear()
    for step in range(60):
        teacher.draw(step, customers=40, moments=1)
        teacher.slices(step, customers=40)
    assert len(customers_in(seen)) > 100
    assert not customers_in(seen) & held


def test_with_few_customers_all_teach(past):
    few = np.arange(150) >= 80
    teacher = a_teacher(past, without=few)
    assert teacher.examination(customers=10, moments=1) == []
    assert teacher.examined_slices(customers=10) == []


def test_who_is_left_out_is_never_looked_at(past, seen):
    without = np.zeros(len(past.ledger), np.bool_)
    without[::3] = True
    teacher = a_teacher(past, without=without)
    teacher.examination(customers=100, moments=2)
    teacher.examined_slices(customers=100)
    for step in range(60):
        teacher.draw(step, customers=40, moments=1)
        teacher.slices(step, customers=40)
    asked = customers_in(seen)
    assert len(asked) > 80
    assert not asked & set(np.flatnonzero(without).tolist())


@pytest.mark.parametrize("longest", [4, 24])
def test_slices_are_two_parts_of_each_history(past, seen, longest):
    teacher = a_teacher(past, longest=longest)
    for step in range(10):
        parts = teacher.slices(step, customers=12)
        bucket, rows, moments, since = seen[-1]
        assert len(parts) == len(rows) == 24
        assert rows[::2].tolist() == rows[1::2].tolist()
        assert len(set(rows.tolist())) == 12
        assert (bucket.lengths[rows] >= 4).all()
        assert moments.shape == (24, 1)
        # Looked at right after their newest visit, and not longer than the model reads.
        assert (parts.last[:, 0] == parts.lengths - 1).all()
        assert np.allclose(parts.since_days, 0, atol=1e-6)
        assert ((parts.lengths >= 2) & (parts.lengths <= longest)).all()
        whole = np.minimum(bucket.lengths[rows], 4 * longest)
        assert (parts.lengths >= np.minimum(np.round(whole / 4), longest)).all()
        assert (since + parts.lengths <= bucket.lengths[rows]).all()
        # Only what is within four times that reach is looked for.
        assert (since >= bucket.lengths[rows] - whole).all()
        assert (parts.age_days[:, 0] == 0).all()


def test_a_shop_of_three_visits_a_head_has_no_slices():
    lines = [an_event(f"c{who}", day + who) for who in range(5) for day in (0, 9, 30)]
    assert a_teacher(a_past(Shop(a_log(lines)))).slices(0, customers=5) is None
    lines += [an_event("c1", 50)]
    parts = a_teacher(a_past(Shop(a_log(lines)))).slices(0, customers=5)
    assert len(parts) == 2


def test_a_log_too_short_for_the_shortest_horizon_is_refused(past):
    with pytest.raises(TooFew, match="more than 400 days before the cut"):
        a_teacher(past, horizons_days=(400,))
    with pytest.raises(TooFew, match="nobody was seen"):
        a_teacher(past, without=np.ones(len(past.ledger), np.bool_))
