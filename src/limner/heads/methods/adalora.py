"""The behaviour model tuned for the question by matrices whose rank is found."""

from collections.abc import Sequence
from typing import ClassVar

from limner.heads.study import Learned, Sample, Study
from limner.heads.tutor import tutor_of

__all__ = ["Adalora"]


class Adalora:
    """Ranks go where they help most (Zhang and others 2023); with the question's head."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})
    learned: ClassVar[bool] = True
    rung: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Tune a copy of the model that knows what came before the test cut."""
        return tutor_of(study).tune("adalora", study, train, validation)
