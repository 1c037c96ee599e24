"""What heads may read beside what was counted: four ways of knowing a customer, side by side."""

from collections.abc import Collection, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.errors import TooFew
from limner.events.item_vectors import LOOKS
from limner.heads.behaviour import class_column, sequence_block
from limner.heads.features import Block
from limner.heads.pooled import PairBlock
from limner.heads.study import Study
from limner.heads.taste import taste_block, taste_classes
from limner.model.looks import met_vectors

__all__ = [
    "MODALITIES",
    "beside",
    "look_block",
    "looks_in",
    "modality_block",
    "pairs_beside",
    "possible",
    "widths",
]

Features = NDArray[np.float32]
Ints = NDArray[np.int64]

MODALITIES = ("sequence", "collaborative", *LOOKS)
"""The order of what was done, who bought the same, the words and the pictures of what was met."""
HALF_LIFE_DAYS = 180.0
"""After so many days what somebody met counts half, as in the blocks of a profile."""
LEAST = np.float32(1e-9)


def looks_in(study: Study) -> tuple[str, ...]:
    """Return of which looks the log keeps vectors of its items."""
    return tuple(name for name in LOOKS if name in study.ledger.looks)


def possible(study: Study) -> tuple[str, ...]:
    """Return which modalities can say anything to a question, in the order of MODALITIES."""
    found = []
    question = study.question
    # Of classes that are no categories, a behaviour model says nothing.
    foreign = question.shape == "which" and not question.attribute and question.of != "category"
    if study.desk.behaviour is not None and not foreign:
        found.append("sequence")
    try:
        taste_block(study, study.plan.test, np.zeros(0, np.int64))
        found.append("collaborative")
    except TooFew:
        pass
    return (*found, *looks_in(study))


def look_block(study: Study, window: Window, customers: Ints, look: str) -> Features:
    """Return the mean vector of what N customers met before a cut (N, E), NaN for those without.

    The vectors of items are those that the log keeps (``limner items``), an item's from its first
    day; a customer's is of length 1.
    """
    ledger = study.ledger

    def gather() -> Features:
        sums = met_vectors(
            ledger, window.cut, vectors=ledger.looks[look].vectors, half_life_days=HALF_LIFE_DAYS
        )
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.where(length > 0, sums / np.maximum(length, LEAST), np.nan).astype(np.float32)

    found: Features = study.desk.once(("look", look, window.cut), gather)
    return found[customers]


def modality_block(study: Study, window: Window, customers: Ints, name: str) -> Features:
    """Return what a modality tells of N customers at a cut: (N, D)."""
    if name == "sequence":
        return sequence_block(study, window, customers)
    if name == "collaborative":
        return taste_block(study, window, customers)
    return look_block(study, window, customers, name)


def widths(study: Study, names: Collection[str]) -> dict[str, int]:
    """Return how many columns each modality has."""
    nobody = np.zeros(0, np.int64)
    return {name: modality_block(study, study.plan.test, nobody, name).shape[1] for name in names}


def beside(counted: Block | None, names: Sequence[str]) -> Block:
    """Return a block of what was counted, if that is read, and then of each modality."""

    def told(study: Study, window: Window, customers: Ints) -> Features:
        parts = [] if counted is None else [counted(study, window, customers)]
        parts += [modality_block(study, window, customers, name) for name in names]
        return np.hstack(parts)

    return told


def pairs_beside(names: Sequence[str]) -> PairBlock:
    """Return what modalities tell of each customer and class (N, C, E).

    Of the model its score of the class; of factors, words and pictures how near the customer is to
    the class, and how much nearer than to the others.
    """

    def told(study: Study, window: Window, customers: Ints) -> Features:
        parts = []
        for name in names:
            if name == "sequence":
                parts.append(class_column(study, window, customers)[:, :, None])
                continue
            near = (
                taste_classes(study, window, customers)
                if name == "collaborative"
                else _likeness(study, window, customers, name)
            )
            known = np.isfinite(near).sum(axis=1, keepdims=True)
            middle = np.nansum(near, axis=1, keepdims=True) / np.maximum(known, 1)
            parts.append(np.stack([near, near - middle], axis=2).astype(np.float32))
        return np.concatenate(parts, axis=2)

    return told


def _likeness(study: Study, window: Window, customers: Ints, look: str) -> Features:
    """Return the cosine between what customers met and the items of each class (N, C)."""
    mine = np.nan_to_num(look_block(study, window, customers, look))
    key = ("look of classes", look, study.question.of, study.classes.tobytes())
    classes: Features = study.desk.once(key, partial(_class_looks, study, look))
    return np.asarray(mine @ classes.T, np.float32)


def _class_looks(study: Study, look: str) -> Features:
    """Return the mean vectors of the items of each class (C, E), of length 1 or nought."""
    ledger = study.ledger
    vectors = ledger.looks[look].vectors
    of = {
        "category": ledger.item_category,
        "department": ledger.item_department,
        "brand": ledger.item_brand,
    }[study.question.of]
    found = np.stack([vectors[of == code].sum(axis=0) for code in study.classes])
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / np.maximum(length, LEAST), np.float32)
