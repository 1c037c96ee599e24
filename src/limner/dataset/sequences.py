"""The log as a model reads it: each customer's newest visits before a cut, line by line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.ledger import Ledger
from limner.dataset.vocabulary import FIELDS, Vocabulary, names_of
from limner.errors import BadShape

__all__ = ["NUMBERS", "Sequences", "cut_sequences", "ranges"]

Ints = NDArray[np.int64]

NUMBERS = ("price", "quantity", "amount", "discount")
"""What of an event is counted: the price of a piece, pieces, worth of the line, share given off."""
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Sequences:
    """B customers, their V visits and the E lines of these, packed: no room is lost to padding.

    A *visit* is what a customer did in one order at one moment: a basket, or a single view. Models
    carry their state from visit to visit, so that few hundred of them reach far back.

    Shapes: ``customers`` (B,) codes of the ledger. ``at`` (B + 1,): the lines of customer ``b``
    are those from ``at[b]`` up to ``at[b + 1]``, the newest last; ``visits`` (B + 1,) the same of
    visits, and ``visit_at`` (V + 1,) where the lines of each visit begin. ``time_us`` (E,)
    microseconds since 1970. ``begins`` (E,): whether a line begins an order. ``codes`` (E, F), a
    column each of the vocabulary's fields. ``items`` (E,) codes of the ledger,
    -1 for none. ``numbers`` (E, 4) float32, a column each of :data:`NUMBERS`, NaN where nothing is
    known. ``bought`` (E,): whether it is a purchase. ``first_us`` (B,): when a customer was seen
    first, also where that event is no longer held.
    """

    customers: Ints
    at: Ints
    visits: Ints
    visit_at: Ints
    time_us: Ints
    begins: NDArray[np.bool_]
    bought: NDArray[np.bool_]
    codes: NDArray[np.int32]
    items: NDArray[np.int32]
    numbers: NDArray[np.float32]
    first_us: Ints

    def __post_init__(self) -> None:
        for name in ("at", "visits"):
            limits = len(getattr(self, name))
            if limits != len(self.customers) + 1:
                raise BadShape(f"{len(self.customers)} customers, but {limits} limits of {name}")
        if len(self.first_us) != len(self.customers):
            raise BadShape(f"{len(self.customers)} customers, but {len(self.first_us)} first seen")
        if len(self.visit_at) != int(self.visits[-1]) + 1:
            raise BadShape(f"{self.visits[-1]} visits, but {len(self.visit_at)} limits")
        events = int(self.at[-1])
        for name in ("time_us", "begins", "bought", "codes", "items", "numbers"):
            if len(getattr(self, name)) != events:
                raise BadShape(f"{name} must have {events} rows, got {len(getattr(self, name))}")

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def lengths(self) -> Ints:
        """How many visits each customer has: (B,)."""
        return np.diff(self.visits)

    # What follows is the same for every batch that is drawn from here, and so is found once.

    @cached_property
    def visit_us(self) -> Ints:
        """When each visit was, in microseconds since 1970: (V,)."""
        return self.time_us[self.visit_at[:-1]]

    @cached_property
    def orders_before(self) -> NDArray[np.float64]:
        """How many orders were begun by the lines before each place: (E + 1,)."""
        return np.concatenate([[0.0], np.cumsum(self.begins & self.bought)])

    @cached_property
    def worth_before(self) -> NDArray[np.float64]:
        """What was paid for the lines before each place: (E + 1,)."""
        amount = np.where(self.bought, self.numbers[:, NUMBERS.index("amount")], 0.0)
        return np.concatenate([[0.0], np.cumsum(amount, dtype=np.float64)])

    def visits_before(self, rows: Ints, moments_us: Ints) -> Ints:
        """Return the place of the first visit at or after each moment of a customer: (N,).

        Parameters
        ----------
        rows
            Whose moment it is: positions among the customers (N,).
        moments_us
            The moments (N,), in microseconds since 1970.
        """
        if not len(self.visit_us):
            return np.zeros(len(rows), np.int64)
        start, span, keys = self._calendar
        wanted = rows * span + np.clip(moments_us - start, 0, span - 1)
        return np.searchsorted(keys, wanted, side="left").astype(np.int64)

    def lines_before(self, rows: Ints, moments_us: Ints) -> Ints:
        """Return the place of the first line at or after each moment of a customer: (N,)."""
        return self.visit_at[self.visits_before(rows, moments_us)]

    @cached_property
    def _calendar(self) -> tuple[int, int, Ints]:
        """The first moment of all, the length of a customer's row, and each visit's place in it."""
        start = int(self.visit_us.min())
        span = int(self.visit_us.max()) - start + 2
        owner = np.repeat(np.arange(len(self)), self.lengths)
        return start, span, owner * span + (self.visit_us - start)


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Return the numbers from each start on, as many as told, one after another: (sum,)."""
    before = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(int(lengths.sum())) + np.repeat(starts - before, lengths))


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
        How many visits of a customer are kept, the newest; none: all.
    """
    lookup = {
        field: np.concatenate([vocabulary.numbers(field, names_of(ledger, field)), [0]]).astype(
            np.int32
        )
        for field in FIELDS
    }
    looks = vocabulary.look_numbers(ledger.looks, len(ledger.items)).astype(np.int32)
    lookup["looks"] = np.concatenate([looks, np.zeros((1, looks.shape[1]), np.int32)])
    purchase = ledger.kind_codes(["purchase"])
    for _, _, part in ledger.parts():
        past = part.filter(pl.col("time") < cut)
        if past.is_empty():
            continue
        new_order = pl.col("order").ne_missing(pl.col("order").shift().over("customer"))
        new_time = pl.col("time").ne_missing(pl.col("time").shift().over("customer"))
        past = past.with_columns(
            _begins=new_order,
            _visit=new_order | new_time,
            _first=pl.col("time").min().over("customer"),
        )
        if longest is not None:
            number = pl.col("_visit").cum_sum().over("customer")
            past = past.filter(pl.col("_visit").sum().over("customer") - number < longest)
        yield _packed(past, lookup, purchase)


def _packed(
    past: pl.DataFrame, lookup: dict[str, NDArray[np.int32]], purchase: list[int]
) -> Sequences:
    customer = past["customer"].to_numpy().astype(np.int64)
    starts = np.flatnonzero(np.r_[True, customer[1:] != customer[:-1]])
    visits = np.flatnonzero(past["_visit"].to_numpy())
    said = {field: past[field].cast(pl.Int64).fill_null(-1).to_numpy() for field in FIELDS}
    codes = np.stack([lookup[field][said[field]] for field in FIELDS], axis=1)
    if lookup["looks"].shape[1]:
        codes = np.concatenate([codes, lookup["looks"][said["item"]]], axis=1)
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
        visits=np.append(np.searchsorted(visits, starts), len(visits)).astype(np.int64),
        visit_at=np.append(visits, len(customer)).astype(np.int64),
        time_us=past["time"].dt.timestamp("us").to_numpy().astype(np.int64),
        begins=past["_begins"].to_numpy(),
        bought=past["kind"].is_in(purchase).to_numpy(),
        codes=codes,
        items=past["item"].cast(pl.Int32).fill_null(-1).to_numpy(),
        numbers=numbers,
        first_us=past["_first"].dt.timestamp("us").to_numpy().astype(np.int64)[starts],
    )
