"""What all questions at one cut share: the log as codes, and what was computed at each cut."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from limner.dataset.aggregates import Aggregates, AggregatesConfig
from limner.dataset.cuts import CutPlan, plan_cuts
from limner.dataset.ledger import Ledger, Source
from limner.errors import TooFew
from limner.heads.behaviour import Behaviour
from limner.heads.question import Question
from limner.heads.study import Desk, Study
from limner.heads.tutor import Tutor

__all__ = ["Desks", "dearest_first", "plan_question"]

DEAREST = ("what_next", "which", "how_much", "how_many", "whether")
"""The shapes of question, from the one that takes longest to answer."""


def dearest_first(question: Question) -> int:
    """Return where a question stands when the longest work is to begin first."""
    return DEAREST.index(question.shape) if question.attribute is None else len(DEAREST)


@dataclass(slots=True)
class Desks:
    """Lays out studies, and keeps the newest cut's desk for the next one.

    In another process it begins with nothing kept; whatever it is asked first, the studies are
    the same.

    Parameters
    ----------
    log
        The event log.
    questions
        All that is asked, by name: they decide together where the cuts lie.
    before
        Read only events strictly before this moment.
    behaviours, tutors
        By cut, the models that stand by for methods that ask them, and who tunes them.
    """

    log: Source
    questions: Mapping[str, Question]
    seed: int
    aggregates: AggregatesConfig | None
    level: int
    before: datetime | None = None
    behaviours: Mapping[datetime, Behaviour] = field(default_factory=dict)
    tutors: Mapping[datetime, Tutor] = field(default_factory=dict)
    _ledger: Ledger | None = None
    _desk: tuple[datetime, Desk] | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what was kept."""
        known = ("log", "questions", "seed", "aggregates", "level", "before")
        named = (*known, "behaviours", "tutors")
        return {name: getattr(self, name) for name in named}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with nothing kept."""
        for name, value in state.items():
            setattr(self, name, value)
        self._ledger, self._desk = None, None

    @property
    def ledger(self) -> Ledger:
        """The log as codes."""
        if self._ledger is None:
            self._ledger = Ledger.of(self.log, level=self.level, before=self.before)
        return self._ledger

    def study(self, name: str, cut: datetime) -> Study:
        """Lay out a question at a cut.

        Raises
        ------
        TooFew
            If too little history lies before the cut.
        """
        question = self.questions[name]
        plan = plan_question(self.ledger, question, cut, questions=self.questions)
        if self._desk is None or self._desk[0] != cut:
            self._desk = (cut, self._lay(cut))
        return Study(self._desk[1], name, question, plan, self.seed)

    def cuts_of(self, cut: datetime) -> tuple[datetime, ...]:
        """Return at which moments the questions look at customers when put at a cut, rising."""
        found = set()
        for question in self.questions.values():
            try:
                plan = plan_question(self.ledger, question, cut, questions=self.questions)
            except TooFew:
                continue
            found |= {window.cut for window in (*plan.learnable, plan.test)}
        return tuple(sorted(found))

    def _lay(self, cut: datetime) -> Desk:
        """Learn the columns' classes before the validation cut of the first possible question."""
        for question in self.questions.values():
            try:
                plan = plan_question(self.ledger, question, cut, questions=self.questions)
            except TooFew:
                continue
            learned = Aggregates(self.aggregates).fit(self.ledger, before=plan.validation.cut)
            behaviour, tutor = self.behaviours.get(cut), self.tutors.get(cut)
            return Desk(self.ledger, learned, behaviour=behaviour, tutor=tutor)
        raise TooFew(f"no question can be put at {cut:%Y-%m-%d}")


def plan_question(
    ledger: Ledger,
    question: Question,
    cut: datetime,
    *,
    questions: Mapping[str, Question],
) -> CutPlan:
    """Lay the cuts of a question so that questions of similar horizons share them.

    All questions whose horizon fits into a quarter of the history use the longest such horizon as
    their distance between cuts; a question that looks further ahead uses its own.
    """
    quarter = (cut - ledger.first) / timedelta(days=1) / 4
    shared = [one.horizon_days for one in questions.values() if one.horizon_days <= quarter]
    gap = max([question.horizon_days, *shared]) if question.horizon_days <= quarter else None
    return plan_cuts(ledger.first, cut, horizon_days=question.horizon_days, gap_days=gap)
