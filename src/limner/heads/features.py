"""Which columns each rung of the ladder may read, and how samples become tables."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.dataset.own_history import OwnHistory, own_history
from limner.errors import BadConfig
from limner.heads.study import Sample, Study

__all__ = [
    "HAND_MADE",
    "RECENCY",
    "Block",
    "automatic_block",
    "column_places",
    "habit_names",
    "habits_block",
    "hand_made_block",
    "pair_history",
    "recency_block",
    "stack_samples",
]

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Block = Callable[[Study, Window, Ints], Features]
"""What a rung may read of N customers at a cut: (N, F)."""
MOST_ROWS = 200_000
"""A head learns from so many rows at most, drawn at random by the study's seed."""

RECENCY = ("days since order",)
HAND_MADE = (
    "days since order",
    "days since first",
    "orders",
    "amount",
    "orders 30d",
    "orders 60d",
    "orders 90d",
    "amount 30d",
    "amount 60d",
    "amount 90d",
    "order amount mean",
    "order lines mean",
    "gap mean",
    "gap deviation",
    "distinct items",
    "distinct categories",
    "discount share",
)
"""What a data scientist makes by hand: recency, frequency and money in a few windows, the usual
basket, the usual gap, breadth and discounts."""


def automatic_block(study: Study, window: Window, customers: Ints) -> Features:
    """Return the automatic aggregates of N customers at a cut: (N, D)."""
    desk = study.desk
    block: Features = desk.once(
        ("aggregates", window.cut), lambda: desk.aggregates.at(desk.ledger, window.cut)
    )
    return block[customers]


def habit_names(study: Study) -> tuple[str, ...]:
    """Return the automatic columns that count no single department, category, brand or band."""
    names = study.desk.aggregates.names
    return tuple(name for name in names if ": " not in name or ": kind " in name)


def habits_block(study: Study, window: Window, customers: Ints) -> Features:
    """Return the automatic columns of :func:`habit_names` (N, H).

    Whether and how much a customer buys is told by these; hundreds of columns of single classes
    beside them added noise on rolling cuts: docs/experiments.md.
    """
    return _chosen(study, window, customers, habit_names(study))


def hand_made_block(study: Study, window: Window, customers: Ints) -> Features:
    """Return the columns that are made by hand: (N, 17)."""
    return _chosen(study, window, customers, HAND_MADE)


def recency_block(study: Study, window: Window, customers: Ints) -> Features:
    """Return the days since the last order alone: (N, 1)."""
    return _chosen(study, window, customers, RECENCY)


def _chosen(study: Study, window: Window, customers: Ints, names: Sequence[str]) -> Features:
    places = column_places(study, names)
    return automatic_block(study, window, customers)[:, places]


def column_places(study: Study, names: Sequence[str]) -> list[int]:
    """Return where columns of the automatic block stand.

    Raises
    ------
    BadConfig
        If the settings of the aggregates leave one out.
    """
    known = study.desk.aggregates.names
    for name in names:
        if name not in known:
            raise BadConfig(
                f"the aggregates must hold the column {name!r}, but their settings leave it out",
                hint="keep 7, 14, 30, 60 and 90 among windows_days, 7, 30 and 90 among "
                "half_lives_days",
            )
    return [known.index(name) for name in names]


def pair_history(study: Study, window: Window, customers: Ints) -> OwnHistory:
    """Return what N customers did with the study's classes before a cut: (N, C, D)."""
    question = study.question
    everyone = study.asked(window)
    key = (
        *("pairs", window.cut, question.of, str(question.deeds)),
        *(study.classes.tobytes(), everyone.tobytes()),
    )

    def make() -> OwnHistory:
        return own_history(
            study.ledger,
            window.cut,
            customers=everyone,
            column=question.of,
            classes=study.classes,
            deeds=question.deeds,
        )

    if len(customers) == len(everyone) and np.array_equal(customers, everyone):
        found: OwnHistory = study.desk.once(key, make)
        return found
    return own_history(
        study.ledger,
        window.cut,
        customers=customers,
        column=question.of,
        classes=study.classes,
        deeds=question.deeds,
    )


def stack_samples(
    study: Study,
    samples: Sequence[Sample],
    block: Block,
    *,
    most: int = MOST_ROWS,
) -> tuple[Features, Floats]:
    """Lay samples of several cuts under one another: features (R, F) and truth (R,) or (R, C)."""
    total = sum(len(sample.customers) for sample in samples)
    rng = np.random.default_rng(study.seed)
    features, truth = [], []
    for sample in samples:
        kept = sample
        if total > most:
            share = rng.random(len(sample.customers)) < most / total
            kept = sample.take(share)
        features.append(block(study, kept.window, kept.customers))
        truth.append(kept.truth)
    return np.concatenate(features), np.concatenate(truth)
