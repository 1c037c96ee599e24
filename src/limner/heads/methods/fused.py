"""What was counted and what was learned from the log, together."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.errors import TooFew
from limner.heads.amounts import AmountAnswer, learn_amount
from limner.heads.blockwise import BLOCKS, BlockAnswer, learn_binary
from limner.heads.choosing import preferred
from limner.heads.features import Block, automatic_block, habit_names, habits_block
from limner.heads.modalities import MODALITIES, beside, looks_in, pairs_beside, possible, widths
from limner.heads.pooled import PooledHead, counted_pool
from limner.heads.reading import attribute_heads, block_heads
from limner.heads.reranker import rerank
from limner.heads.stacked import StackedHead, boosted_only, quick_heads
from limner.heads.study import Ranked, Sample, Study
from limner.heads.taste import taste_block, taste_heads

__all__ = ["Fused"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ALL = 10_000
"""More columns than there are: a stack across blocks must not choose among them itself."""
NOBODY = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """An answer, and which modalities it reads: the validation sample chose."""

    answer: AmountAnswer | PooledHead
    names: tuple[str, ...]

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Answer as the chosen one does."""
        return self.answer.predict(study, window, customers)

    def save(self, folder: Path) -> None:
        """Write the answer, and what it reads, into a folder."""
        self.answer.save(folder)
        (folder / BLOCKS).write_text(json.dumps(self.names), encoding="utf-8")


Answer = BlockAnswer | _Chosen


class Fused:
    """The automatic aggregates and whatever else is known of a customer, in one head.

    That is a behaviour model's vectors and scores, learned without that customer; and, where the
    log keeps vectors of its items, what the words and pictures were like of all that was met: these
    are read if that is better on the validation sample beyond chance. A stack weighs heads that
    read what was counted, what was learned and both, by the same sample. Who somebody is, an
    attribute, is told from the block ``collaborative``, which needs no behaviour model.

    Parameters
    ----------
    blocks
        Read these modalities beside what was counted, whatever the validation sample says, and no
        others; of :data:`limner.heads.modalities.MODALITIES`. None: as told above.
    """

    shapes: ClassVar[frozenset[str]] = frozenset(
        {"whether", "how_many", "how_much", "which", "what_next"}
    )
    learned: ClassVar[bool] = True

    def __init__(self, blocks: Collection[str] | None = None) -> None:
        self.blocks = None
        if blocks is not None:
            self.blocks = tuple(name for name in MODALITIES if name in blocks)

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Answer:
        """Learn the head that fits the shape."""
        if study.question.shape in ("how_many", "how_much"):
            return self._amount(study, train, validation)
        if study.question.shape == "which" and study.question.attribute is None:
            return self._classes(study, train, validation)
        tried = []
        for names in self._tried(study, self._usual(study)):
            block, make = self._stack(study, names)
            answer = learn_binary(study, train, validation, block=block, make=make)
            tried.append(replace(answer, names=names))
        return tried[preferred([one.held_out_losses for one in tried])]

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank candidates of every source, the behaviour model being one of them."""
        return rerank(study, window, customers, most=most, learned=True, blocks=self.blocks)

    def load(self, study: Study, folder: Path) -> Answer:
        """Read what an answer's ``save`` wrote."""
        names = tuple(json.loads((folder / BLOCKS).read_text(encoding="utf-8")))
        if study.question.shape == "whether" or study.question.attribute is not None:
            block, make = self._stack(study, names)
            return replace(BlockAnswer.load(folder, block=block, make=make), names=names)
        if study.question.shape == "which":
            return _Chosen(_pool(study, names).load(folder), names)
        block = beside(habits_block, names)
        return _Chosen(AmountAnswer.load(folder, block=block, seed=study.seed), names)

    def _tried(self, study: Study, usual: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Return the modalities to try: those given, or the usual without and with the looks."""
        if self.blocks is not None:
            return [_able(study, self.blocks)]
        seen = looks_in(study)
        return [usual, (*usual, *seen)] if seen else [usual]

    def _amount(self, study: Study, train: Sequence[Sample], validation: Sample) -> _Chosen:
        tried = []
        for names in self._tried(study, ("sequence",)):
            answer = learn_amount(
                study,
                train,
                validation,
                block=beside(habits_block, names),
                heads=boosted_only,
                lean_on_prior=True,
            )
            tried.append((answer, names))
        return _Chosen(*tried[preferred([answer.held_out_losses for answer, _ in tried])])

    def _classes(self, study: Study, train: Sequence[Sample], validation: Sample) -> _Chosen:
        # Of other classes than categories the model says nothing.
        usual = ("sequence",) if study.question.of == "category" else ()
        judged = []
        for names in self._tried(study, usual):
            if names:
                judged.append((_pool(study, names).judge(study, train, validation), names))
            else:
                judged.append((counted_pool(study, train, validation), names))
        head, names = judged[preferred([head.held_out_losses_ for head, _ in judged])]
        return _Chosen(head.finish(study, train, validation) if names else head, names)

    def _stack(
        self, study: Study, names: tuple[str, ...]
    ) -> tuple[Block, Callable[[], StackedHead]]:
        """Return the columns to read, and what makes a stack across them."""
        make = partial(StackedHead, "binary", seed=study.seed, most_columns=ALL)
        if study.question.attribute is not None:
            if self.blocks is None and not names:
                return automatic_block, partial(make, heads=quick_heads, most_columns=80)
            if self.blocks is None and names == ("collaborative",):
                return taste_block, partial(make, heads=taste_heads)
            counts = self.blocks is not None or "collaborative" not in names
            wide = automatic_block(study, study.plan.test, NOBODY).shape[1] if counts else 0
            heads = attribute_heads(wide, widths(study, names))
            return beside(automatic_block if counts else None, names), partial(make, heads=heads)
        counted = len(habit_names(study))
        if names == ("sequence",):
            heads = block_heads(counted)
        else:
            wider = widths(study, names)
            heads = block_heads(counted, wider.pop("sequence", 0), wider)
        return beside(habits_block, names), partial(make, heads=heads)

    @staticmethod
    def _usual(study: Study) -> tuple[str, ...]:
        """Return what is read of whether, or of who somebody is, where there are no vectors.

        Of an attribute tastes, or all that was counted where there are none. On the Complete
        Journey tastes alone were better than with all columns: docs/experiments.md.
        """
        if study.question.attribute is None:
            return ("sequence",)
        try:
            taste_block(study, study.plan.test, NOBODY)
        except TooFew:
            return ()
        return ("collaborative",)


def _able(study: Study, names: tuple[str, ...]) -> tuple[str, ...]:
    known = possible(study)
    return tuple(name for name in names if name in known)


def _pool(study: Study, names: tuple[str, ...]) -> PooledHead:
    return PooledHead(seed=study.seed, beside=pairs_beside(names) if names else None)
