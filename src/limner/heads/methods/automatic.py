"""The automatic aggregates, stacked heads, and a pooled head for classes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from limner.heads.amounts import AmountAnswer, learn_amount
from limner.heads.blockwise import BlockAnswer, learn_binary
from limner.heads.features import Block, automatic_block, habits_block
from limner.heads.pooled import PooledHead, counted_pool
from limner.heads.stacked import StackedHead, boosted_only, quick_heads, tree_heads
from limner.heads.study import Sample, Study

__all__ = ["Automatic"]

Answer = AmountAnswer | BlockAnswer | PooledHead
"""What the automatic aggregates learn, by the shape of the question."""


class Automatic:
    """All automatic columns, through the head that fits the shape.

    A stack of boosted and bagged trees for ``whether``; boosted trees for amounts; for ``which``
    one head pooled over all classes, or, where the answer is an attribute, a stack of a linear and
    a boosted head a class.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Answer:
        """Learn the head that fits the shape."""
        if study.question.shape in ("how_many", "how_much"):
            # For amounts boosted trees alone were better than any mixture: docs/experiments.md.
            return learn_amount(
                study,
                train,
                validation,
                block=habits_block,
                heads=boosted_only,
                lean_on_prior=True,
            )
        if _pooled(study):
            return counted_pool(study, train, validation)
        make = partial(StackedHead, "binary", **_stack(study))
        return learn_binary(study, train, validation, block=_block(study), make=make)

    def load(self, study: Study, folder: Path) -> Answer:
        """Read what an answer's ``save`` wrote."""
        if study.question.shape in ("how_many", "how_much"):
            return AmountAnswer.load(folder, block=habits_block, seed=study.seed)
        if _pooled(study):
            return PooledHead(seed=study.seed).load(folder)
        make = partial(StackedHead, "binary", **_stack(study))
        return BlockAnswer.load(folder, block=_block(study), make=make)


def _stack(study: Study) -> dict[str, Any]:
    """Return the settings of a stack: a model a class must be quick and small."""
    if study.question.shape == "which":
        return {"heads": quick_heads, "most_columns": 80, "seed": study.seed}
    # A linear member lowered the mean over rolling cuts: docs/experiments.md.
    return {"heads": tree_heads, "seed": study.seed}


def _block(study: Study) -> Block:
    """Return the columns to read: what somebody is shows in what is bought, habits in habits."""
    return automatic_block if study.question.shape == "which" else habits_block


def _pooled(study: Study) -> bool:
    """Return whether one head answers for all classes; an attribute has no own history."""
    return study.question.shape == "which" and study.question.attribute is None
