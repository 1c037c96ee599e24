"""The behaviour model's vector as it is, and a linear head."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from limner.heads.amounts import learn_amount
from limner.heads.behaviour import pair_block, vector_block
from limner.heads.blockwise import learn_binary, learn_classwise
from limner.heads.stacked import StackedHead, linear_only
from limner.heads.study import Learned, Sample, Study

__all__ = ["FrozenLinear"]


class FrozenLinear:
    """A linear head upon vectors of models that never learned from the customers."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})
    learned: ClassVar[bool] = True
    rung: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn a linear head, one a class for ``which``."""
        if study.question.shape in ("how_many", "how_much"):
            return learn_amount(study, train, validation, block=vector_block, heads=linear_only)
        make = partial(StackedHead, "binary", heads=linear_only, seed=study.seed)
        if study.question.shape == "which" and study.question.attribute is None:
            return learn_classwise(study, train, validation, block=pair_block, make=make)
        return learn_binary(study, train, validation, block=vector_block, make=make)
