"""What was counted and what was learned from the log, together."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.amounts import AmountAnswer, learn_amount
from limner.heads.behaviour import class_column, sequence_block
from limner.heads.blockwise import BlockAnswer, learn_binary
from limner.heads.features import Block, automatic_block, habit_names, habits_block
from limner.heads.pooled import PooledHead
from limner.heads.reading import block_heads
from limner.heads.reranker import rerank
from limner.heads.stacked import StackedHead, boosted_only, quick_heads
from limner.heads.study import Ranked, Sample, Study

__all__ = ["Fused"]

Features = NDArray[np.float32]
Ints = NDArray[np.int64]
Answer = AmountAnswer | BlockAnswer | PooledHead
ALL = 10_000
"""More columns than there are: a stack across blocks must not choose among them itself."""


class Fused:
    """The automatic aggregates and the behaviour model's vectors and scores, in one head.

    Whatever the model says of a customer was learned without that customer. A stack weighs heads
    that read what was counted, what was learned and both, by the validation sample; the pooled
    head of classes sees the model's score of each class.
    """

    shapes: ClassVar[frozenset[str]] = frozenset(
        {"whether", "how_many", "how_much", "which", "what_next"}
    )
    learned: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Answer:
        """Learn the head that fits the shape."""
        if study.question.shape in ("how_many", "how_much"):
            return learn_amount(
                study,
                train,
                validation,
                block=_habits_and_learned,
                heads=boosted_only,
                lean_on_prior=True,
            )
        if study.question.shape == "which" and study.question.attribute is None:
            return self._pooled(study).fit(study, train, validation)
        block, make = self._stack(study)
        return learn_binary(study, train, validation, block=block, make=make)

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank candidates of every source, the behaviour model being one of them."""
        return rerank(study, window, customers, most=most, learned=True)

    def load(self, study: Study, folder: Path) -> Answer:
        """Read what an answer's ``save`` wrote."""
        if study.question.shape in ("how_many", "how_much"):
            return AmountAnswer.load(folder, block=_habits_and_learned, seed=study.seed)
        if study.question.shape == "which" and study.question.attribute is None:
            return self._pooled(study).load(folder)
        block, make = self._stack(study)
        return BlockAnswer.load(folder, block=block, make=make)

    @staticmethod
    def _pooled(study: Study) -> PooledHead:
        return PooledHead(seed=study.seed, beside=_class_scores)

    @staticmethod
    def _stack(study: Study) -> tuple[Block, Callable[[], StackedHead]]:
        if study.question.shape == "which":
            make = partial(
                StackedHead, "binary", heads=quick_heads, most_columns=80, seed=study.seed
            )
            return _all_and_learned, make
        counted = len(habit_names(study))
        make = partial(
            StackedHead, "binary", heads=block_heads(counted), most_columns=ALL, seed=study.seed
        )
        return _habits_and_learned, make


def _habits_and_learned(study: Study, window: Window, customers: Ints) -> Features:
    counted = habits_block(study, window, customers)
    return np.hstack([counted, sequence_block(study, window, customers)])


def _all_and_learned(study: Study, window: Window, customers: Ints) -> Features:
    counted = automatic_block(study, window, customers)
    return np.hstack([counted, sequence_block(study, window, customers)])


def _class_scores(study: Study, window: Window, customers: Ints) -> Features:
    return class_column(study, window, customers)[:, :, None]
