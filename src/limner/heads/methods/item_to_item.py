"""What goes with what this customer bought lately."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.item_choices import item_to_item_mixture, rank_mixture
from limner.heads.study import Ranked, Study

__all__ = ["ItemToItem"]

Ints = NDArray[np.int64]


class ItemToItem:
    """Items whose customers are those of a customer's own items, by cosine of decayed counts.

    The customer's own history is blended in; by how much, and how fast it fades, is chosen by
    validation.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank own items and those that go with them."""
        mixture = item_to_item_mixture(study)
        return rank_mixture(study, window, customers, mixture, most=most, name="item_to_item")
