"""The automatic aggregates, stacked heads, and a pooled head for classes."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from limner.heads.blockwise import learn_amount, learn_binary
from limner.heads.features import automatic_block
from limner.heads.pooled import PooledHead
from limner.heads.stacked import StackedHead
from limner.heads.study import Learned, Sample, Study

__all__ = ["Automatic"]


class Automatic:
    """All automatic columns: a stack of linear, boosted and bagged heads for ``whether``; for
    ``which`` one head pooled over classes, or one a class where the answer is an attribute.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn the head that fits the shape."""
        shape = study.question.shape
        if shape in ("how_many", "how_much"):
            return learn_amount(study, train, validation, block=automatic_block)
        if shape == "which" and study.question.attribute is None:
            return PooledHead(seed=study.seed).fit(study, train, validation)
        make = partial(StackedHead, "binary", seed=study.seed)
        return learn_binary(study, train, validation, block=automatic_block, make=make)
