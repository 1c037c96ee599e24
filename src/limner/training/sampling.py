"""Items to tell the right ones from: drawn by how common they are, and corrected for that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Choice", "choose_items"]

Ints = NDArray[np.int64]
POWER = 0.75
"""The power by which rare items are met, too."""


@dataclass(frozen=True, slots=True)
class Choice:
    """K items, each once; what is to be taken off their logits; and which are right.

    ``log_drawn`` (K,) float32 is the logarithm of how often each is expected among the drawn
    (Yi and others 2019). Right are the pairs of ``rows`` (P,) and ``places`` (P,) among the items.
    ``all_rows`` (Q,) and ``all_places`` (Q,) are all that are right, also those which were not
    taken but met among the items.
    """

    items: Ints
    log_drawn: NDArray[np.float32]
    rows: Ints
    places: Ints
    all_rows: Ints
    all_places: Ints


def choose_items(
    counts: Ints,
    rng: np.random.Generator,
    *,
    rows: Ints,
    items: Ints,
    others: int,
    most_right: int = 4,
    power: float = POWER,
) -> Choice | None:
    """Draw items to score for all rows of a batch alike: what is right for some, and others.

    Parameters
    ----------
    counts
        How common each item is (I,).
    rng
        The step's own chance.
    rows, items
        What is right: pairs of a row, rising, and an item (P,).
    others
        How many items are drawn beside.
    most_right
        At most so many right items of one row are taken, by chance.
    power
        Items are drawn by their counts to this power.

    Returns
    -------
    The choice, or none where nothing is right.
    """
    kept = items >= 0
    rows, items = rows[kept], items[kept]
    if not len(rows):
        return None
    order = np.lexsort((rng.random(len(rows)), rows))
    first = np.r_[True, rows[order][1:] != rows[order][:-1]]
    begins = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    taken = np.sort(order[np.arange(len(rows)) - begins < most_right])
    all_rows, all_items = rows, items
    rows, items = rows[taken], items[taken]
    share = counts / max(1, counts.sum())
    flat = np.maximum(counts, 1e-3) ** power
    flat /= flat.sum()
    drawn = np.searchsorted(np.cumsum(flat), rng.random(others)).clip(max=len(counts) - 1)
    chosen = np.unique(np.r_[items, drawn])
    place = np.searchsorted(chosen, all_items).clip(max=len(chosen) - 1)
    met = chosen[place] == all_items
    expected = len(items) * share[chosen] + others * flat[chosen]
    return Choice(
        items=chosen,
        log_drawn=np.log(np.maximum(expected, 1e-9)).astype(np.float32),
        rows=rows,
        places=np.searchsorted(chosen, items),
        all_rows=all_rows[met],
        all_places=place[met],
    )
