"""Pretrains the models of each cut, and lets them stand by at the desks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from limner.engine import Executor
from limner.errors import TooFew
from limner.training.cross_fit import FoldPlan
from limner.training.desks import Desks
from limner.training.finetuning import FinetuneConfig
from limner.training.tutor import FoldsTutor

__all__ = ["TUNED", "Standby"]

TUNED = frozenset({"full", "top", "lora", "adalora", "adapter", "joint"})
"""The methods that tune a model, and so need one that learned from all customers."""


@dataclass(frozen=True, slots=True)
class Standby:
    """Learns what the methods ask; see :class:`limner.training.learning.Learning`."""

    plan: FoldPlan
    finetune: FinetuneConfig

    @property
    def mark(self) -> str:
        """What tells the models that it learns from others."""
        return self.plan.told

    def prepare(
        self,
        desks: Desks,
        cuts: Sequence[datetime],
        methods: Sequence[str],
        *,
        executor: Executor | None = None,
        progress: Callable[[str, float], None] | None = None,
    ) -> None:
        """Learn the models of each cut from what lies before it.

        Where too little lies before a cut to learn from, or no question can be put, none stand by.
        """
        behaviours, tutors = dict(desks.behaviours), dict(desks.tutors)
        for number, cut in enumerate(cuts):

            def told(what: str, share: float, number: int = number) -> None:
                if progress is not None:
                    progress(what, (number + share) / len(cuts))

            moments = desks.cuts_of(cut)
            if not moments:
                continue
            try:
                folds = self.plan.learn(
                    desks.log,
                    cut,
                    level=desks.level,
                    before=desks.before,
                    read_at=moments,
                    whole=bool(TUNED & set(methods)),
                    executor=executor,
                    progress=told,
                )
            except TooFew:
                continue
            behaviours[cut], tutors[cut] = folds, FoldsTutor(folds, self.finetune)
        desks.behaviours, desks.tutors = behaviours, tutors
