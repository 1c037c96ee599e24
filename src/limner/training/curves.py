"""The curves of a run of learning as a picture: loss, examinations and rate over its steps."""

# ruff: noqa: RUF001 - Chinese punctuation is meant
import re
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner.training.charts import Plot, above, nice_ticks, short
from limner.training.course import Course
from limner.training.page import STYLE
from limner.training.pictures import Picture
from limner.training.table import figure
from limner.training.words import Words

__all__ = ["curves", "curves_file"]

TITLE: Words = ("How it learned", "学习过程")
TOLD: Words = (
    (
        "The loss of the batches it learned from, its running mean, what customers who never teach "
        "said of it, and how fast it learned. The upright line: where it was examined best."
    ),
    "所学批次的损失及其滑动平均、从不参与学习的客户的检验值，以及学习率。竖线为检验最佳之处。",
)
LOSS: Words = ("loss of a step, and its running mean", "每步损失及其滑动平均")
EXAMINED: Words = (
    "examination by customers who never teach; lower is better",
    "由从不参与学习的客户检验；越低越好",
)
RATE: Words = ("learning rate", "学习率")
STEPS: Words = ("steps", "步数")

_POINTS = 240
"""A line has no more points than can be seen apart."""
_WIDTH, _LEFT, _RIGHT, _GAP = 560.0, 56.0, 16.0, 52.0
_HEIGHTS = {"loss": 150.0, "examined": 120.0, "rate": 70.0}
_OF_PLOTS = (
    "svg text",
    "svg [",
    ".grid",
    ".axis",
    ".rule",
    ".line",
    ".dot",
    ".hollow",
    ".c0",
    ".c4",
)
"""How those rules of the page's style begin that a plot needs."""

Floats = NDArray[np.float64]


def curves(course: Course) -> Picture:
    """Draw a run of learning for the report; nothing where no step was done.

    Parameters
    ----------
    course
        What became of the run.
    """
    if not course.losses:
        return Picture(TITLE, TOLD, "")
    shown = [name for name in _HEIGHTS if name != "examined" or course.examined]
    height = 12 + sum(_HEIGHTS[name] + _GAP for name in shown)
    whole = Plot((0, 1), (0, 1), width=_WIDTH, height=height)
    top = 28.0
    for name in shown:
        foot = height - top - _HEIGHTS[name]
        whole.marks += _panel(name, course, height, top, foot).marks
        top += _HEIGHTS[name] + _GAP
    whole.text(STEPS, _WIDTH - _RIGHT, height - 6, anchor="end", kind="label")
    return Picture(TITLE, TOLD, whole.svg(TITLE, TOLD))


def curves_file(course: Course, *, language: Literal["en", "zh"] = "en") -> str:
    """Draw the same as the text of an SVG file, which follows the light or the dark by itself.

    Parameters
    ----------
    course
        What became of the run.
    language
        Which of the two it is written in.
    """
    light, dark = (_palette(part) for part in STYLE.split("@media (prefers-color-scheme:dark)")[:2])
    rules = "".join(line for line in STYLE.splitlines() if line.startswith(_OF_PLOTS))
    rules = f".card{{fill:var(--card)}}{rules}"
    other = "zh" if language == "en" else "en"
    style = (
        f".{other}{{display:none}}text{{font-family:system-ui,sans-serif}}{_coloured(rules, light)}"
        f"@media (prefers-color-scheme:dark){{{_coloured(rules, dark)}}}"
    )
    svg = curves(course).svg or Plot((0, 1), (0, 1)).svg(TITLE, TOLD)
    head, body = svg.split("<title>", 1)
    head = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ')
    card = '<rect class="card" width="100%" height="100%"/>'
    body = body.replace("</desc>", f"</desc><style>{style}</style>{card}", 1)
    return f"{head}<title>{body}\n"


def _panel(name: str, course: Course, height: float, top: float, foot: float) -> Plot:
    """Draw one of the curves at its place in the picture."""
    draw = {"loss": _losses, "examined": _examined, "rate": _rates}[name]
    label = {"loss": LOSS, "examined": EXAMINED, "rate": RATE}[name]
    spread = _spread(course, name)
    plot = Plot(
        (0, len(course.losses)),
        spread,
        width=_WIDTH,
        height=height,
        left=_LEFT,
        right=_RIGHT,
        top=top,
        bottom=foot,
    )
    few = list(spread) if name == "rate" else nice_ticks(*spread, most=5)
    plot.axes("", "", y_ticks=few, y_text=_tick)
    plot.text(label, 4, top - 12, kind="label")
    if course.examined:
        plot.rule((course.best_step, spread[0]), (course.best_step, spread[1]))
    draw(plot, course)
    return plot


def _losses(plot: Plot, course: Course) -> None:
    losses = np.asarray(course.losses)
    low, high = plot.y
    plot.line(_thin(np.clip(losses, low, high)), 0)
    plot.line(_thin(np.clip(_smooth(losses), low, high)), 2)


def _examined(plot: Plot, course: Course) -> None:
    points = [(float(step), value) for step, value in course.examined]
    plot.line(points, 1, dash="7 3")
    for step, value in points if len(points) <= _POINTS // 4 else ():
        best = step == course.best_step
        plot.dot((step, value), 1, hint=f"{step:.0f}: {figure(value)}", hollow=not best)


def _rates(plot: Plot, course: Course) -> None:
    plot.line(_thin(np.asarray(course.rates)), 5)


def _spread(course: Course, name: str) -> tuple[float, float]:
    """Return the values at the foot and the top of a curve; a few wild losses do not count."""
    if name == "rate":
        return 0.0, above(course.rates)
    if name == "loss":
        losses = np.asarray(course.losses)
        values = np.concatenate([np.quantile(losses, [0.02, 0.98]), _smooth(losses)])
    else:
        values = np.asarray([value for _, value in course.examined])
    low, high = float(values.min()), float(values.max())
    pad = 0.08 * (high - low) or 0.05 * abs(high) or 0.05
    return low - pad, high + pad


def _smooth(values: Floats) -> Floats:
    """Return the mean of each value and those around it: a twentieth of all, fewer at the ends."""
    reach = len(values) // 40
    total = np.concatenate([[0.0], np.cumsum(values)])
    places = np.arange(len(values))
    begins, ends = np.maximum(0, places - reach), np.minimum(len(values), places + reach + 1)
    return np.asarray((total[ends] - total[begins]) / (ends - begins))


def _thin(values: Floats) -> list[tuple[float, float]]:
    """Return the points of a line over steps, means where there are too many."""
    cuts = np.unique(np.linspace(0, len(values), min(len(values), _POINTS) + 1).astype(int))
    means = np.add.reduceat(values, cuts[:-1]) / np.diff(cuts)
    return list(zip(((cuts[:-1] + cuts[1:]) / 2).tolist(), means.tolist(), strict=True))


def _tick(value: float) -> str:
    return short(value) if not value or abs(value) >= 0.001 else f"{value:.0e}".replace("e-0", "e-")


def _palette(style: str) -> dict[str, str]:
    """Return the colours that a style names first."""
    return dict(re.findall(r"--([\w-]+):(#[0-9a-f]+)", style.split("}", 1)[0]))


def _coloured(rules: str, colours: dict[str, str]) -> str:
    """Put colours in the place of their names, which some viewers cannot look up."""
    return re.sub(r"var\(--([\w-]+)\)", lambda found: colours[found[1]], rules)
