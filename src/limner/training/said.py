"""Answers laid flat for drawing: the truth, each method's scores, and their means in tenths."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.heads.answers import Answers
from limner.training.gauges import bin_shares
from limner.training.scoring import classes_scored

__all__ = ["TENTHS", "Z95", "Said", "binned", "flat", "wilson"]

Floats = NDArray[np.float64]

TENTHS = 10
"""Into how many parts of equal size customers are cut."""
Z95 = 1.959963984540054
"""How many standard errors hold 95 %."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one question's methods said, flat: the truth and the scores to sort by, all (M,).

    ``pooled`` says that M counts pairs of a customer and a class, not customers. ``main`` is the
    method in front.
    """

    truth: Floats
    scores: dict[str, Floats]
    main: str
    reference: str | None
    pooled: bool

    @property
    def shown(self) -> tuple[str, ...]:
        """The method in front and the reference, where there is one."""
        if self.reference is None or self.reference == self.main:
            return (self.main,)
        return self.main, self.reference


def flat(answers: Answers, main: str, reference: str | None) -> Said:
    """Lay the answers flat; for amounts the expected one is the score."""
    if answers.shape == "which":
        scored = classes_scored(answers.truth)
        flat = {name: said[:, scored].ravel() for name, said in answers.predictions.items()}
        return Said(answers.truth[:, scored].ravel(), flat, main, reference, pooled=True)
    if answers.shape == "whether":
        return Said(answers.truth, dict(answers.predictions), main, reference, pooled=False)
    expected = {name: said[:, 0] for name, said in answers.predictions.items()}
    return Said(answers.truth, expected, main, reference, pooled=False)


def binned(score: Floats, *values: Floats, bins: int = TENTHS) -> list[Floats]:
    """Return the mean of each of some values in bins of equal mass, the lowest scores first."""
    groups, shares = bin_shares(score, bins)
    sums = (np.bincount(groups, weights=value, minlength=len(shares)) @ shares for value in values)
    return [total * bins / len(score) for total in sums]


def wilson(rate: float, count: float) -> tuple[float, float]:
    """Return the 95 % score interval of a rate (Wilson, JASA 22, 1927)."""
    shrink = 1 + Z95**2 / count
    middle = (rate + Z95**2 / (2 * count)) / shrink
    half = Z95 / shrink * np.sqrt(max(0.0, rate * (1 - rate)) / count + Z95**2 / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)
