"""What a linear model of all items together makes of this customer's history."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.item_choices import ease_mixture, rank_mixture
from limner.heads.study import Ranked, Study

__all__ = ["Ease"]

Ints = NDArray[np.int64]


class Ease:
    """EASE on decayed counts of the commonest items, one's own history blended in.

    The penalty, the half-life and the blend are chosen by validation.

    References
    ----------
    Steck: "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank own items and those the model adds."""
        mixture = ease_mixture(study)
        return rank_mixture(study, window, customers, mixture, most=most, name="ease")
