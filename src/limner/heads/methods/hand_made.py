"""What a data scientist makes by hand: recency, frequency, money, and boosted trees."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from limner.heads.amounts import learn_amount
from limner.heads.blockwise import learn_binary
from limner.heads.features import hand_made_block
from limner.heads.stacked import StackedHead, boosted_only, few_boosted
from limner.heads.study import Learned, Sample, Study

__all__ = ["HandMade"]


class HandMade:
    """Seventeen hand-made columns and LightGBM: the reference of every paired difference."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn boosted trees, one model a class for ``which``."""
        if study.question.shape in ("how_many", "how_much"):
            return learn_amount(study, train, validation, block=hand_made_block, heads=boosted_only)
        heads = few_boosted if study.question.shape == "which" else boosted_only
        make = partial(StackedHead, "binary", heads=heads, seed=study.seed)
        return learn_binary(study, train, validation, block=hand_made_block, make=make)
