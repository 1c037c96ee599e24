"""The best of all sources, put in order by boosted trees."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.candidates import SOURCES, candidates_at
from limner.heads.item_choices import popular_fade
from limner.heads.item_shelf import shelf_at
from limner.heads.item_sources import Pairs, rank_by
from limner.heads.reranker import Reranker, learned_reranker
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
        reranker: Reranker = learned_reranker(study)
        candidates = candidates_at(study, window, customers)
        pairs = Pairs(
            candidates.owners,
            candidates.items,
            reranker.scores(candidates),
            candidates.opinions.argmax(axis=1).astype(np.int8),
        )
        return rank_by(
            shelf_at(study, window),
            pairs,
            customers=len(customers),
            most=most,
            names=SOURCES[:-1],
            fade=popular_fade(study),
        )
