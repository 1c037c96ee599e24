"""What was counted and what was learned from the log, together."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.errors import TooFew
from limner.heads.amounts import AmountAnswer, learn_amount
from limner.heads.blockwise import BlockAnswer, learn_binary
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
MARK = "blocks.json"


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
        (folder / MARK).write_text(json.dumps(self.names), encoding="utf-8")


Answer = BlockAnswer | _Chosen


class Fused:
    """The automatic aggregates and whatever else is known of a customer, in one head.

    That is a behaviour model's vectors and scores, learned without that customer; and, where the
    log keeps vectors of its items, what the words and pictures were like of all that was met. A
    stack weighs heads that read what was counted, what was learned and both, by the validation
    sample; of amounts and classes words and pictures are read if that is better there beyond
    chance. Who
    somebody is, an attribute, is told from the block ``collaborative`` and from words and
    pictures, which need no behaviour model.

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
        if study.question.attribute is not None:
            block, make = self._attribute(study)
            return learn_binary(study, train, validation, block=block, make=make)
        if study.question.shape in ("how_many", "how_much"):
            return self._amount(study, train, validation)
        if study.question.shape == "which":
            return self._classes(study, train, validation)
        block, make = self._stack(study)
        return learn_binary(study, train, validation, block=block, make=make)

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank candidates of every source, the behaviour model being one of them."""
        return rerank(study, window, customers, most=most, learned=True, blocks=self.blocks)

    def load(self, study: Study, folder: Path) -> Answer:
        """Read what an answer's ``save`` wrote."""
        if study.question.attribute is not None:
            block, make = self._attribute(study)
            return BlockAnswer.load(folder, block=block, make=make)
        if study.question.shape == "whether":
            block, make = self._stack(study)
            return BlockAnswer.load(folder, block=block, make=make)
        names = tuple(json.loads((folder / MARK).read_text(encoding="utf-8")))
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

    def _stack(self, study: Study) -> tuple[Block, Callable[[], StackedHead]]:
        names = self._tried(study, ("sequence",))[-1]
        wide = widths(study, [name for name in names if name != "sequence"])
        counted = len(habit_names(study))
        heads = block_heads(counted, None if names == ("sequence",) else _width(study, names), wide)
        make = partial(StackedHead, "binary", heads=heads, most_columns=ALL, seed=study.seed)
        return beside(habits_block, names), make

    def _attribute(self, study: Study) -> tuple[Block, Callable[[], StackedHead]]:
        """Return what tells who somebody is: tastes, or all that was counted where there are none.

        On the Complete Journey tastes alone were better than with all columns: docs/experiments.md.
        """
        make = partial(StackedHead, "binary", seed=study.seed)
        nobody = np.zeros(0, np.int64)
        if self.blocks is not None:
            names = _able(study, self.blocks)
            counted = automatic_block(study, study.plan.test, nobody).shape[1]
            heads = attribute_heads(counted, widths(study, names))
            return beside(automatic_block, names), partial(make, heads=heads, most_columns=ALL)
        try:
            taste_block(study, study.plan.test, nobody)
        except TooFew:
            return automatic_block, partial(make, heads=quick_heads, most_columns=80)
        seen = looks_in(study)
        if not seen:
            return taste_block, partial(make, heads=taste_heads, most_columns=ALL)
        names = ("collaborative", *seen)
        heads = attribute_heads(0, widths(study, names))
        return beside(None, names), partial(make, heads=heads, most_columns=ALL)


def _able(study: Study, names: tuple[str, ...]) -> tuple[str, ...]:
    known = possible(study)
    return tuple(name for name in names if name in known)


def _width(study: Study, names: tuple[str, ...]) -> int:
    return widths(study, ["sequence"])["sequence"] if "sequence" in names else 0


def _pool(study: Study, names: tuple[str, ...]) -> PooledHead:
    return PooledHead(seed=study.seed, beside=pairs_beside(names) if names else None)
