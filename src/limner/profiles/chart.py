"""Small pictures as inline SVG: a line of weeks, bars of hours. They take their ink from CSS."""

from collections.abc import Sequence
from html import escape

__all__ = ["bars", "spark"]


def spark(values: Sequence[float], *, title: str, width: int = 640, height: int = 72) -> str:
    """Return a line with a soft ground, a dot at its end, and a line at 0.

    Parameters
    ----------
    values
        Equally spaced, the newest last; fewer than two give an empty picture.
    title
        What a screen reader says of it.
    width, height
        In CSS pixels; the picture shrinks with its frame.
    """
    top, low = max([*values, 0.0]), min([*values, 0.0])
    span = (top - low) or 1.0
    step = (width - 8) / max(1, len(values) - 1)
    points = [
        (4 + place * step, 4 + (height - 8) * (top - value) / span)
        for place, value in enumerate(values)
    ]
    floor = 4 + (height - 8) * top / span
    drawn = ""
    if len(points) > 1:
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        x, y = points[-1]
        drawn = (
            f'<polygon class="ground" points="{points[0][0]:.1f},{floor:.1f} {line}'
            f' {x:.1f},{floor:.1f}"/>'
            f'<line class="zero" x1="4" x2="{width - 4}" y1="{floor:.1f}" y2="{floor:.1f}"/>'
            f'<polyline class="line" points="{line}"/>'
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        )
    return _frame(drawn, title, width, height)


def bars(
    values: Sequence[float],
    labels: Sequence[tuple[str, str]],
    *,
    title: str,
    width: int = 300,
    height: int = 72,
) -> str:
    """Return bars from a common floor, the tallest stressed, with the labels below.

    Parameters
    ----------
    values
        Not negative.
    labels
        One a bar, in English and in Chinese; an empty one is left out.
    title
        What a screen reader says of it.
    width, height
        In CSS pixels; the picture shrinks with its frame.
    """
    most = max([*values, 0]) or 1
    pitch = width / max(1, len(values))
    room = height - 16
    drawn = []
    for place, (value, names) in enumerate(zip(values, labels, strict=True)):
        tall = max(1.5, (room - 2) * value / most)
        kind = "bar most" if value == most else "bar"
        drawn.append(
            f'<rect class="{kind}" x="{place * pitch + pitch * 0.12:.1f}" y="{room - tall:.1f}"'
            f' width="{pitch * 0.76:.1f}" height="{tall:.1f}" rx="1.5"/>'
        )
        drawn += [
            f'<text class="{language}" x="{(place + 0.5) * pitch:.1f}" y="{height - 3}"'
            f' text-anchor="middle">{escape(name)}</text>'
            for language, name in zip(("en", "zh"), names, strict=True)
            if name
        ]
    return _frame("".join(drawn), title, width, height)


def _frame(drawn: str, title: str, width: int, height: int) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {width} {height}" preserveAspectRatio="xMidYMid meet">'
        f"<title>{escape(title)}</title>{drawn}</svg>"
    )
