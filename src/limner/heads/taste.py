"""Who bought what others with like tastes buy too, as heads read it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.linear import LinearHead
from limner.heads.stacked import Head, Objective
from limner.heads.study import Study
from limner.model.blocks.collaborative import CollaborativeBlock
from limner.model.normaliser import StandardScores

__all__ = ["taste_block", "taste_classes", "taste_heads"]

Features = NDArray[np.float32]


def taste_block(study: Study, window: Window, customers: NDArray[np.int64]) -> Features:
    """Return the block ``collaborative`` of N customers at a cut (N, D), NaN for those without.

    Its factors know what came before the study's validation cut, so that all cuts share a space.

    Raises
    ------
    TooFew
        If too few met the same items, categories or brands by then.
    """
    maker, before = _maker(study), study.plan.validation.cut
    table = study.desk.once(
        ("taste", before, study.seed, window.cut), lambda: maker.at(study.ledger, window.cut)
    )
    found: Features = table.of(customers)
    return found


def taste_classes(study: Study, window: Window, customers: NDArray[np.int64]) -> Features:
    """Return how strongly factors tie N customers to each class (N, C), NaN where they know none.

    It is the customer's row of the matrix as its main directions tell it, at the class: what
    others with like tastes did with it.

    Raises
    ------
    TooFew
        As :func:`taste_block`.
    """
    vectors = taste_block(study, window, customers)
    found = np.full((len(customers), len(study.classes)), np.nan, np.float32)
    directions = _maker(study).directions_of(study.question.of, study.class_names)
    known = np.isfinite(directions).all(axis=1)
    found[:, known] = vectors @ directions[known].T
    return found


def _maker(study: Study) -> CollaborativeBlock:
    ledger, before = study.ledger, study.plan.validation.cut

    def learn() -> CollaborativeBlock:
        return CollaborativeBlock(seed=study.seed).fit(ledger, before=before)

    maker: CollaborativeBlock = study.desk.once(("taste", before, study.seed), learn)
    return maker


def taste_heads(objective: Objective, seed: int) -> Mapping[str, Head]:
    """Return a linear head that keeps the factors' weights against each other.

    Brought to one spread each, the many small ones drown the few that tell: docs/experiments.md.
    """
    scale = StandardScores(each=False)
    return {"taste": LinearHead(objective, normaliser=scale, seed=seed)}
