"""Columns that tell nothing: their values go with no other column, nor with the row before."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.events.columns import numbers
from limner.events.findings import Finding
from limner.events.mapping import Mapping
from limner.events.moments import read_moments

__all__ = ["untelling_columns"]

Ints = NDArray[np.int64]

_ENOUGH_ROWS = 500
"""So many rows must hold a value, and as many must have an earlier one of the same customer."""
_ENOUGH_OTHERS = 100
"""So many rows must hold another value than the commonest: of fewer nothing can be said."""
_LEVEL = 0.0001
"""A column that is drawn at random is taken for one that tells something once in ten thousand."""
_CLASSES = 30
"""Into so many classes values are put at most before they are counted against each other."""
_BINS = 20
"""Into so many ranges numbers and moments are put."""
_LEAST_IN_CLASS = 20
"""A text that fewer rows have shares a class with the other rare ones."""


def untelling_columns(sample: pl.DataFrame, mapping: Mapping) -> Iterator[Finding]:
    """Find columns outside the mapped ones whose values could have been drawn at random.

    A column is named if nothing that it was held against goes with it above chance: neither the
    customer, the item, the moment, any other column that tells something, nor its own value in the
    row before of the same customer, item or order. Only where customers come back is this judged.

    Parameters
    ----------
    sample
        The first rows, under the source's names.
    mapping
        How they become ours.
    """
    customer, time = (mapping.columns.get(name, "") for name in ("customer_id", "time"))
    judged = [
        name
        for name, dtype in sample.schema.items()
        if not dtype.is_nested() and dtype != pl.Object
    ]
    if not {customer, time} <= set(judged):
        return
    mapped = {*mapping.columns.values(), *mapping.catalogue.values(), mapping.known_at}
    moments = _moments(sample[time], mapping)
    columns = {
        name: _Column.of(moments if name == time else _read(sample, name)) for name in judged
    }
    suspects = {
        name: column
        for name, column in columns.items()
        if name not in mapped and column.may_be_drawn(columns[customer])
    }
    if not suspects:
        return
    clock = {"hour": moments.dt.hour(), "weekday": moments.dt.weekday()}
    # The customer first: nearly every column that tells something goes with who it is.
    told = [columns[customer], *(_Column.of(part) for part in clock.values())]
    told += [each for name, each in columns.items() if name not in {*suspects, customer}]
    order = np.argsort(columns[time].codes, kind="stable")
    level = _LEVEL / (3 * (len(columns) + len(clock)))
    while told:
        found = {
            name: column
            for name, column in suspects.items()
            if any(column.goes_with(other, order, level=level) for other in told)
        }
        told = list(found.values())
        suspects = {name: column for name, column in suspects.items() if name not in found}
    for name in suspects:
        values = sample[name].drop_nulls()
        example = f"{name}: {', '.join(str(value) for value in values.head(3))}"
        yield Finding.of("column_tells_nothing", len(values), len(sample), example=example)


@dataclass(frozen=True, slots=True)
class _Column:
    """A column as codes: of the values as they are, and of few classes; -1 where there is none."""

    codes: Ints
    classes: Ints

    @classmethod
    def of(cls, values: pl.Series) -> "_Column":
        ranks = values.rank("dense").cast(pl.Int64).fill_null(0).to_numpy() - 1
        ordered = values.dtype.is_numeric() or values.dtype.is_temporal()
        return cls(ranks, _ranges(ranks) if ordered else _commonest(ranks))

    def may_be_drawn(self, customers: "_Column") -> bool:
        """Say whether there are classes at all, and rows enough to judge them."""
        filled = self.codes >= 0
        counts = np.bincount(self.codes[filled])
        rows = int(counts.sum())
        if rows < _ENOUGH_ROWS or rows - counts.max() < _ENOUGH_OTHERS or 2 * len(counts) > rows:
            return False
        return rows - len(np.unique(customers.codes[filled])) >= _ENOUGH_ROWS

    def goes_with(self, other: "_Column", order: Ints, *, level: float) -> bool:
        """Say whether two columns go together above chance.

        Parameters
        ----------
        other
            What this one is held against.
        order
            The rows in the order of time.
        level
            How often chance may pass for more.
        """
        rows = order[self.codes[order] >= 0]
        rows = rows[np.argsort(other.codes[rows], kind="stable")]
        mine, groups = self.codes[rows], other.codes[rows]
        if (
            _repeats(mine, groups) < level
            or _counted(self.classes[rows], other.classes[rows]) < level
        ):
            return True
        again = np.flatnonzero(groups[1:] == groups[:-1]) + 1
        return _counted(self.classes[rows[again]], self.classes[rows[again - 1]]) < level


def _moments(values: pl.Series, mapping: Mapping) -> pl.Series:
    told = mapping.options
    return read_moments(
        values,
        time_zone=told.time_zone,
        day_first=told.day_first,
        time_format=told.time_format or None,
    ).time


def _read(sample: pl.DataFrame, name: str) -> pl.Series:
    """Return a column, as numbers if it is text that is numbers."""
    values = sample[name]
    if values.dtype != pl.String:
        return values
    read = sample.select(numbers(name, pl.String())).to_series()
    return read if read.count() >= 0.99 * values.count() else values


def _ranges(ranks: Ints) -> Ints:
    """Put ranks into ranges of about as many rows; few ranks stay what they are."""
    counts = np.bincount(ranks[ranks >= 0])
    if len(counts) <= _BINS:
        return ranks
    middle = (np.cumsum(counts) - counts / 2) * _BINS / counts.sum()
    return np.where(ranks >= 0, middle.astype(np.int64)[ranks], -1)


def _commonest(ranks: Ints) -> Ints:
    """Keep the commonest values apart and put the others together."""
    counts = np.bincount(ranks[ranks >= 0])
    apart = np.argsort(-counts, kind="stable")[: _CLASSES - 1]
    apart = apart[counts[apart] >= _LEAST_IN_CLASS]
    classes = np.full(len(counts) + 1, len(apart))
    classes[apart] = np.arange(len(apart))
    classes[-1] = -1
    return classes[ranks]


def _repeats(values: Ints, groups: Ints) -> float:
    """Say how likely as many neighbours within a group would be alike by chance, at least.

    Mean and variance are those over all orders of the values.
    """
    pairs = groups[1:] == groups[:-1]
    number = int(pairs.sum())
    if number < 2:
        return 1.0
    chained = int((pairs[1:] & pairs[:-1]).sum())
    alike = int((pairs & (values[1:] == values[:-1])).sum())
    counts, rows = np.bincount(values).astype(np.float64), len(values)
    twos = counts * (counts - 1)
    threes = twos * (counts - 2)
    one = twos.sum() / (rows * (rows - 1))
    linked = threes.sum() / (rows * (rows - 1) * (rows - 2))
    apart = twos.sum() ** 2 - (twos**2).sum() + (threes * (counts - 3)).sum()
    apart /= rows * (rows - 1.0) * (rows - 2) * (rows - 3)
    mean = number * one
    square = mean + 2 * chained * linked + (number * (number - 1) - 2 * chained) * apart
    return _chance(alike - 0.5, mean, square - mean**2)


def _counted(first: Ints, second: Ints) -> float:
    """Say how likely so large a chi-square would be by chance.

    Mean and variance are those over all orders: Haldane, Biometrika 31, 1940.
    """
    _, first, across = np.unique(first, return_inverse=True, return_counts=True)
    _, second, down = np.unique(second, return_inverse=True, return_counts=True)
    rows, one, two = len(first), len(across), len(down)
    if min(one, two) < 2 or rows < 50:
        return 1.0
    table = np.bincount(first * two + second, minlength=one * two).reshape(one, two)
    square = rows * ((table**2 / np.outer(across, down)).sum() - 1)
    mean = rows / (rows - 1) * (one - 1) * (two - 1)
    even = [(size - 1) * (rows - size) / (rows - 1) for size in (one, two)]
    uneven = [((rows / n).sum() - len(n) ** 2) / (rows - 2) for n in (across, down)]
    variance = 2 * rows / (rows - 3) * (even[0] - uneven[0]) * (even[1] - uneven[1])
    variance += rows**2 / (rows - 1) * uneven[0] * uneven[1]
    return _chance(square, mean, variance)


def _chance(value: float, mean: float, variance: float) -> float:
    """Return how likely a gamma variable of this mean and variance is that large.

    Wilson, Hilferty: PNAS 17, 1931: its cube root is nearly normal.
    """
    if not variance > 0 or not mean > 0 or value <= 0:
        return 1.0
    ninth = variance / (9 * mean**2)
    return erfc(((value / mean) ** (1 / 3) - 1 + ninth) / sqrt(2 * ninth)) / 2
