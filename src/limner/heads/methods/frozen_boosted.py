"""The blocks that were learned without labels as they are, and boosted trees."""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.amounts import learn_amount
from limner.heads.behaviour import pair_block, sequence_block
from limner.heads.blockwise import learn_binary
from limner.heads.choosing import preferred
from limner.heads.modalities import beside, looks_in, pairs_beside
from limner.heads.pooled import PairBlock, PooledHead
from limner.heads.stacked import StackedHead, boosted_only, few_boosted
from limner.heads.study import Learned, Sample, Study

__all__ = ["FrozenBoosted"]

Features = NDArray[np.float32]


class FrozenBoosted:
    """Boosted trees upon vectors and scores of models that never learned from the customers.

    Where the log keeps vectors of its items, the words and the pictures of what was met are read
    too, as far as that foretells the validation sample better beyond chance.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})
    learned: ClassVar[bool] = True
    rung: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn boosted trees: pooled over all classes, or one model a value of an attribute."""
        seen = looks_in(study)
        blocks = [sequence_block, beside(None, ("sequence", *seen))] if seen else [sequence_block]
        if study.question.shape in ("how_many", "how_much"):
            tried = [
                learn_amount(study, train, validation, block=block, heads=boosted_only)
                for block in blocks
            ]
            return tried[preferred([one.held_out_losses for one in tried])]
        if study.question.shape == "which" and study.question.attribute is None:
            return _pooled(study, train, validation, seen)
        heads = few_boosted if study.question.shape == "which" else boosted_only
        make = partial(StackedHead, "binary", heads=heads, seed=study.seed)
        whole = [learn_binary(study, train, validation, block=one, make=make) for one in blocks]
        return whole[preferred([one.held_out_losses for one in whole])]


def _pooled(
    study: Study, train: Sequence[Sample], validation: Sample, seen: tuple[str, ...]
) -> PooledHead:
    """Return the head over pairs that foretells best, without looks and with them."""
    pairs: list[PairBlock] = [pair_block]
    if seen:

        def told(study: Study, window: Window, customers: NDArray[np.int64]) -> Features:
            parts = (pair_block, pairs_beside(seen))
            return np.concatenate([one(study, window, customers) for one in parts], axis=2)

        pairs.append(told)
    judged = [
        PooledHead(seed=study.seed, beside=one, counted=False).judge(study, train, validation)
        for one in pairs
    ]
    best = judged[preferred([one.held_out_losses_ for one in judged])]
    return best.finish(study, train, validation)
