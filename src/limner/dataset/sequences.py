"""The log as a model reads it: each customer's newest events before a cut, one after another."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.ledger import Ledger
from limner.dataset.vocabulary import FIELDS, Vocabulary, names_of
from limner.errors import BadShape

__all__ = ["NUMBERS", "Sequences", "cut_sequences"]

Ints = NDArray[np.int64]

NUMBERS = ("price", "quantity", "amount", "discount")
"""What of an event is counted: the price of a piece, pieces, worth of the line, share given off."""
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Sequences:
    """B customers and their events, packed: no room is lost to padding.

    Shapes: ``customers`` (B,) codes of the ledger. ``at`` (B + 1,): the events of customer ``b``
    are those from ``at[b]`` up to ``at[b + 1]``, the newest last. ``time_us`` (E,) microseconds
    since 1970. ``begins`` (E,): whether an event begins an order or a visit. ``codes`` (E, 5), a
    column each of :data:`~limner.dataset.vocabulary.FIELDS`. ``numbers`` (E, 4) float32, a column
    each of :data:`NUMBERS`, NaN where nothing is known. ``bought`` (E,): whether it is a purchase.
    ``first_us`` (B,): when a customer was seen first, also where that event is no longer held.
    """

    customers: Ints
    at: Ints
    time_us: Ints
    begins: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    codes: NDArray[np.int32]
    numbers: NDArray[np.float32]
    first_us: Ints

    def __post_init__(self) -> None:
        if len(self.at) != len(self.customers) + 1 or len(self.first_us) != len(self.customers):
            raise BadShape(f"{len(self.customers)} customers, but {len(self.at)} limits")
        events = int(self.at[-1])
        for name in ("time_us", "begins", "bought", "codes", "numbers"):
            if len(getattr(self, name)) != events:
                raise BadShape(f"{name} must have {events} rows, got {len(getattr(self, name))}")

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def lengths(self) -> Ints:
        """How many events each customer has: (B,)."""
        return np.diff(self.at)


def cut_sequences(
    ledger: Ledger, vocabulary: Vocabulary, cut: datetime, *, longest: int | None = None
) -> Iterator[Sequences]:
    """Go through the log by buckets; customers without an event before the cut are left out.

    Parameters
    ----------
    ledger
        The log as codes.
    vocabulary
        What gives the names their numbers.
    cut
        Only events strictly before it are read.
    longest
        How many events of a customer are kept, the newest; none: all.
    """
    lookup = {
        field: np.concatenate([vocabulary.numbers(field, names_of(ledger, field)), [0]]).astype(
            np.int32
        )
        for field in FIELDS
    }
    purchase = ledger.kind_codes(["purchase"])
    for _, _, part in ledger.parts():
        past = part.filter(pl.col("time") < cut)
        if past.is_empty():
            continue
        new_order = pl.col("order").ne_missing(pl.col("order").shift().over("customer"))
        past = past.with_columns(_begins=new_order, _first=pl.col("time").min().over("customer"))
        if longest is not None:
            back = pl.int_range(pl.len(), 0, -1).over("customer")
            past = past.filter(back <= longest)
        yield _packed(past, lookup, purchase)


def _packed(
    past: pl.DataFrame, lookup: dict[str, NDArray[np.int32]], purchase: list[int]
) -> Sequences:
    customer = past["customer"].to_numpy().astype(np.int64)
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
    codes = np.stack(
        [lookup[field][past[field].cast(pl.Int64).fill_null(-1).to_numpy()] for field in FIELDS],
        axis=1,
    )
    amount = past["amount"].fill_null(0.0).to_numpy()
    discount = past["discount"].to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(discount > 0, discount / (np.abs(amount) + discount), 0.0)
    numbers = np.stack(
        [
            past["price"].cast(pl.Float32).to_numpy(),
            past["quantity"].cast(pl.Float32).to_numpy(),
            amount.astype(np.float32),
            share.astype(np.float32),
        ],
        axis=1,
    )
    return Sequences(
        customers=customer[starts],
        at=np.append(starts, len(customer)).astype(np.int64),
        time_us=past["time"].dt.timestamp("us").to_numpy().astype(np.int64),
        begins=past["_begins"].to_numpy(),
        bought=past["kind"].is_in(purchase).to_numpy(),
        codes=codes,
        numbers=numbers,
        first_us=past["_first"].dt.timestamp("us").to_numpy().astype(np.int64)[starts],
    )
