"""Tunes the behaviour model of a cut for whatever question comes."""

from collections.abc import Sequence
from dataclasses import dataclass

from limner.heads.study import Sample, Study
from limner.training.cross_fit import Folds
from limner.training.finetuning import FinetuneConfig, finetune
from limner.training.tuned import Tuned

__all__ = ["FoldsTutor"]


@dataclass(frozen=True, slots=True)
class FoldsTutor:
    """Tunes the model that learned from all customers; see :class:`limner.heads.tutor.Tutor`."""

    folds: Folds
    config: FinetuneConfig

    def tune(
        self,
        method: str,
        study: Study,
        train: Sequence[Sample],
        validation: Sample,
        *,
        joint: bool = False,
    ) -> Tuned:
        """Return what answers the study's question."""
        # The settings of one way mean nothing to another.
        own = self.config.tuning if method == self.config.method else {}
        config = self.config.model_copy(update={"method": method, "tuning": own, "joint": joint})
        return finetune(
            self.folds.whole, study, train, validation, config=config, start=self.folds.window
        )
