"""Sizes counted on a logarithmic scale, so that limits for outliers need no second look."""

from collections.abc import Mapping

import polars as pl

__all__ = ["STEPS", "add_histograms", "histogram", "limit_of"]

STEPS = 16
"""Steps an octave: a limit is exact to about 4 %."""


def histogram(values: pl.Series) -> dict[int, int]:
    """Count positive values by size: step ``k`` holds those from 2**(k / STEPS) up to the next.

    Examples
    --------
    >>> histogram(pl.Series([1.0, 1.0, 4.0, 0.0]))
    {0: 2, 32: 1}
    """
    positive = values.filter((values > 0).fill_null(value=False))
    if positive.is_empty():
        return {}
    steps = (positive.log(2) * STEPS + 1e-9).floor().cast(pl.Int32).alias("step")
    counts = steps.value_counts().sort("step")
    return dict(zip(counts["step"].to_list(), counts["count"].to_list(), strict=True))


def add_histograms(*several: Mapping[int, int]) -> dict[int, int]:
    """Return the counts of all together."""
    total: dict[int, int] = {}
    for one in several:
        for step, count in one.items():
            total[step] = total.get(step, 0) + count
    return dict(sorted(total.items()))


def limit_of(counts: Mapping[int, int], *, share: float = 0.999) -> float | None:
    """Return the size that ``share`` of the values do not exceed, or None if there is none.

    Examples
    --------
    >>> limit_of({0: 999, 64: 1}, share=0.999)
    1.0442737824274138
    """
    wanted, seen = share * sum(counts.values()), 0
    for step, count in sorted(counts.items()):
        seen += count
        if seen >= wanted:
            return float(2 ** ((step + 1) / STEPS))
    return None
