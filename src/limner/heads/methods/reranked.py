"""The best of all sources, put in order by boosted trees."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.reranker import rerank
from limner.heads.study import Ranked, Study

__all__ = ["Reranked"]

Ints = NDArray[np.int64]


class Reranked:
    """Candidates of every source, ranked by what became of such candidates at earlier cuts.

    The validation window decides how far the trees are trusted against each source alone; where
    a source alone is better, or too little has come true to learn from, it stands.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})

    def rank(self, study: Study, window: Window, customers: Ints, *, most: int) -> Ranked:
        """Rank the candidates; the reason is the source that speaks loudest for an item."""
        return rerank(study, window, customers, most=most)
