"""How well it goes for little-known customers, for new items, and now against before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from math import hypot
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from limner.heads.answers import Answers, Rankings
from limner.training.scoreboard import Row
from limner.training.scoring import FOREMOST, score

__all__ = ["DRIFT", "ITEMS_METRIC", "SLICES", "last_against_first", "parts_of", "score_slices"]

Bools = NDArray[np.bool_]

SLICES: Mapping[str, Callable[[NDArray[np.int64]], Bools]] = MappingProxyType(
    {
        "orders:0": lambda orders: orders == 0,
        "orders:1": lambda orders: orders == 1,
        "orders:2-4": lambda orders: (orders >= 2) & (orders <= 4),
        "orders:5+": lambda orders: orders >= 5,
    }
)
"""The slices of customers, by how many orders they had before the cut. Beside them there are
``items:new``, what first came up shortly before the cut or later, ``items:known``, the other
items, and :data:`DRIFT`."""

DRIFT = "last_against_first"
"""The slice that holds a question at the last cut against the same question at the first."""

ITEMS_METRIC = "recall@10"
"""How much of what was taken of new items was shown."""


def score_slices(answers: Answers | Rankings, *, seed: int, resamples: int = 1000) -> list[Row]:
    """Score the foremost metric of every method on slices of customers, and of items.

    Parameters
    ----------
    answers
        What was said and what came true; where it is not known how many orders the customers had,
        or which items are new, there are no such slices.
    seed, resamples
        As for :func:`limner.training.scoring.score`.

    Returns
    -------
    Rows whose ``slice`` is one of :data:`SLICES`, ``items:new`` or ``items:known``. A slice with
    too few positives has no value but says so.
    """
    rows = []
    for name, part, metric in parts_of(answers):
        if len(part):
            rows += score(part, seed=seed, resamples=resamples, metrics=(metric,), part=name)
        else:
            rows += [_nobody(answers, method, metric, name) for method in answers.methods]
    return rows


def last_against_first(rows: Iterable[Row]) -> list[Row]:
    """Hold the foremost metric at the last cut against the same method's at the first.

    The difference stands in ``delta``. Its interval joins those of the two values as if their
    customers were others: most are the same, so it is too wide rather than too narrow (Zou,
    Donner: Statistics in Medicine 27, 2008, with a correlation of nought).
    """
    series: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.metric == FOREMOST[row.shape] and row.slice == "all":
            series.setdefault((row.question, row.method), []).append(row)
    found = []
    for told in series.values():
        ordered = sorted(told, key=lambda row: row.cut)
        if ordered[0].cut < ordered[-1].cut:
            found.append(_held(ordered[-1], ordered[0]))
    return found


def parts_of(answers: Answers | Rankings) -> Iterator[tuple[str, Answers | Rankings, str]]:
    """Go through the slices: the name, the answers about it, and the metric to look at."""
    if answers.orders is not None:
        for name, belongs in SLICES.items():
            yield name, answers.take(belongs(answers.orders)), FOREMOST[answers.shape]
    if isinstance(answers, Rankings) and answers.new is not None:
        yield "items:new", answers.sought_among(answers.new), ITEMS_METRIC
        yield "items:known", answers.sought_among(~answers.new), ITEMS_METRIC


def _nobody(answers: Answers | Rankings, method: str, metric: str, name: str) -> Row:
    return Row(
        question=answers.question,
        shape=answers.shape,
        horizon_days=answers.horizon_days,
        cut=answers.cut,
        method=method,
        metric=metric,
        value=None,
        low=None,
        high=None,
        n=0,
        positives=0,
        too_few="nobody was asked",
        slice=name,
    )


def _held(last: Row, first: Row) -> Row:
    """Return the last row with its distance to the first in place of that to the reference."""
    row = replace(last, slice=DRIFT, delta=None, delta_low=None, delta_high=None)
    if last.value is None or first.value is None:
        why = last.too_few or f"at the first cut {first.too_few}"
        return replace(row, value=None, low=None, high=None, too_few=why)
    delta = last.value - first.value
    if last.low is None or last.high is None or first.low is None or first.high is None:
        return replace(row, delta=delta)
    below = hypot(last.value - last.low, first.high - first.value)
    beyond = hypot(last.high - last.value, first.value - first.low)
    return replace(row, delta=delta, delta_low=delta - below, delta_high=delta + beyond)
