"""What a language model learns from texts without a label: the port of all its objectives."""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, cast

import numpy as np
from torch import Tensor, nn

from limner.encoders.language.opening import Family, Purpose
from limner.encoders.language.tokens import Tokens

__all__ = ["TextObjective", "scored"]


class TextObjective(Protocol):
    """Hides something of texts and asks a model for it; one file each in ``objectives``."""

    purpose: ClassVar[Purpose]
    """What the model must have been opened for."""
    scratch: ClassVar[Family]
    """The family of a model that is built anew for it."""
    sides: ClassVar[tuple[int, ...]]
    """How many texts a row may have."""

    def ready(self, tokeniser: Any) -> None:  # noqa: ANN401 - a tokeniser of transformers
        """Refuse a tokeniser that lacks the marks it takes.

        Raises
        ------
        BadModel
            If there is none.
        """
        ...

    def loss(
        self,
        model: nn.Module,
        sides: Sequence[Tokens],
        rows: np.ndarray[Any, np.dtype[np.int64]],
        *,
        tokeniser: Any,  # noqa: ANN401 - a tokeniser of transformers
        rng: np.random.Generator,
    ) -> Tensor:
        """Return the mean loss of some texts.

        Parameters
        ----------
        model
            As it was opened for :attr:`purpose`; for vectors a
            :class:`~limner.encoders.language.text_encoder.TextEncoder`.
        sides
            The texts, a set a side.
        rows
            Which of them (B,).
        tokeniser
            Knows the numbers of its marks.
        rng
            Decides what is hidden; torch's own chance decides what is dropped.
        """
        ...


def scored(model: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401 - a model of transformers
    """Return the scores of all tokens of a vocabulary (M, V), for vectors (M, D) of the body.

    Only the places that are asked are scored, for a vocabulary is long.
    """
    for name in ("cls", "lm_head"):
        head = getattr(model, name, None)
        if isinstance(head, nn.Module):
            return cast("Tensor", head(hidden))
    return cast("Tensor", model.get_output_embeddings()(hidden))
