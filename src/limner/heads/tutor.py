"""Who tunes a behaviour model for a question: the port through which methods have it done."""

from collections.abc import Sequence
from typing import Protocol

from limner.errors import BadConfig
from limner.heads.study import Learned, Sample, Study

__all__ = ["Tutor", "tutor_of"]


class Tutor(Protocol):
    """Tunes a copy of a model that knows what came before a study's test cut."""

    def tune(
        self,
        method: str,
        study: Study,
        train: Sequence[Sample],
        validation: Sample,
        *,
        joint: bool = False,
    ) -> Learned:
        """Return what answers the study's question.

        Parameters
        ----------
        method
            Which weights learn: ``full``, ``top``, ``lora``, ``adalora`` or ``adapter``.
        study, train, validation
            As for :meth:`limner.heads.study.Method.learn`.
        joint
            Whether the automatic aggregates learn together with the model.
        """
        ...


def tutor_of(study: Study) -> Tutor:
    """Return who tunes for a study.

    Raises
    ------
    BadConfig
        If no model stands by.
    """
    found: Tutor | None = study.desk.tutor
    if found is None:
        raise BadConfig(
            f"{study.name}: no behaviour model stands by to be tuned",
            hint="pip install 'limner[torch]', and let evaluate pretrain one",
        )
    return found
