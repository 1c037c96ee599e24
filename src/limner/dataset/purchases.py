"""What counts of a customer's purchases: how many, since when, until when, for how much."""

from dataclasses import dataclass
from datetime import UTC, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.events.queries import steady

__all__ = ["Purchases", "purchases_before", "repeat_ages"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """N customers' purchases before a cut. Days are counted in UTC, times in whole days.

    Attributes
    ----------
    customers
        Codes (N,).
    days
        On how many days each bought (N,); 0 for a customer who never did.
    orders
        How many orders those were (N,).
    recency_days
        From the first purchase to the last (N,).
    age_days
        From the first purchase to the last whole day before the cut (N,).
    mean_value, spread_value, first_value, last_value
        What the purchases of one day were worth, in money (N,): mean, standard deviation (NaN
        below two days), the first and the last; NaN for a customer who never bought.
    mean_gap_days, spread_gap_days
        From one purchase day to the next (N,): mean, NaN below two days, and standard
        deviation, NaN below three.
    """

    customers: Ints
    days: Floats
    orders: Floats
    recency_days: Floats
    age_days: Floats
    mean_value: Floats
    spread_value: Floats
    first_value: Floats
    last_value: Floats
    mean_gap_days: Floats
    spread_gap_days: Floats

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def bought(self) -> NDArray[np.bool_]:
        """True for customers who bought at all (N,)."""
        return np.asarray(self.days > 0)

    @property
    def frequency(self) -> Floats:
        """How many days with a purchase followed the first (N,), 0 for who never bought."""
        return np.maximum(self.days - 1, 0.0)

    @property
    def total_value(self) -> Floats:
        """What all purchases were worth, in money (N,); 0 for who never bought."""
        return np.where(self.bought, self.days * np.nan_to_num(self.mean_value), 0.0)


def purchases_before(
    ledger: Ledger, window: Window, *, deeds: Deeds, customers: Ints | None = None
) -> Purchases:
    """Sum up the deeds strictly before a cut, bucket by bucket.

    Parameters
    ----------
    ledger
        The log as codes.
    window
        Only its cut is looked at.
    deeds
        Which events count; purchases, maybe of some items only.
    customers
        Codes of the customers wanted (N,), in any order; all who bought before the cut by default.
    """
    # A customer has had as many days to come back as lie between the first day and the last that
    # is known, which is not the day of a cut at midnight.
    last_day = (window.cut - timedelta(microseconds=1)).astimezone(UTC).date()
    day, worth = pl.col("day"), pl.col("worth")
    gaps = day.diff().dt.total_days()
    found = pl.concat(
        [
            part.lazy()
            .filter((pl.col("time") < window.cut) & deeds.among(ledger))
            .group_by("customer", day=pl.col("time").dt.date())
            .agg(worth=pl.col("amount").sum(), orders=pl.col("order").n_unique())
            .sort("customer", "day")
            .group_by("customer", maintain_order=True)
            .agg(
                days=pl.len(),
                orders=pl.col("orders").sum(),
                recency_days=(day.last() - day.first()).dt.total_days(),
                age_days=(pl.lit(last_day) - day.first()).dt.total_days(),
                mean_value=worth.mean(),
                spread_value=worth.std(),
                first_value=worth.first(),
                last_value=worth.last(),
                mean_gap_days=gaps.mean(),
                spread_gap_days=gaps.std(),
            )
            .pipe(steady)
            for _, _, part in ledger.parts()
        ]
    )
    if customers is not None:
        wanted = pl.DataFrame({"customer": np.asarray(customers, np.uint32)})
        found = wanted.join(found, on="customer", how="left", maintain_order="left")
    columns = {
        name: found[name].cast(pl.Float64).to_numpy()
        for name in found.columns
        if name != "customer"
    }
    for name in ("days", "orders", "recency_days", "age_days"):
        columns[name] = np.nan_to_num(columns[name])
    return Purchases(customers=found["customer"].cast(pl.Int64).to_numpy(), **columns)


def repeat_ages(ledger: Ledger, window: Window, *, deeds: Deeds) -> Floats:
    """Return the days from each customer's first purchase to each later one before the cut (R,)."""
    day = pl.col("day")
    found = [
        part.lazy()
        .filter((pl.col("time") < window.cut) & deeds.among(ledger))
        .select("customer", day=pl.col("time").dt.date())
        .unique()
        .select(age=(day - day.min().over("customer")).dt.total_days())
        .filter(pl.col("age") > 0)
        .pipe(steady)["age"]
        for _, _, part in ledger.parts()
    ]
    return pl.concat(found).cast(pl.Float64).to_numpy()
