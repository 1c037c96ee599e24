"""How well a customer or an item is known at a moment: by how many orders, and since when."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger

__all__ = ["NEW_DAYS", "new_items", "orders_before", "tail_items"]

NEW_DAYS = 30.0
"""For so many days before a cut an item that nobody had touched until then is new."""
HEAD_SHARE = 0.8
"""The commonest items that together hold so much of what was taken are the head."""


def tail_items(taken: NDArray[np.int64], *, head_share: float = HEAD_SHARE) -> NDArray[np.bool_]:
    """Say of each item whether it lies in the long tail: (V,).

    Parameters
    ----------
    taken
        How many customers took each item before a moment (V,).
    head_share
        How much of all that was taken the head holds, from 0 to 1.

    Examples
    --------
    >>> tail_items(np.array([1, 70, 0, 20, 9]))
    array([ True, False,  True, False,  True])
    """
    order = np.argsort(-taken, kind="stable")
    before = np.cumsum(taken[order]) - taken[order]
    tail = np.ones(len(taken), np.bool_)
    tail[order[before < head_share * taken.sum()]] = False
    return tail


def orders_before(ledger: Ledger, cut: datetime) -> NDArray[np.int64]:
    """Return how many orders each customer had strictly before a moment: (N,).

    An order counts once, however many lines it has; so does a moment of deeds that belong to none,
    a view for instance. Messages, which a customer only receives, do not count.
    """
    orders = np.zeros(len(ledger), np.int64)
    for _, _, part in ledger.parts():
        found = (
            part.lazy()
            .filter((pl.col("time") < cut) & Deeds().among(ledger))
            .group_by("customer")
            .agg(orders=pl.col("order").n_unique())
            .collect()
        )
        orders[found["customer"].to_numpy()] = found["orders"].to_numpy()
    return orders


def new_items(ledger: Ledger, cut: datetime, *, within_days: float = NEW_DAYS) -> NDArray[np.bool_]:
    """Say of each item whether it first came up in the days before a moment, or later: (V,).

    An item of the catalogue that never came up is new.
    """
    new = np.ones(len(ledger.items), np.bool_)
    for _, _, part in ledger.parts():
        known = (
            part.lazy()
            .filter(pl.col("time") < cut - timedelta(days=within_days))
            .select(pl.col("item").drop_nulls().unique())
            .collect()
        )
        new[known["item"].to_numpy()] = False
    return new
