"""The curves: three panels in one picture, in the page or as a file of its own."""

import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from limner.training.course import Course
from limner.training.curves import _smooth, _thin, curves, curves_file


def a_course(steps=300, *, examined=True):
    rng = np.random.default_rng(0)
    losses = 2 * np.exp(-np.arange(steps) / 80) + rng.normal(0, 0.1, steps) + 1
    asked = [(step, 1.2 + (step / steps - 0.7) ** 2) for step in range(50, steps + 1, 50)]
    return Course(
        losses=tuple(losses.tolist()),
        examined=tuple(asked) if examined else (),
        rates=tuple(np.linspace(3e-3, 0, steps).tolist()),
        best_step=200,
        stopped="all steps are done",
        seconds=1.0,
    )


def test_it_shows_loss_examinations_and_rate():
    svg = curves(a_course()).svg
    assert svg.count("<polyline") == 4
    assert svg.count("<circle") == 6
    assert svg.count('class="dot') == 1
    assert svg.count('class="rule"') == 3
    for words in ("loss of a step", "每步损失", "examination by", "learning rate"):
        assert words in svg


def test_where_nobody_was_examined_there_is_no_curve_of_it():
    svg = curves(a_course(examined=False)).svg
    assert svg.count("<polyline") == 3
    assert "rule" not in svg
    assert "examination by" not in svg


@pytest.mark.parametrize("steps", [1, 2, 50, 5000])
def test_any_length_is_drawn_within_the_picture(steps):
    svg = curves(a_course(steps)).svg
    ET.fromstring(svg)
    _, _, width, height = (float(each) for each in re.search(r'viewBox="([^"]+)"', svg)[1].split())
    for points in re.findall(r'points="([^"]+)"', svg):
        pairs = [tuple(map(float, pair.split(","))) for pair in points.split()]
        assert len(pairs) <= 240
        assert all(0 <= x <= width and 0 <= y <= height for x, y in pairs)


def test_alike_values_are_drawn_too():
    flat = Course((0.0,) * 9, ((9, 0.0),), (0.0,) * 9, best_step=9, stopped="", seconds=0.0)
    assert "nan" not in curves(flat).svg


def test_nothing_is_drawn_of_nothing():
    empty = Course((), (), (), best_step=0, stopped="", seconds=0.0)
    assert curves(empty).svg == ""
    ET.fromstring(curves_file(empty))


def test_a_file_has_its_own_colours_for_light_and_dark():
    text = curves_file(a_course())
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in text
    light, dark = text.split("@media (prefers-color-scheme:dark)")
    style = light.split("<style>")[1]
    for name in {part for each in re.findall(r'class="([^"]+)"', text) for part in each.split()}:
        if name not in {"en", "zh"}:
            assert f".{name}" in style
            assert f".{name}" in dark
    assert ".zh{display:none}" in text
    assert ".en{display:none}" in curves_file(a_course(), language="zh")


def test_a_running_mean_and_a_thinner_line():
    """Worked by hand: 40 values, so means of three; 480 points of which pairs are one."""
    values = np.arange(40.0) ** 2
    assert _smooth(values)[:2].tolist() == [0.5, pytest.approx(5 / 3)]
    assert _smooth(values)[-1] == (38**2 + 39**2) / 2
    assert _thin(np.arange(480.0))[:2] == [(1.0, 0.5), (3.0, 2.5)]
