"""No window that is learned from reaches past the moment it is learned for."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from limner.dataset.cuts import CutPlan, Window, plan_cuts
from limner.errors import TooFew

FIRST = datetime(2023, 5, 1, 8, 30, 0, 7, tzinfo=UTC)
some_days = st.floats(0.5, 400)


@given(st.floats(4, 4000), some_days, st.none() | some_days, st.none() | some_days)
def test_no_window_reaches_past_the_next_cut(span, horizon, gap, step):
    test = FIRST + timedelta(days=span)
    plan = plan_cuts(FIRST, test, horizon_days=horizon, gap_days=gap, step_days=step)
    assert plan.test == Window(test, horizon)
    assert plan.validation.end <= plan.test.cut
    assert plan.train
    assert all(window.end <= plan.validation.cut for window in plan.train)
    assert plan.learnable == (*plan.train, plan.validation)
    assert list(plan.train) == sorted(plan.train)
    assert plan.train[0].cut > FIRST
    lengths = {window.horizon_days for window in plan.learnable}
    assert len(lengths) == 1
    assert plan.shortened == (lengths != {horizon})
    assert max(lengths) <= horizon


@given(st.floats(0.5, 90), st.integers(1, 30))
def test_a_long_log_gives_the_newest_cuts_a_gap_apart(gap, most):
    test = FIRST + timedelta(days=3000)
    plan = plan_cuts(FIRST, test, horizon_days=gap / 2, gap_days=gap, most=most)
    assert len(plan.train) <= most
    assert plan.validation.cut == test - timedelta(days=gap)
    newest = plan.train[-1].cut
    assert newest == plan.validation.cut - timedelta(days=gap)


def test_a_golden_plan():
    """Worked by hand: 100 days, a horizon of 20; a cut needs ten days of history."""
    test = FIRST + timedelta(days=100)
    plan = plan_cuts(FIRST, test, horizon_days=20)
    days = [(window.cut - FIRST) / timedelta(days=1) for window in plan.learnable]
    assert days == [20, 40, 60, 80]
    assert not plan.shortened


def test_a_short_log_gets_windows_of_a_quarter_of_it():
    plan = plan_cuts(FIRST, FIRST + timedelta(days=80), horizon_days=90)
    assert plan.shortened
    assert plan.validation == Window(FIRST + timedelta(days=60), 20)
    assert plan.train[-1] == Window(FIRST + timedelta(days=40), 20)
    assert plan.test.horizon_days == 90


@pytest.mark.parametrize("days", [-5, 0, 3.9])
def test_a_log_of_less_than_four_days_is_refused(days):
    with pytest.raises(TooFew, match="four days") as refusal:
        plan_cuts(FIRST, FIRST + timedelta(days=days), horizon_days=14)
    assert refusal.value.hint


@given(st.floats(0, 30), st.floats(0.01, 60))
def test_a_plan_that_would_leak_cannot_be_made(earlier, horizon):
    assume(horizon > earlier)
    test = Window(FIRST, horizon)
    close = Window(FIRST - timedelta(days=earlier), horizon)
    far = Window(FIRST - timedelta(days=200), horizon)
    with pytest.raises(TooFew, match="validation window"):
        CutPlan((), close, test)
    with pytest.raises(TooFew, match="training window"):
        CutPlan((Window(far.cut - timedelta(days=earlier), horizon),), far, test)
