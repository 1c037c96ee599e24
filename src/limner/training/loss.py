"""What being wrong costs: the port of all losses."""

from typing import ClassVar, Protocol

from torch import Tensor

__all__ = ["Loss"]


class Loss(Protocol):
    """Says how wrong an answer is, and what its numbers mean; one file each in ``losses``."""

    shapes: ClassVar[frozenset[str]]
    """The shapes of question it can teach."""
    outputs: ClassVar[int]
    """How many numbers one answer has: with 1, those said have the shape of the truth; with more,
    they have one axis more."""

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return what each answer costs.

        Parameters
        ----------
        said
            Numbers before any link (N,), (N, C) or, with K outputs, (N, K).
        truth
            What came true (N,) or (N, C): 0 or 1, or an amount.

        Returns
        -------
        A cost for each truth; for classes of which one alone is true, (N,).
        """
        ...

    def answer(self, said: Tensor) -> Tensor:
        """Return what was meant.

        Probabilities of the shape of the truth; for amounts (N, 2), what is expected and what is
        typical.
        """
        ...
