# ruff: noqa: RUF001 - the minus sign is meant
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limner.training.charts import Plot, above, nice_ticks, short


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_and_within(low, span):
    ticks = nice_ticks(low, low + span)
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) for tick in ticks)


def test_a_range_of_nothing_has_one_tick():
    assert nice_ticks(3, 3) == [3]


@pytest.mark.parametrize(
    ("value", "text"), [(0.25, "0.25"), (40, "40"), (15000, "15k"), (2e6, "2M"), (-0.5, "−0.5")]
)
def test_ticks_are_short(value, text):
    assert short(value) == text


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e9), max_size=5))
def test_the_top_of_an_axis_is_above_everything(values):
    assert above(*values) >= max(values, default=0) * 0.999


def test_values_lie_between_the_margins():
    plot = Plot((0, 10), (0, 1))
    assert plot.at_x(0) == plot.left
    assert plot.at_x(10) == plot.width - plot.right
    assert plot.at_y(0) == plot.height - plot.bottom
    assert plot.at_y(1) == plot.top


def test_a_picture_escapes_its_texts():
    plot = Plot((0, 1), (0, 1))
    plot.dot((0.5, 0.5), 2, hint="a < b")
    plot.line([], 1)
    svg = plot.svg(("x & y", "甲"), "told")
    assert "a &lt; b" in svg
    assert 'aria-label="x &amp; y · 甲"' in svg
    assert "polyline" not in svg
