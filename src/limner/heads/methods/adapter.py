"""The behaviour model tuned for the question by small modules between its layers."""

from collections.abc import Sequence
from typing import ClassVar

from limner.heads.study import Learned, Sample, Study
from limner.heads.tutor import tutor_of

__all__ = ["Adapter"]


class Adapter:
    """Bottlenecks learn (Houlsby and others 2019), with the question's head; all else stays."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})
    learned: ClassVar[bool] = True
    rung: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Tune a copy of the model that knows what came before the test cut."""
        return tutor_of(study).tune("adapter", study, train, validation)
