"""What followed any moment of a customer's history: the truth for learning without labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.dataset.sequences import DAY_US, Sequences, ranges

__all__ = ["Futures", "futures"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Futures:
    """What N moments were followed by, within each of H horizons.

    Shapes: ``known`` (N, H): whether the whole window lies in the log. ``orders`` (N, H) counts,
    ``worth`` (N, H) sums of money. ``classes`` (N, C): whether something of the class was bought
    within the horizon for classes, with ``classes_known`` (N,). ``bought`` are the distinct items
    that were bought within that horizon, codes of the ledger, those of moment ``n`` from
    ``bought_at[n]`` up to ``bought_at[n + 1]``.
    """

    known: NDArray[np.bool_]
    orders: Floats
    worth: Floats
    classes: NDArray[np.bool_]
    classes_known: NDArray[np.bool_]
    bought_at: Ints
    bought: Ints


def futures(
    sequences: Sequences,
    rows: Ints,
    moments_us: Ints,
    *,
    until_us: int,
    horizons_days: tuple[float, ...],
    class_of: NDArray[np.int64],
    classes: int,
    class_days: float,
) -> Futures:
    """Look what followed each moment, the moment itself included.

    Parameters
    ----------
    sequences
        All events of the customers, none left out.
    rows, moments_us
        As for :meth:`~limner.dataset.sequences.Sequences.visits_before`.
    until_us
        The log is known up to here; a window that ends later is not known.
    horizons_days
        H lengths of a window, in days.
    class_of
        Which class each event belongs to (E,), -1 for none; only purchases count.
    classes
        How many classes there are, C.
    class_days
        The horizon for classes, in days.
    """
    first = sequences.lines_before(rows, moments_us)
    orders, worth = sequences.orders_before, sequences.worth_before
    known, counts, sums = [], [], []
    for days in horizons_days:
        ends = moments_us + round(days * DAY_US)
        last = sequences.lines_before(rows, ends)
        known.append(ends <= until_us)
        counts.append(orders[last] - orders[first])
        sums.append(worth[last] - worth[first])
    ends = moments_us + round(class_days * DAY_US)
    length = sequences.lines_before(rows, ends) - first
    row = np.repeat(np.arange(len(rows)), length)
    event = ranges(first, length)
    found = class_of[event]
    counted = (found >= 0) & sequences.bought[event]
    table = np.zeros((len(rows), classes), np.bool_)
    table[row[counted], found[counted]] = True
    items = sequences.items[event]
    width = int(items.max(initial=0)) + 1
    named = (items >= 0) & sequences.bought[event]
    pairs = np.unique(row[named] * width + items[named])
    return Futures(
        known=np.stack(known, axis=1),
        orders=np.stack(counts, axis=1).astype(np.float32),
        worth=np.stack(sums, axis=1).astype(np.float32),
        classes=table,
        classes_known=ends <= until_us,
        bought_at=np.searchsorted(pairs, np.arange(len(rows) + 1) * width).astype(np.int64),
        bought=pairs % width,
    )
