"""Put rows of one bucket in order: sorted, each once, machines found."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.events.event import EVENT_SCHEMA

__all__ = ["ORIGIN", "Settled", "settle"]

ORIGIN = {"_source": pl.Int32, "_line": pl.Int64}
"""Columns that say where a new row came from; null for rows that were in the log already."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows in order, and rows that had to go.

    ``kept`` is sorted by customer, time and then all other columns. ``lost`` holds the rest, with
    a column ``_reason``. ``flags`` names customers who behave like machines: ``customer_id``,
    ``flag``, ``value``, ``limit``.
    """

    kept: pl.DataFrame
    lost: pl.DataFrame


def settle(rows: pl.DataFrame) -> Settled:
    """Sort the rows of a bucket, and take out duplicates and repeated ids.

    A row that equals another in every column of the schema is lost as ``duplicate_row``. Of rows
    of one customer with one ``event_id`` the first in the order stays, the rest are lost as
    ``repeated_id``. Which *content* stays does not depend on the order in which rows arrive.

    Parameters
    ----------
    rows
        Columns of the event schema, those without any value may be left out, and :data:`ORIGIN`.
    """
    if rows.is_empty():
        return Settled(rows, rows.with_columns(_reason=pl.lit(None, pl.String)))
    rows = rows.rechunk()  # gathering from one piece takes half the time
    customers = rows["customer_id"].unique().sort()
    code = rows["customer_id"].cast(pl.Enum(customers)).to_physical().to_numpy()
    order, fresh = _order(code, rows["time"].to_physical().to_numpy())
    rows = rows[order]
    rows, lost = _each_once(rows, fresh)
    if "event_id" in rows.columns and rows["event_id"].null_count() < len(rows):
        named = pl.col("event_id").is_not_null()
        again = named & ~pl.struct("customer_id", "event_id").is_first_distinct()
        mask = rows.select(again).to_series()
        if mask.any():
            repeated = rows.filter(mask).with_columns(_reason=pl.lit("repeated_id"))
            rows, lost = rows.filter(~mask), pl.concat([lost, repeated], how="diagonal")
    return Settled(rows, lost)


def _order(
    code: NDArray[np.uint32], time: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | pl.Series, NDArray[np.bool_]]:
    """Return the order by customer and time, and where, in that order, a new pair begins."""
    start = int(time.min())
    time_bits = (int(time.max()) - start).bit_length()
    if int(code.max()).bit_length() + time_bits <= 63:
        key = pl.Series((code.astype(np.int64) << time_bits) | (time - start))
        order = key.arg_sort()
        ordered = key.gather(order).to_numpy()
        fresh = ordered[1:] != ordered[:-1]
    else:
        order = pl.select(pl.arg_sort_by(pl.Series(code), pl.Series(time))).to_series()
        places = order.to_numpy()
        fresh = np.diff(code[places].astype(np.int64)) != 0
        fresh |= np.diff(time[places]) != 0
    return order, np.concatenate([[True], fresh])


def _each_once(rows: pl.DataFrame, fresh: NDArray[np.bool_]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Order rows of one customer and moment by their content, and take out equal ones.

    Only rows that share both can be equal, and in many logs few do, so only they are compared.
    """
    nothing = rows.clear().with_columns(_reason=pl.lit(None, pl.String))
    if fresh.all():
        return rows, nothing
    tied = ~fresh
    tied[:-1] |= ~fresh[1:]
    others = [
        name
        for name in EVENT_SCHEMA
        if name in rows.columns and name not in ("customer_id", "time")
    ]
    group = np.cumsum(fresh)[tied]
    ties = rows.filter(pl.Series(tied)).with_columns(_group=pl.Series(group))
    rank = ties.select(
        pl.arg_sort_by("_group", *others, "_source", "_line", nulls_last=False)
    ).to_series()
    ties = ties[rank]
    equal = ties.select(
        pl.all_horizontal(
            pl.col(name).eq_missing(pl.col(name).shift(1)) for name in ("_group", *others)
        )
    ).to_series()
    places = np.flatnonzero(tied)
    order = np.arange(len(rows))
    order[places] = places[rank.to_numpy()]
    rows = rows[order]
    if not equal.any():
        return rows, nothing
    gone = np.zeros(len(rows), np.bool_)
    gone[places[equal.to_numpy()]] = True
    mask = pl.Series(gone)
    return rows.filter(~mask), rows.filter(mask).with_columns(_reason=pl.lit("duplicate_row"))
