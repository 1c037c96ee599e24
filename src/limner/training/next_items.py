"""Learning what comes next from whole histories: the recipe for recommending by sequence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from limner.dataset.batches import batch_at
from limner.dataset.sequences import Sequences
from limner.encoders.modality import Known
from limner.errors import TooFew
from limner.model.behaviour import BehaviourConfig, BehaviourModel
from limner.training.course import Course, LoopConfig
from limner.training.following import following
from limner.training.item_loss import ItemLossConfig, item_logits, item_loss
from limner.training.loop import run
from limner.training.objective import Shelf

__all__ = ["NextItems", "NextItemsConfig", "learn_next_items"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

_NAMES = "model.encoder.modalities.category"


class NextItemsConfig(LoopConfig):
    """How the items of the next visit are learned from those of all visits before it."""

    visits: int = Field(1024, ge=2)
    """Places for visits in one batch; customers who have like many share it, so that little is
    padding."""
    items: ItemLossConfig = ItemLossConfig(temperature=5.0)
    """How the right items are told from others."""
    names_rate: float = Field(5.0, gt=0)
    """How many times faster the vectors of names move than all other weights: a rare name is met
    seldom, and must leave the chance it began with. The temperature makes up for their size."""


@dataclass(frozen=True, slots=True)
class NextItems:
    """A behaviour model whose state after a visit lies near the items of the next one.

    There is no head between them: with few events an item, one would only learn by heart.
    """

    model: BehaviourModel
    shelf: Shelf
    config: ItemLossConfig

    def scores(self, sequences: Sequences, rows: Ints, *, before_us: Ints) -> Floats:
        """Return how well each item fits the next visit of customers (B, I), a logit.

        Parameters
        ----------
        sequences
            What happened.
        rows
            Which customers (B,), positions in ``sequences``.
        before_us
            What is read of each (B,): only visits before it, in microseconds since 1970.

        Raises
        ------
        BadShape
            If a customer has no visit before.
        """
        longest = self.model.config.longest
        batch = batch_at(sequences, rows, before_us[:, None], longest=longest)
        with torch.inference_mode():
            states = self.model.states(batch)
            newest = states[torch.arange(len(rows)), torch.from_numpy(batch.last[:, 0])]
            scores = item_logits(newest, self.table(), config=self.config)
        return scores.cpu().numpy()

    def table(self, items: Ints | None = None) -> Tensor:
        """Return the vectors of items (K, D), codes of the ledger; none: of all (I, D)."""
        codes = self.shelf.codes if items is None else self.shelf.codes[items]
        return self.model.encoder.items(torch.from_numpy(codes).to(self.model.device))


def learn_next_items(
    buckets: Sequence[Sequences],
    known: Known,
    shelf: Shelf,
    *,
    model: BehaviourConfig | None = None,
    config: NextItemsConfig | None = None,
    seed: int = 0,
    judge: Callable[[NextItems], float] | None = None,
    keep: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[NextItems, Course]:
    """Learn from every visit of every customer what the next one holds.

    Parameters
    ----------
    buckets
        What happened, all of it before the cut.
    known, shelf
        The names and quantiles of the log, and its items.
    model, config
        How large the model is, and how it learns.
    seed
        Where chance begins: the same seed gives the same weights on the same machine.
    judge
        Says how badly it does, lower is better; the best weights are kept. It must look at what
        lies after ``buckets`` only. None: the last weights are kept.
    keep
        A folder for what was learned so far; see :func:`~limner.training.loop.run`.
    progress
        Is told how far it is, and the share done.

    Raises
    ------
    TooFew
        If nobody came twice.
    """
    config = config or NextItemsConfig()
    if not any((one.lengths > 1).any() for one in buckets):
        raise TooFew("nobody came twice before the cut", hint="choose a later cut")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = BehaviourModel(model or BehaviourConfig(), known)
    learned = NextItems(learner, shelf, config.items)
    lesson = _Lesson(learned, buckets, config, seed=seed, judge=judge)
    rates = {_NAMES: config.names_rate}
    course = run(lesson, config, seed=seed, keep=keep, progress=progress, rates=rates)
    return learned, course


class _Lesson:
    """All customers in turn, in another order each time."""

    def __init__(
        self,
        learned: NextItems,
        buckets: Sequence[Sequences],
        config: NextItemsConfig,
        *,
        seed: int,
        judge: Callable[[NextItems], float] | None,
    ) -> None:
        self.learned, self.buckets, self.config = learned, buckets, config
        self.seed, self.judge = seed, judge
        self.module = nn.ModuleDict({"model": learned.model})
        self.longest = learned.model.config.longest
        self.parts = [
            (number, start, end)
            for number, one in enumerate(buckets)
            for start, end in _cut(self._able(one)[1], config.visits)
        ]
        self.turn, self.order = -1, np.zeros(0, np.int64)
        self.rows: list[Ints] = []

    def loss(self, step: int, draw: int) -> Tensor:
        """Return how badly the next items of one batch are told."""
        number = step * self.config.accumulate + draw
        self._shuffle(number // len(self.parts))
        bucket, start, end = self.parts[self.order[number % len(self.parts)]]
        sequences, rows = self.buckets[bucket], self.rows[bucket][start:end]
        after = sequences.visit_us[sequences.visits[rows + 1] - 1] + 1
        batch = batch_at(sequences, rows, after[:, None], longest=self.longest)
        rng = np.random.default_rng([self.seed, step, draw])
        after = following(batch, rng)
        model = self.learned.model
        return item_loss(
            model.drop(after.states(model.states(batch))),
            self.learned.table,
            rows=after.rows,
            items=batch.items[after.lines],
            counts=self.learned.shelf.counts,
            config=self.config.items,
            rng=rng,
        )

    def examine(self) -> float | None:
        """Return what the judge says."""
        return self.judge(self.learned) if self.judge else None

    def _able(self, sequences: Sequences) -> tuple[Ints, Ints]:
        """Return who came twice, and how many of their visits are read, rising."""
        rows = np.flatnonzero(sequences.lengths > 1)
        held = np.minimum(sequences.lengths[rows], self.longest)
        order = np.argsort(held, kind="stable")
        return rows[order], held[order]

    def _shuffle(self, turn: int) -> None:
        """Mix the batches, and the customers who have like many visits among them."""
        if turn == self.turn:
            return
        rng = np.random.default_rng([self.seed, turn, 1])
        self.rows = []
        for one in self.buckets:
            rows, held = self._able(one)
            self.rows.append(rows[np.lexsort((rng.random(len(rows)), held))])
        self.turn, self.order = turn, rng.permutation(len(self.parts))


def _cut(lengths: Ints, places: int) -> list[tuple[int, int]]:
    """Return where batches begin and end, of customers with lengths that rise: (N,).

    Each has room for its longest in all its rows, in so many places at most, but never none.
    """
    cuts, start = [], 0
    for end in range(1, len(lengths) + 1):
        if end == len(lengths) or (end + 1 - start) * lengths[end] > places:
            cuts.append((start, end))
            start = end
    return cuts
