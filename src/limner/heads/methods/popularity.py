"""What everybody buys: the same list for all."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.item_choices import popular_fade, rank_popular
from limner.heads.study import Ranked, Study

__all__ = ["Popularity"]

Ints = NDArray[np.int64]


class Popularity:
    """Most bought before the cut, older orders weighing less; how fast is chosen by validation."""

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Return the popular items, the same for each customer."""
        return rank_popular(study, window, customers, popular_fade(study), most=most)
