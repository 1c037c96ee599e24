"""Which of several heads to keep: the simplest, unless another is better beyond chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["preferred"]


def preferred(losses: Sequence[NDArray[np.floating]]) -> int:
    """Return the place of the head to keep.

    Parameters
    ----------
    losses
        Of each head its loss on every case of the validation sample (M,), the same cases in the
        same order; the simplest head first.

    Returns
    -------
    The head of the least mean loss among those whose mean lies below the first's by more than the
    standard error of the paired difference; 0 where there is none. What was tried often looks
    better by chance, and what is richer costs more.

    References
    ----------
    Breiman, Friedman, Olshen, Stone: "Classification and Regression Trees", 1984, section 3.4.3
    (the rule of one standard error), here of paired differences.

    Examples
    --------
    >>> simple = np.array([1.0, 2.0, 3.0, 4.0])
    >>> preferred([simple, simple - 0.1]), preferred([simple, simple[::-1] - 0.1])
    (1, 0)
    """
    best, least = 0, 0.0
    for place, one in enumerate(losses[1:], 1):
        if not len(one):
            continue
        gains = np.asarray(losses[0], np.float64) - one
        error = float(gains.std()) / np.sqrt(len(gains))
        gain = float(gains.mean())
        if gain > max(error, least):
            best, least = place, gain
    return best
