"""One question at one cut: who is asked, what may be learned from, and what came true."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from limner.dataset import labels
from limner.dataset.aggregates import Aggregates
from limner.dataset.cuts import CutPlan, Window
from limner.dataset.ledger import Ledger
from limner.errors import TooFew
from limner.heads.question import Question

__all__ = ["Desk", "Learned", "Method", "Ranked", "Recommender", "Sample", "Study"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """N customers asked at one cut, and what came true.

    ``customers`` (N,) codes; ``truth`` (N,), or (N, C) for ``which``; empty for ``what_next``.
    """

    window: Window
    customers: Ints
    truth: Floats

    def take(self, rows: NDArray[Any]) -> "Sample":
        """Return the sample of some of its customers only."""
        return Sample(self.window, self.customers[rows], self.truth[rows])


class Desk:
    """What was computed at a cut, kept so that eleven questions share it.

    Parameters
    ----------
    ledger
        The log as codes.
    aggregates
        The automatic block, its vocabulary learned already.
    behaviour
        Models that learned from the log alone, see :class:`limner.heads.behaviour.Behaviour`;
        none: no method can ask them.
    tutor
        Tunes such a model for a question, see :class:`limner.heads.tutor.Tutor`.
    """

    def __init__(
        self,
        ledger: Ledger,
        aggregates: Aggregates,
        *,
        behaviour: Any = None,  # noqa: ANN401 - its protocol speaks of studies
        tutor: Any = None,  # noqa: ANN401
    ) -> None:
        self.ledger, self.aggregates = ledger, aggregates
        self.behaviour, self.tutor = behaviour, tutor
        self._kept: dict[Any, Any] = {}

    def once(self, key: object, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - the caller's own
        """Return what ``make`` gave the first time this key was asked for."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def forget(self) -> None:
        """Let go of everything that was kept."""
        self._kept.clear()


@dataclass(slots=True)
class Study:
    """A question put at ``plan.test.cut``.

    Attributes
    ----------
    classes
        For ``which``, the codes of the classes (C,), the commonest first; else empty.
    class_names
        Their names.
    """

    desk: Desk
    name: str
    question: Question
    plan: CutPlan
    seed: int
    classes: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    class_names: tuple[str, ...] = ()
    _told: Ints | None = None

    def __post_init__(self) -> None:
        question, ledger = self.question, self.ledger
        self._long_enough()
        if question.attribute is not None:
            self._told, self.class_names = labels.attribute_labels(ledger, question.attribute)
            counts = np.bincount(self._told[self._told >= 0], minlength=len(self.class_names))
            self.classes = np.argsort(-counts, kind="stable")
            self.class_names = tuple(self.class_names[code] for code in self.classes)
            if len(self.class_names) < 2:
                raise TooFew(
                    f"question {self.name!r} needs customers with two values of the attribute "
                    f"{question.attribute!r} at least",
                    hint="check the attributes with limner doctor",
                )
        elif question.shape == "which":
            self.classes = labels.commonest_classes(
                ledger,
                self.plan.test,
                deeds=question.deeds,
                column=question.of,
                most=question.classes,
            )
            if not len(self.classes):
                raise TooFew(
                    f"question {self.name!r} needs items of a known {question.of}, but none had "
                    f"such an event before {self.plan.test.cut:%Y-%m-%d}",
                    hint="give a catalogue with categories and brands",
                )
            known = ledger.names_of(question.of)
            self.class_names = tuple(known[code] for code in self.classes)

    def _long_enough(self) -> None:
        """Refuse what would have to be learned from windows of another length.

        An amount can be stretched by a law of time between orders as far again as the log
        reaches, and a ranking has no horizon; but how likely something is within a month cannot
        be told from what came in a week.
        """
        plan, asked = self.plan, self.question.horizon_days
        if not plan.shortened or self.question.attribute is not None:
            return
        stretched = self.question.shape in ("how_many", "how_much", "what_next")
        if stretched and asked <= self.days_of_history + 1:
            return
        within = int(self.days_of_history / 4)
        raise TooFew(
            f"question {self.name!r} looks {asked:g} days ahead, but the log reaches only "
            f"{self.days_of_history:.0f} days back from {plan.test.cut:%Y-%m-%d}",
            hint=f"ask for less: horizon_days = {within} in [questions.{self.name}]"
            if within
            else "ingest a longer history",
        )

    @property
    def ledger(self) -> Ledger:
        """The log as codes."""
        return self.desk.ledger

    def asked(self, window: Window) -> Ints:
        """Return the codes of the customers to whom the question is put at a cut, rising."""
        customers = self._active(window)
        if self._told is not None:
            customers = customers[self._told[customers] >= 0]
        return customers

    def _active(self, window: Window) -> Ints:
        return labels.active_customers(
            self.ledger,
            window,
            deeds=labels.Deeds(self.question.active),
            within_days=self.question.among_days,
        )

    def untold(self, window: Window) -> Ints:
        """Return who would be asked at a cut but has not told the attribute, rising."""
        customers = self._active(window)
        return customers if self._told is None else customers[self._told[customers] < 0]

    def sample(self, window: Window) -> Sample:
        """Return who is asked at a cut and what came true within its window."""
        customers = self.asked(window)
        return Sample(window, customers, self._truth(window)[customers])

    def _truth(self, window: Window) -> Floats:
        question, ledger = self.question, self.ledger
        if self._told is not None:
            return np.asarray(self._told[:, None] == self.classes[None, :], np.float64)
        if question.shape == "which":
            found = labels.future_classes(
                ledger,
                window,
                deeds=question.deeds,
                column=question.of,
                classes=self.classes.tolist(),
            )
            return found.astype(np.float64)
        if question.shape == "how_much":
            return labels.future_amounts(ledger, window, deeds=question.deeds)
        if question.shape == "what_next":
            return np.zeros((len(ledger), 0))
        counts = labels.future_counts(ledger, window, deeds=question.deeds)
        if question.shape == "how_many":
            return counts
        return np.asarray((counts == 0) if question.nothing else (counts > 0), np.float64)

    def training(self) -> tuple[list[Sample], Sample]:
        """Return the training samples, the oldest first, and the validation sample."""
        return [self.sample(window) for window in self.plan.train], self.sample(
            self.plan.validation
        )

    @property
    def days_of_history(self) -> float:
        """How much of the log lies before the test cut, in days."""
        return (self.plan.test.cut - self.ledger.first) / timedelta(days=1)


class Learned(Protocol):
    """What a method made of its training samples."""

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Answer for N customers at a cut.

        Returns
        -------
        Probabilities (N,) for ``whether``, (N, C) for ``which``; for ``how_many`` and
        ``how_much`` (N, 2): what is expected, and what is typical (see
        :class:`limner.heads.answers.Answers`), for the window's own horizon.
        """
        ...


class Method(Protocol):
    """A way to answer; one file each in ``heads/methods``."""

    shapes: ClassVar[frozenset[str]]
    """The shapes of question it can answer."""

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Learn from samples; ``validation`` chooses and calibrates. Pure, but for the seed."""
        ...


@dataclass(frozen=True, slots=True)
class Ranked:
    """The best K items for each of N customers: codes, scores and why; (N, K), -1 for nothing.

    ``reasons`` are codes into ``reason_names``: which source brought the item.
    """

    items: Ints
    scores: NDArray[np.float32]
    reasons: NDArray[np.int8]
    reason_names: tuple[str, ...]


class Recommender(Protocol):
    """A way to answer ``what_next``; its ``shapes`` hold nothing else."""

    shapes: ClassVar[frozenset[str]]

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank all items for N customers at a cut, knowing only what lies before it.

        Whatever is learned from labels is learned on ``study.plan.learnable`` windows.
        """
        ...
