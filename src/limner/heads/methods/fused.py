"""What was counted and what was learned from the log, together."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.errors import TooFew
from limner.heads.amounts import AmountAnswer, learn_amount
from limner.heads.behaviour import class_column, sequence_block
from limner.heads.blockwise import BlockAnswer, learn_binary
from limner.heads.features import Block, automatic_block, habit_names, habits_block
from limner.heads.pooled import PooledHead, counted_pool
from limner.heads.reading import block_heads
from limner.heads.reranker import rerank
from limner.heads.stacked import StackedHead, boosted_only, quick_heads
from limner.heads.study import Ranked, Sample, Study
from limner.heads.taste import taste_block, taste_heads

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
    head of classes sees the model's score of each class. Who somebody is, an attribute, is told
    from the block ``collaborative``, which needs no model.
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
        if study.question.attribute is not None:
            block, make = _attribute(study)
        elif study.question.shape == "which":
            if study.question.of != "category":  # of other classes the model says nothing
                return counted_pool(study, train, validation)
            return self._pooled(study).fit(study, train, validation)
        else:
            block, make = _habits_and_learned, self._stack(study)
        return learn_binary(study, train, validation, block=block, make=make)

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank candidates of every source, the behaviour model being one of them."""
        return rerank(study, window, customers, most=most, learned=True)

    def load(self, study: Study, folder: Path) -> Answer:
        """Read what an answer's ``save`` wrote."""
        if study.question.shape in ("how_many", "how_much"):
            return AmountAnswer.load(folder, block=_habits_and_learned, seed=study.seed)
        if study.question.attribute is not None:
            block, make = _attribute(study)
            return BlockAnswer.load(folder, block=block, make=make)
        if study.question.shape == "which":
            return self._pooled(study).load(folder)
        return BlockAnswer.load(folder, block=_habits_and_learned, make=self._stack(study))

    @staticmethod
    def _pooled(study: Study) -> PooledHead:
        beside = _class_scores if study.question.of == "category" else None
        return PooledHead(seed=study.seed, beside=beside)

    @staticmethod
    def _stack(study: Study) -> Callable[[], StackedHead]:
        counted = len(habit_names(study))
        return partial(
            StackedHead, "binary", heads=block_heads(counted), most_columns=ALL, seed=study.seed
        )


def _attribute(study: Study) -> tuple[Block, Callable[[], StackedHead]]:
    """Return what tells who somebody is: tastes, or all that was counted where there are none.

    On the Complete Journey tastes alone were better than with all columns: docs/experiments.md.
    """
    make = partial(StackedHead, "binary", seed=study.seed)
    try:
        taste_block(study, study.plan.test, study.asked(study.plan.test)[:1])
    except TooFew:
        return automatic_block, partial(make, heads=quick_heads, most_columns=80)
    return taste_block, partial(make, heads=taste_heads, most_columns=ALL)


def _habits_and_learned(study: Study, window: Window, customers: Ints) -> Features:
    counted = habits_block(study, window, customers)
    return np.hstack([counted, sequence_block(study, window, customers)])


def _class_scores(study: Study, window: Window, customers: Ints) -> Features:
    return class_column(study, window, customers)[:, :, None]
