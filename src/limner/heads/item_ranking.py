"""From scores of customers and items to the best items of each customer, and how good they are."""

import numpy as np
from numpy.typing import NDArray

from limner.heads.study import Ranked

__all__ = ["best_pairs", "ndcg_at_10", "ndcgs_at_10", "places_within", "rank_pairs"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

DISCOUNT = 1.0 / np.log2(np.arange(2, 12))
"""What a hit at each of the first ten places is worth."""


def places_within(owners: Ints) -> Ints:
    """Return the place of each element within its run of equal owners, from 0.

    Examples
    --------
    >>> places_within(np.array([4, 4, 7, 7, 7]))
    array([0, 1, 0, 1, 2])
    """
    if not len(owners):
        return np.zeros(0, np.int64)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(owners) != 0]))
    lengths = np.diff(np.append(starts, len(owners)))
    return np.arange(len(owners)) - np.repeat(starts, lengths)


def best_pairs(owners: Ints, items: Ints, scores: Floats, *, most: int) -> Ints:
    """Return the places of the best ``most`` pairs of each owner, owner by owner, best first.

    Equal scores stand in the order of the item codes, whatever the order of the pairs.
    """
    order = np.lexsort((items, -scores.astype(np.float64), owners))
    return order[places_within(owners[order]) < most]


def rank_pairs(
    owners: Ints,
    items: Ints,
    scores: Floats,
    reasons: NDArray[np.int8],
    *,
    customers: int,
    popular: Ints,
    most: int,
    reason_names: tuple[str, ...],
) -> Ranked:
    """Rank scored pairs, and fill up with what is popular.

    Parameters
    ----------
    owners, items, scores, reasons
        Scored pairs (P,), each pair once: row of the customer from 0, item code, score, and a code
        into ``reason_names``.
    customers
        How many rows there are, N.
    popular
        All items that can be recommended, the most popular first; those that a customer has no
        score for follow those that have one, in this order. Its reason is the last name.
    most
        How many items to keep a customer, K. Where there are fewer, -1 stands.
    """
    head = popular[:most]
    filler = np.tile(head, customers)
    filled = np.repeat(np.arange(customers), len(head))
    below = float(scores.min()) if len(scores) else 0.0
    steps = below - 1.0 - np.arange(len(head), dtype=np.float64)
    every_owner = np.concatenate([owners, filled])
    every_item = np.concatenate([items, filler])
    every_score = np.concatenate([scores.astype(np.float64), np.tile(steps, customers)])
    every_reason = np.concatenate([reasons, np.full(len(filler), len(reason_names) - 1, np.int8)])
    order = np.lexsort((every_item, -every_score, every_owner))
    every_owner, every_item = every_owner[order], every_item[order]
    width = int(max(every_item.max(initial=0), popular.max(initial=0))) + 1
    _, first = np.unique(every_owner * width + every_item, return_index=True)
    keep = np.sort(first)
    place = places_within(every_owner[keep])
    keep, place = keep[place < most], place[place < most]
    at = (every_owner[keep], place)
    ranked = np.full((customers, most), -1, np.int64)
    ranked[at] = every_item[keep]
    values = np.full((customers, most), -np.inf, np.float32)
    values[at] = every_score[order][keep]
    why = np.full((customers, most), len(reason_names) - 1, np.int8)
    why[at] = every_reason[order][keep]
    return Ranked(ranked, values, why, reason_names)


def ndcg_at_10(ranked: Ints, truth_at: Ints, truth: Ints) -> float:
    """Return the mean of :func:`ndcgs_at_10`, 0.0 if nobody took anything."""
    each = ndcgs_at_10(ranked, truth_at, truth)
    return float(each.mean()) if len(each) else 0.0


def ndcgs_at_10(ranked: Ints, truth_at: Ints, truth: Ints) -> NDArray[np.float64]:
    """Return the NDCG@10 of each customer who took something.

    Parameters
    ----------
    ranked
        Item codes (N, K), the best first, -1 for nothing.
    truth_at, truth
        What came true, CSR: bounds (N + 1,) and item codes, each once a customer.
    """
    sizes = np.diff(truth_at)
    if not sizes.any():
        return np.zeros(0)
    top = ranked[:, :10]
    width = int(max(truth.max(), top.max())) + 1
    taken = np.repeat(np.arange(len(sizes)), sizes) * width + truth
    hits = np.isin(np.arange(len(top))[:, None] * width + top, taken) & (top >= 0)
    ideal = np.concatenate([[0.0], np.cumsum(DISCOUNT)])[np.minimum(sizes, 10)]
    gains = hits @ DISCOUNT[: top.shape[1]]
    return np.asarray(gains[sizes > 0] / ideal[sizes > 0])
