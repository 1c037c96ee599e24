"""What this customer bought before, and bought often, and lately."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.item_choices import own_fade, rank_own
from limner.heads.study import Ranked, Study

__all__ = ["OwnFrequency"]

Ints = NDArray[np.int64]


class OwnFrequency:
    """The customer's own decayed counts, then what is popular.

    Views, carts and wishes count beside purchases, each for what it was found to be worth; the
    half-life is chosen by validation.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank each customer's own items before all others."""
        return rank_own(study, window, customers, own_fade(study), most=most)
