"""Learning which vectors of words and pictures are typical of a shop's items."""

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from limner.dataset.codebook import Codebook, nearest
from limner.dataset.ledger import Ledger
from limner.errors import TooFew

__all__ = ["learn_codebook", "learn_codebooks"]

Floats = NDArray[np.float32]

STEPS = 3
"""How many numbers a vector has: what it is like, then what is left over is like, and so on."""
SIZE = 128
"""How many typical vectors a step has at most."""
LEAST_EACH = 8
"""So many different vectors stand behind a typical one, where there are enough."""


def learn_codebook(
    vectors: Floats, *, version: str = "", seed: int = 0, steps: int = STEPS, size: int = SIZE
) -> Codebook:
    """Find typical vectors among N (N, E) of one maker; rows of noughts do not count.

    Raises
    ------
    TooFew
        If no vector says anything.
    """
    left = np.unique(vectors[vectors.any(axis=1)].astype(np.float32), axis=0)
    if not len(left):
        raise TooFew("no item has a vector", hint="see to the titles: limner doctor")
    count = int(np.clip(len(left) // LEAST_EACH, 1, size))
    found = []
    # On several threads sums come in another order from run to run.
    with threadpool_limits(1):
        for step in range(steps):
            kmeans = KMeans(count, n_init=1, random_state=seed + step, max_iter=50)
            centres = kmeans.fit(left).cluster_centers_.astype(np.float32)
            found.append(centres)
            left = left - centres[nearest(left, centres)]
    return Codebook(np.stack(found), version)


def learn_codebooks(ledger: Ledger, *, seed: int = 0) -> dict[str, Codebook]:
    """Learn a codebook of each look that a ledger keeps, as far as any item has it.

    What a catalogue shows is not dated, so all of its items may teach what is typical.
    """
    return {
        look: learn_codebook(each.vectors, version=each.version, seed=seed)
        for look, each in sorted(ledger.looks.items())
        if each.vectors.any()
    }
