"""The automatic aggregates and the behaviour model, tuned for the question together."""

from collections.abc import Sequence
from typing import ClassVar

from limner.heads.study import Learned, Sample, Study
from limner.heads.tutor import tutor_of

__all__ = ["Joint"]


class Joint:
    """What was counted meets the model's vector in one network, and both learn from one loss."""

    shapes: ClassVar[frozenset[str]] = frozenset({"whether", "how_many", "how_much", "which"})
    learned: ClassVar[bool] = True
    rung: ClassVar[bool] = True

    def learn(self, study: Study, train: Sequence[Sample], validation: Sample) -> Learned:
        """Tune a copy of the model that knows what came before the test cut."""
        return tutor_of(study).tune("full", study, train, validation, joint=True)
