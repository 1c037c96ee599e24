"""Put rows of one bucket in order: sorted, each once, machines found."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.events.event import EVENT_SCHEMA

__all__ = ["ORIGIN", "Settled", "settle"]

_TELLING = ("item_id", "event_id", "order_id")

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
    order, again = _by_content(rows, order, fresh)
    rows = rows[order]
    lost = rows.clear().with_columns(_reason=pl.lit(None, pl.String))
    if again.any():
        mask = pl.Series(again)
        lost = rows.filter(mask).with_columns(_reason=pl.lit("duplicate_row"))
        rows = rows.filter(~mask)
    if "event_id" in rows.columns and rows["event_id"].null_count() < len(rows):
        named = pl.col("event_id").is_not_null()
        later = named & ~pl.struct("customer_id", "event_id").is_first_distinct()
        mask = rows.select(later).to_series()
        if mask.any():
            repeated = rows.filter(mask).with_columns(_reason=pl.lit("repeated_id"))
            rows, lost = rows.filter(~mask), pl.concat([lost, repeated], how="diagonal")
    return Settled(rows, lost)


def _order(
    code: NDArray[np.uint32], time: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the order by customer and time, and where, in that order, a new pair begins."""
    start = int(time.min())
    time_bits = (int(time.max()) - start).bit_length()
    if int(code.max()).bit_length() + time_bits <= 63:
        return _sorted_by((code.astype(np.int64) << time_bits) | (time - start))
    pair = pl.DataFrame({"code": code, "time": time})
    order = pair.select(pl.arg_sort_by("code", "time")).to_series().to_numpy().astype(np.int64)
    fresh = np.diff(code[order].astype(np.int64)) != 0
    fresh |= time[order][1:] != time[order][:-1]
    return order, np.concatenate([[True], fresh])


def _sorted_by(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the order of keys, and where, in that order, a new one begins."""
    order = pl.Series(key).arg_sort().to_numpy().astype(np.int64)
    ordered = key[order]
    return order, np.concatenate([[True], ordered[1:] != ordered[:-1]])


def _by_content(
    rows: pl.DataFrame, order: NDArray[np.int64], fresh: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Order rows of one customer and moment by their content, and find rows equal to another.

    One column after another, and only rows that are still equal: most logs need one or none.
    """
    order, again = order.copy(), np.zeros(len(order), np.bool_)
    places, group = _ties(fresh)
    for name in (*_TELLING, *(name for name in EVENT_SCHEMA if name not in _TELLING)):
        if not len(places):
            return order, again
        if name not in rows.columns or name in {"customer_id", "time"}:
            continue
        rank = _ranks(rows[name].gather(order[places]))
        by, fresh = _sorted_by(group * (int(rank.max()) + 1) + rank)
        order[places] = order[places[by]]
        tied, group = _ties(fresh)
        places = places[tied]
    if len(places):
        origin = rows.select("_source", "_line")[order[places]]
        first = pl.arg_sort_by(pl.Series(group), "_source", "_line", nulls_last=False)
        order[places] = order[places[origin.select(first).to_series().to_numpy()]]
        again[places[1:][group[1:] == group[:-1]]] = True
    return order, again


def _ties(fresh: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of rows that have an equal beside them, and the numbers of their groups."""
    tied = ~fresh
    tied[:-1] |= ~fresh[1:]
    return np.flatnonzero(tied).astype(np.int64), np.cumsum(fresh, dtype=np.int64)[tied]


def _ranks(values: pl.Series) -> NDArray[np.int64]:
    """Return the rank of each value, equal ones alike, null before all."""
    if values.dtype == pl.String:
        distinct = values.drop_nulls().unique().sort()
        codes = values.cast(pl.Enum(distinct)).to_physical()
    else:
        codes = values.rank("dense")
    return (codes.cast(pl.Int64) + 1).fill_null(0).to_numpy()
