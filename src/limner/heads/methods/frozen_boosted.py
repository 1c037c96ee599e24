"""The blocks that were learned without labels as they are, and boosted trees."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from limner.heads.amounts import learn_amount
from limner.heads.behaviour import pair_block, sequence_block
from limner.heads.blockwise import learn_binary
from limner.heads.pooled import PooledHead
from limner.heads.stacked import StackedHead, boosted_only, few_boosted
from limner.heads.study import Learned, Sample, Study

__all__ = ["FrozenBoosted"]


class FrozenBoosted:
    """Boosted trees upon vectors and scores of models that never learned from the customers."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})
    learned: ClassVar[bool] = True
    rung: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn boosted trees: pooled over all classes, or one model a value of an attribute."""
        if study.question.shape in ("how_many", "how_much"):
            return learn_amount(study, train, validation, block=sequence_block, heads=boosted_only)
        if study.question.shape == "which" and study.question.attribute is None:
            head = PooledHead(seed=study.seed, beside=pair_block, counted=False)
            return head.fit(study, train, validation)
        heads = few_boosted if study.question.shape == "which" else boosted_only
        make = partial(StackedHead, "binary", heads=heads, seed=study.seed)
        return learn_binary(study, train, validation, block=sequence_block, make=make)
