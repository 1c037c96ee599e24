"""Who was there before a moment, and what they did something with: counts that fade."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger, age_days
from limner.dataset.vocabulary import names_of

__all__ = ["Meetings", "known_customers", "meetings"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Meetings:
    """B customers of one bucket, and how often each met what, the newer the more.

    ``customers`` (B,) codes, rising: those with such a deed before the cut. ``counts`` holds one
    matrix (B, V) for each column asked for, a column of it for each name of the ledger.
    """

    customers: Ints
    counts: Mapping[str, csr_array]


def known_customers(ledger: Ledger, cut: datetime) -> Ints:
    """Return the codes of all customers with any event strictly before a moment, rising."""
    found = [
        part.lazy()
        .filter(pl.col("time") < cut)
        .select(pl.col("customer").unique().sort())
        .collect()
        for _, _, part in ledger.parts()
    ]
    return pl.concat(found)["customer"].cast(pl.Int64).to_numpy()


def meetings(
    ledger: Ledger,
    cut: datetime,
    *,
    columns: Sequence[str],
    deeds: Deeds,
    half_life_days: float,
) -> Iterator[Meetings]:
    """Count what customers met strictly before a cut, bucket by bucket.

    Parameters
    ----------
    ledger
        The log as codes.
    cut
        Only events strictly before it are read.
    columns
        Of ``item``, ``department``, ``category`` and ``brand``.
    deeds
        Which events count.
    half_life_days
        After so many days an event counts half; infinity counts plainly.
    """
    sizes = {column: len(names_of(ledger, column)) for column in columns}
    for start, count, part in ledger.parts():
        past = (
            part.lazy()
            .filter((pl.col("time") < cut) & deeds.among(ledger))
            .select(
                *columns,
                row=pl.col("customer") - start,
                weight=pl.lit(0.5).pow(age_days(cut) / half_life_days),
            )
            .collect()
        )
        found = {}
        for column, size in sizes.items():
            lines = past.drop_nulls(column)
            places = (lines["row"].to_numpy(), lines[column].to_numpy())
            # Added up here, line after line, so that the last digit is always the same.
            found[column] = csr_array((lines["weight"].to_numpy(), places), shape=(count, size))
        rows = np.unique(past["row"].to_numpy())
        yield Meetings(
            start + rows.astype(np.int64), {name: each[rows] for name, each in found.items()}
        )
