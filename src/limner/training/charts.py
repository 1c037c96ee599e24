"""Small pictures as SVG text: a plot, its axes, and a few kinds of mark.

Colours come from classes (``c0`` … ``c8``, ``ink``, ``faint``), which the page's style sheet gives
for light and dark; a class may stand beside attributes, so every series also differs by its
shape or dash. Text is in both languages, of which the page shows one.
"""

# ruff: noqa: RUF001 - the minus sign is meant
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from limner.training.words import Words, fill, svg_text

__all__ = ["DASHES", "Plot", "nice_ticks", "short"]

Point = tuple[float, float]

DASHES = ("2 3", "7 3", "", "8 3 2 3", "4 2 1 2 1 2", "1 2", "12 4", "3 1", "18 2")
"""How the line of each colour is broken, so that it is known without its colour."""


def short(value: float) -> str:
    """Return a tick's number, as short as it can be read: 0.25, 40, 1.5k, 2M."""
    for size, sign in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if sign == 'k' else 1e6):g}{sign}"
    return f"{round(value, 6):g}".replace("-", "−")


def nice_ticks(low: float, high: float, *, most: int = 6) -> list[float]:
    """Return round numbers within a range, at most so many.

    Examples
    --------
    >>> nice_ticks(0, 1)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not span > 0:
        return [low]
    rough = span / max(1, most - 1)
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(at * step, 10) for at in range(first, last + 1)]


@dataclass(slots=True)
class Plot:
    """A picture under way: ranges of x and y, and the marks so far, the last on top.

    Parameters
    ----------
    x, y
        The values at the left and right, and at the bottom and top.
    width, height
        The whole picture, in its own units; it scales to the room it gets.
    left, right, top, bottom
        The margins.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 360
    height: float = 260
    left: float = 44
    right: float = 14
    top: float = 26
    bottom: float = 42
    marks: list[str] = field(default_factory=list)

    def at_x(self, value: float) -> float:
        """Return where a value of x lies."""
        low, high = self.x
        return self.left + (value - low) / (high - low) * (self.width - self.left - self.right)

    def at_y(self, value: float) -> float:
        """Return where a value of y lies."""
        low, high = self.y
        room = self.height - self.top - self.bottom
        return self.height - self.bottom - (value - low) / (high - low) * room

    def axes(
        self,
        x_label: Words,
        y_label: Words,
        *,
        x_ticks: Iterable[float] | None = None,
        y_ticks: Iterable[float] | None = None,
        x_text: Callable[[float], str] = short,
        y_text: Callable[[float], str] = short,
    ) -> None:
        """Draw a grid with numbers; x is named below, y above its axis."""
        foot = self.height - self.bottom
        for value in nice_ticks(*self.y) if y_ticks is None else y_ticks:
            at = self.at_y(value)
            self._mark(
                f'<line class="grid" x1="{self.left}" x2="{self.width - self.right}" '
                f'y1="{at:.1f}" y2="{at:.1f}"/>'
            )
            self.text(y_text(value), self.left - 6, at + 4, anchor="end")
        for value in nice_ticks(*self.x) if x_ticks is None else x_ticks:
            at = self.at_x(value)
            self._mark(
                f'<line class="tick" x1="{at:.1f}" x2="{at:.1f}" y1="{foot}" y2="{foot + 4}"/>'
            )
            self.text(x_text(value), at, foot + 17, anchor="middle")
        self._mark(
            f'<line class="axis" x1="{self.left}" x2="{self.width - self.right}" '
            f'y1="{foot}" y2="{foot}"/>'
        )
        middle = (self.left + self.width - self.right) / 2
        self.text(x_label, middle, self.height - 6, anchor="middle", kind="label")
        self.text(y_label, 4, 13, kind="label")

    def text(
        self, words: Words, x: float, y: float, *, anchor: str = "start", kind: str = "number"
    ) -> None:
        """Write at a place of the picture, in its own units."""
        self._mark(
            svg_text(words, f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" data-kind="{kind}"')
        )

    def line(self, points: Sequence[Point], colour: int, *, dash: str = "") -> None:
        """Join points."""
        if not points:
            return
        path = " ".join(f"{self.at_x(x):.1f},{self.at_y(y):.1f}" for x, y in points)
        broken = f' stroke-dasharray="{dash}"' if dash else ""
        self._mark(f'<polyline class="line c{colour}" points="{path}"{broken}/>')

    def rule(self, begin: Point, end: Point) -> None:
        """Draw a faint line that the eye may hold on to: a diagonal, a level."""
        self._mark(
            f'<line class="rule" x1="{self.at_x(begin[0]):.1f}" y1="{self.at_y(begin[1]):.1f}" '
            f'x2="{self.at_x(end[0]):.1f}" y2="{self.at_y(end[1]):.1f}"/>'
        )

    def whisker(self, begin: Point, end: Point, colour: int) -> None:
        """Draw an interval."""
        self._mark(
            f'<line class="whisker c{colour}" x1="{self.at_x(begin[0]):.1f}" '
            f'y1="{self.at_y(begin[1]):.1f}" x2="{self.at_x(end[0]):.1f}" '
            f'y2="{self.at_y(end[1]):.1f}"/>'
        )

    def dot(self, point: Point, colour: int, *, hint: str = "", hollow: bool = False) -> None:
        """Draw a point, with a text that shows while a pointer rests on it."""
        kind = "hollow" if hollow else "dot"
        self._mark(
            f'<circle class="{kind} c{colour}" cx="{self.at_x(point[0]):.1f}" '
            f'cy="{self.at_y(point[1]):.1f}" r="4">{_hint(hint)}</circle>'
        )

    def bar(self, x: tuple[float, float], top: float, colour: int, *, hint: str = "") -> None:
        """Draw a bar from the lowest y up to ``top``."""
        left, right = self.at_x(x[0]), self.at_x(x[1])
        begin, end = self.at_y(top), self.at_y(max(self.y[0], min(0.0, self.y[1])))
        self._mark(
            f'<rect class="bar c{colour}" x="{left:.1f}" y="{min(begin, end):.1f}" '
            f'width="{max(0.5, right - left):.1f}" height="{abs(end - begin):.1f}">'
            f"{_hint(hint)}</rect>"
        )

    def steps(self, edges: Sequence[float], tops: Sequence[float], colour: int, dash: str) -> None:
        """Draw the outline of a histogram."""
        points = [(edges[0], self.y[0])]
        for left, right, top in zip(edges[:-1], edges[1:], tops, strict=True):
            points += [(left, top), (right, top)]
        self.line([*points, (edges[-1], self.y[0])], colour, dash=dash)

    def svg(self, title: Words, told: Words) -> str:
        """Return the picture; ``title`` and ``told`` are read to those who do not see it."""
        names = " · ".join(dict.fromkeys(fill(title)))
        story = " · ".join(dict.fromkeys(fill(told)))
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-label="{escape(names)}"><title>{escape(names)}</title>'
            f"<desc>{escape(story)}</desc>{''.join(self.marks)}</svg>"
        )

    def _mark(self, mark: str) -> None:
        self.marks.append(mark)


def above(*values: object) -> float:
    """Return a round number a little above all values, for the top of an axis; at least 1e-9."""
    most = max((float(np.max(np.asarray(v))) for v in values if np.size(np.asarray(v))), default=1)
    most = max(most, 1e-9)
    size = 10.0 ** math.floor(math.log10(most))
    steps = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(size * step for step in steps if size * step >= most * 0.9999)


def _hint(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""
