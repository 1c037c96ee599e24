"""Events of many customers in one table, as codes: the same as one customer at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.live import LiveCodes, counted, microseconds, possible
from limner.dataset.sequences import Sequences

__all__ = ["FrameSequences", "frame_sequences"]

Ints = NDArray[np.int64]

_ORDER = ("item_id", "event_id", "order_id", "kind", "session_id", "quantity", "price", "discount")
"""By what events of one moment are ordered, as :class:`LiveCodes` orders them."""


@dataclass(frozen=True, slots=True)
class FrameSequences:
    """Customers' ids (B,) in their order, and what they did; ``customers`` of it are places."""

    names: Sequence[str]
    sequences: Sequences


def frame_sequences(
    codes: LiveCodes, events: pl.DataFrame, before: datetime, *, longest: int | None = None
) -> FrameSequences:
    """Return what customers did as sequences.

    They are those of :meth:`~limner.dataset.live.LiveCodes.sequences`, found for all at once.

    Parameters
    ----------
    codes
        How names become numbers.
    events
        With the columns of the log, each event once, in any order. Whoever has a price or a
        quantity that cannot be is left out.
    before
        Only events strictly before it are read.
    longest
        How many visits of a customer are kept, the newest; none: all.
    """
    rows = (
        events.lazy()
        .select("customer_id", pl.col("time").dt.epoch("us").alias("time_us"), *_ORDER)
        .filter(pl.col("time_us") < microseconds(before))
        .sort("customer_id", "time_us", *_ORDER, nulls_last=False, maintain_order=True)
        .collect()
    )
    rows = rows.filter(pl.Series(_of_possible(rows), dtype=pl.Boolean))
    owner, name = _runs(rows["customer_id"])
    times = rows["time_us"].to_numpy()
    other = np.concatenate([[True], owner[1:] != owner[:-1]])[: len(rows)]
    later = np.concatenate([[True], times[1:] != times[:-1]])[: len(rows)]
    order = rows["order_id"]
    same_order = order.eq_missing(order.shift(1)).to_numpy()
    begins = other | ~same_order | (later & order.is_null().to_numpy())
    starts = other | later | begins
    first = times[other]  # the oldest of each, before anything is left out
    visit = np.cumsum(starts) - 1
    if longest is not None and len(rows):
        last = visit[np.append(np.flatnonzero(other)[1:] - 1, len(rows) - 1)]
        kept = visit > last[owner] - longest
        rows = rows.filter(pl.Series(kept))
        owner, times, begins, starts = owner[kept], times[kept], begins[kept], starts[kept]
    at = np.searchsorted(owner, np.arange(len(name) + 1))
    visit_at = np.append(np.flatnonzero(starts), len(rows))
    kinds = rows["kind"]
    return FrameSequences(
        name,
        Sequences(
            customers=np.arange(len(name)),
            at=at,
            visits=np.searchsorted(visit_at[:-1], at),
            visit_at=visit_at,
            time_us=times,
            begins=begins,
            bought=(kinds == "purchase").to_numpy(),
            codes=_codes(codes, kinds, rows["item_id"]),
            items=np.full(len(rows), -1, np.int32),
            numbers=counted(_told(rows), (kinds == "return").to_numpy()),
            first_us=first,
        ),
    )


def _told(rows: pl.DataFrame) -> NDArray[np.float64]:
    """Return price, quantity and discount (E, 3), NaN where nothing is known."""
    told = rows.select(pl.col("price", "quantity", "discount").fill_null(float("nan")))
    return told.to_numpy().astype(np.float64)


def _of_possible(rows: pl.DataFrame) -> NDArray[np.bool_]:
    """Return which events are of customers all of whose prices and quantities can be (E,)."""
    wrong = ~possible(_told(rows)).all(axis=1)
    if not wrong.any():
        return np.ones(len(rows), np.bool_)
    left_out = rows["customer_id"].filter(pl.Series(wrong)).unique()
    return (~rows["customer_id"].is_in(left_out.implode())).to_numpy()


def _runs(ids: pl.Series) -> tuple[Ints, list[str]]:
    """Return the place (E,) of each among the different ids, which stand in order."""
    runs = ids.rle_id().to_numpy().astype(np.int64)
    return runs, ids.unique(maintain_order=True).to_list()


def _codes(codes: LiveCodes, kinds: pl.Series, items: pl.Series) -> NDArray[np.int32]:
    """Return the numbers of each event's fields: (E, F)."""
    different, places = _different(kinds)
    found = np.zeros((len(kinds), len(codes.items.fields) + 1), np.int32)
    found[:, 0] = codes.kind_numbers(different)[places]
    different, places = _different(items)
    told = codes.item_numbers([*different, None])  # what names no item is last
    found[:, 1:] = told[np.where(places < 0, len(different), places)]
    return found


def _different(names: pl.Series) -> tuple[list[str], Ints]:
    """Return the different names, and which of them each is (E,), -1 for none."""
    different = names.drop_nulls().unique().sort()
    place = pl.DataFrame({"name": different}).with_row_index("place")
    found = pl.DataFrame({"name": names}).join(place, on="name", how="left", maintain_order="left")
    return different.to_list(), found["place"].cast(pl.Int64).fill_null(-1).to_numpy()
