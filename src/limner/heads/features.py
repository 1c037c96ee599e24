"""Which columns each rung of the ladder may read, and how samples become tables."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.dataset.own_history import OwnHistory, own_history
from limner.heads.study import Sample, Study

__all__ = [
    "Block",
    "HAND_MADE",
    "RECENCY",
    "automatic_block",
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


def hand_made_block(study: Study, window: Window, customers: Ints) -> Features:
    """Return the columns that are made by hand: (N, 17)."""
    return _chosen(study, window, customers, HAND_MADE)


def recency_block(study: Study, window: Window, customers: Ints) -> Features:
    """Return the days since the last order alone: (N, 1)."""
    return _chosen(study, window, customers, RECENCY)


def _chosen(study: Study, window: Window, customers: Ints, names: Sequence[str]) -> Features:
    places = [study.desk.aggregates.names.index(name) for name in names]
    return automatic_block(study, window, customers)[:, places]


def pair_history(study: Study, window: Window, customers: Ints) -> OwnHistory:
    """Return what N customers did with the study's classes before a cut: (N, C, D)."""
    question = study.question
    key = ("pairs", window.cut, question.of, question.event, tuple(study.classes.tolist()))
    everyone = study.asked(window)

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
        if total > most:
            share = rng.random(len(sample.customers)) < most / total
            sample = sample.take(share)
        features.append(block(study, sample.window, sample.customers))
        truth.append(sample.truth)
    return np.concatenate(features), np.concatenate(truth)
