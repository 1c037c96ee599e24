"""Learning what customers do from the log alone: no labels, nothing at or after the cut."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import Tensor, nn

from limner import plugins
from limner.dataset.batches import Batch
from limner.dataset.futures import Futures
from limner.dataset.ledger import Ledger
from limner.dataset.quantiles import learn_quantiles
from limner.dataset.sequences import Sequences, cut_sequences
from limner.dataset.vocabulary import Vocabulary, VocabularyConfig, catalogue_codes
from limner.encoders.modality import Known
from limner.errors import TooFew, UnknownPlugin
from limner.model.behaviour import BehaviourConfig, BehaviourModel
from limner.model.threads import on_one_thread
from limner.training import objectives
from limner.training.codebooks import learn_codebooks
from limner.training.course import Course, LoopConfig
from limner.training.item_loss import ItemLossConfig
from limner.training.loop import run
from limner.training.objective import Exercise, Objective, Setting, Shelf
from limner.training.objectives.future_window import FutureWindow
from limner.training.teacher import Teacher

__all__ = ["PretrainConfig", "Pretrained", "pretrain"]


WIDE = 128
"""A narrower model learns on one thread: its steps are so small that waking others takes longer."""


class PretrainConfig(LoopConfig):
    """What the behaviour model learns, from how much at a time, and how."""

    objectives: tuple[str, ...] = Field(("future_window",), min_length=1)
    """What is learned together, each term weighed as it is learned to be: ``future_window``,
    ``next_event``, ``masked_event``, ``contrast``."""
    customers: int = Field(32, ge=1)
    """Customers of one batch."""
    moments: int = Field(16, ge=1)
    """Moments at which each of them is looked at: reading a history costs more than a moment."""
    horizons_days: tuple[Annotated[float, Field(gt=0)], ...] = Field((7, 14, 30, 90), min_length=1)
    """How far ahead is looked, in days; horizons longer than half the log are left out."""
    class_days: float = Field(30, gt=0)
    """How far ahead for categories and items, in days."""
    next_items: ItemLossConfig = ItemLossConfig()
    """How ``next_event`` tells the items of the next visit from others."""

    @field_validator("objectives")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = plugins.names(objectives)
        for name in names:
            if name not in known:
                raise ValueError(f"objectives are {', '.join(known)}, not {name!r}")
        if len(set(names)) < len(names):
            raise ValueError(f"each objective stands once, got {names}")
        return names

    def fitting(self, days: float) -> Self:
        """Return the settings for a log of so many days.

        Horizons longer than half the log have too few moments whose future is known, and are left
        out; where none is left, a quarter of the log, one day at least, takes their
        place.
        """
        kept = tuple(each for each in self.horizons_days if each <= days / 2) or (
            max(days / 4, 1.0),
        )
        return self.model_copy(
            update={"horizons_days": kept, "class_days": min(self.class_days, max(kept))}
        )


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A model, the heads it learned with by objective, how the course went, and its settings."""

    model: BehaviourModel
    objectives: nn.ModuleDict
    course: Course
    config: PretrainConfig

    @property
    def window(self) -> FutureWindow:
        """The heads that say what comes within each horizon.

        Raises
        ------
        UnknownPlugin
            If it did not learn that.
        """
        if "future_window" not in self.objectives:
            raise UnknownPlugin("objectives", "future_window", list(self.objectives))
        return cast("FutureWindow", self.objectives["future_window"])


def pretrain(
    ledger: Ledger,
    cut: datetime,
    *,
    model: BehaviourConfig | None = None,
    vocabulary: VocabularyConfig | None = None,
    config: PretrainConfig | None = None,
    seed: int = 0,
    without: NDArray[np.bool_] | None = None,
    start: BehaviourModel | None = None,
    keep: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Pretrained:
    """Learn a behaviour model from everything before a cut.

    Parameters
    ----------
    ledger
        The log as codes.
    cut
        Only events strictly before it are read; a future counts only where it ends before it.
    model, vocabulary, config
        How large it is, which names it knows, how it learns.
    seed
        Where chance begins: the same seed gives the same weights on the same machine, with as many
        threads.
    without
        Customers who shall not teach, one mark for each of the ledger (N,): the model then learns
        nothing of them but names, how common each is, and by which quantiles numbers are measured.
        None: all teach.
    start
        A model to go on from, with its own size and names; ``model`` and ``vocabulary`` are then
        not needed.
    keep
        A folder for what was learned so far: a run that was killed goes on from there, and ends
        with the weights of an unbroken one. Whoever passes it sees to it that the log and the
        settings are the same. None: nothing is kept.
    progress
        Is told the loss, the speed, the time left, and the share done.

    Raises
    ------
    TooFew
        If nobody was seen long enough before the cut.
    """
    days = (cut - ledger.first) / timedelta(days=1)
    config = (config or PretrainConfig()).fitting(max(days, 0.0))
    names = start.vocabulary if start else _names(ledger, cut, vocabulary)
    buckets = list(cut_sequences(ledger, names, cut))
    if not buckets:
        raise TooFew(f"the log holds no event before {cut:%Y-%m-%d}", hint="choose a later cut")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = BehaviourModel(
            start.config if start else model or BehaviourConfig(),
            start.known if start else Known(names, learn_quantiles(buckets)),
        )
        if start is not None:
            learner.load_state_dict(start.state_dict())
        shelf = Shelf(catalogue_codes(ledger, names), _counts(buckets, len(ledger.items)))
        setting = Setting(
            learner.config.width, config.horizons_days, shelf, items=config.next_items
        )
        learned = nn.ModuleDict(
            {name: plugins.load(objectives, name)(setting) for name in config.objectives}
        )
    class_of = learner.class_of.numpy().astype(np.int64)
    teacher = Teacher(
        buckets,
        until_us=round(cut.timestamp() * 1_000_000),
        horizons_days=config.horizons_days,
        class_days=config.class_days,
        class_of=np.where(class_of < learner.classes, class_of, -1),
        classes=learner.classes,
        longest=learner.config.longest,
        seed=seed,
        without=without,
    )
    lesson = _Lesson(learner, learned, teacher, config, seed)
    with nullcontext() if learner.config.width >= WIDE else on_one_thread():
        course = run(lesson, config, seed=seed, keep=keep, progress=progress)
    return Pretrained(learner, learned, course, config)


def _names(ledger: Ledger, cut: datetime, config: VocabularyConfig | None) -> Vocabulary:
    """Return the names before a cut, and what items are like."""
    names = Vocabulary.learn(ledger, cut, config=config)
    return replace(names, codebooks=learn_codebooks(ledger))


class _Lesson:
    """Customers at random moments, asked by all objectives at once.

    The terms are weighed by learned log variances (Kendall, Gal and Cipolla 2018, equation 7).
    """

    def __init__(
        self,
        model: BehaviourModel,
        learned: nn.ModuleDict,
        teacher: Teacher,
        config: PretrainConfig,
        seed: int,
    ) -> None:
        self.model, self.learned, self.teacher = model, learned, teacher
        self.config, self.seed = config, seed
        self.slices = any(bool(each.slices) for each in learned.values())
        self.weights = nn.ParameterDict(
            {
                name: nn.Parameter(torch.zeros(len(cast("Objective", each).names)))
                for name, each in learned.items()
            }
        )
        self.module = nn.ModuleDict(
            {"model": model, "objectives": learned, "weights": self.weights}
        )
        held_out = teacher.examination(customers=4 * config.customers, moments=config.moments)
        parts: list[Batch | None] = [None] * len(held_out)
        if self.slices:
            parts = teacher.examined_slices(customers=config.customers)
        self.held_out = [(*told, part) for told, part in zip(held_out, parts, strict=True)]

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the weighed terms of one batch."""
        batch, future = self.teacher.draw(
            step, draw, customers=self.config.customers, moments=self.config.moments
        )
        slices = None
        if self.slices:
            slices = self.teacher.slices(step, draw, customers=self.config.customers)
        rng = np.random.default_rng([self.seed, step, draw, 3])
        return self._asked(Exercise(batch, future, slices, rng))

    def examine(self) -> float | None:
        """Return the weighed terms of customers who never teach."""
        found = [
            float(self._asked(self._still(number, *told)))
            for number, told in enumerate(self.held_out)
        ]
        return float(np.mean(found)) if found else None

    def _still(self, number: int, batch: Batch, future: Futures, slices: Batch | None) -> Exercise:
        rng = np.random.default_rng([self.seed, number, 4])
        return Exercise(batch, future, slices, rng)

    def _asked(self, exercise: Exercise) -> Tensor:
        states = self.model.states(exercise.batch)
        vectors = self.model.vectors(exercise.batch, states)
        total = vectors.new_zeros(())
        for name, objective in self.learned.items():
            terms = objective(self.model, exercise, states, vectors)
            weight = self.weights[name]
            total = total + (terms * torch.exp(-weight) + weight).sum()
        return total


def _counts(buckets: list[Sequences], items: int) -> NDArray[np.int64]:
    """Return how often each item was bought: (I,)."""
    counts = np.zeros(items, np.int64)
    for bucket in buckets:
        found = bucket.items[bucket.bought]
        counts += np.bincount(found[found >= 0], minlength=items)
    return counts
