"""What the items looked like that somebody met: sums of their vectors, the newer the more."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.dataset.meetings import meetings

__all__ = ["met_vectors"]

Floats = NDArray[np.float32]
IDLE = ("message", "return")
"""What a customer receives or undoes says nothing of what they like."""


def met_vectors(
    ledger: Ledger,
    cut: datetime,
    *,
    vectors: Floats,
    half_life_days: float,
    kinds: Sequence[str] = (),
) -> Floats:
    """Add up, for each customer, the vectors of what they met strictly before a cut: (N, E).

    Parameters
    ----------
    ledger
        The log as codes, of N customers and V items.
    cut
        Only events strictly before it are read.
    vectors
        Of the items (V, E); nought where nothing is known.
    half_life_days
        After so many days an event counts half. An item counts by the logarithm of its count.
    kinds
        Which kinds of event count; none: all but messages and returns.
    """
    sums = np.zeros((len(ledger), vectors.shape[1]), np.float32)
    wanted = tuple(kinds) or tuple(kind for kind in ledger.kinds if kind not in IDLE)
    for one in meetings(
        ledger,
        cut,
        columns=("item",),
        deeds=Deeds(wanted or ("purchase",)),
        half_life_days=half_life_days,
    ):
        counts = one.counts["item"].copy()
        counts.data = np.log1p(counts.data)
        sums[one.customers] += counts @ vectors
    return sums
