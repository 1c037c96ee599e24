"""What each customer did with each item before a moment: counts, decays and recency of pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger, age_days
from limner.events.queries import steady

__all__ = ["DEED", "ItemHistory", "item_history"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

DEED = 0
"""The place of the deeds that are asked about among the kinds of evidence; the others follow."""

NEVER_DAYS = np.float32(np.inf)
"""The recency of what never happened."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemHistory:
    """P pairs of a customer and an item that met before the cut, sorted by customer and item.

    An order counts an item once, however many lines it has. E kinds of evidence, the deeds asked
    about first; H half-lives. N customers and V items, as the ledger numbers them.

    Attributes
    ----------
    cut
        Everything here happened strictly before it.
    kinds
        Names of the E kinds of evidence; ``"deed"`` is the first.
    half_lives_days
        How fast the decayed counts fade (H,); infinity never fades.
    at
        The pairs of customer i are the slice from ``at[i]`` to ``at[i + 1]`` (N + 1,).
    items
        The item of each pair (P,), rising within a customer.
    decayed
        Counts, each weighing a half less a half-life ago (P, E, H).
    counts
        Plain counts (P, E).
    recency_days, age_days
        Since the newest and since the first such event (P, E); infinity where there was none.
    orders, last_days, first_days
        How many orders with such deeds a customer had, and how long ago the newest and the first
        were (N,), in days; infinity for a customer without any.
    prices
        What an item cost on average, one piece (V,); NaN where no price is known.
    """

    cut: datetime
    kinds: tuple[str, ...]
    half_lives_days: tuple[float, ...]
    at: Ints
    items: Ints
    decayed: Floats
    counts: Floats
    recency_days: Floats
    age_days: Floats
    orders: Floats
    last_days: Floats
    first_days: Floats
    prices: Floats

    def __len__(self) -> int:
        return len(self.items)

    @property
    def owners(self) -> Ints:
        """The customer of each pair (P,)."""
        return np.repeat(np.arange(len(self.at) - 1), np.diff(self.at))

    def find(self, customers: Ints, items: Ints) -> Ints:
        """Return the place of each wanted pair, -1 for a customer and item that never met."""
        if not len(self.items):
            return np.full(len(items), -1, np.int64)
        width = len(self.prices)
        keys = self.owners * width + self.items
        wanted = customers * width + items
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[places] == wanted, places, -1)


def item_history(
    ledger: Ledger, cut: datetime, *, deeds: Deeds, half_lives_days: Sequence[float]
) -> ItemHistory:
    """Gather what happened strictly before a cut, bucket by bucket.

    Parameters
    ----------
    ledger
        The log as codes.
    cut
        Only events strictly before it are read.
    deeds
        Which events are asked about. Every other kind but messages is kept apart as weaker
        evidence; what ``deeds`` says of items narrows all kinds.
    half_lives_days
        Half-lives of the decayed counts; infinity counts plainly.
    """
    every = Deeds((), deeds.items).among(ledger) | deeds.among(ledger)
    main = ledger.kind_codes(deeds.kinds or tuple(k for k in ledger.kinds if k != "message"))
    found, facts, money = [], [], []
    for _, _, part in ledger.parts():
        past = part.lazy().filter((pl.col("time") < cut) & pl.col("item").is_not_null() & every)
        found.append(_pairs(past, cut, main))
        facts.append(_orders(past, cut, main))
        money.append(
            steady(
                past.filter(pl.col("price") > 0)
                .sort("item", maintain_order=True)
                .group_by("item", maintain_order=True)
                .agg(total=pl.col("price").cast(pl.Float64).sum(), lines=pl.len())
            )
        )
    events = pl.concat(found)
    present = sorted(set(events["kind"].unique().to_list()))
    others = [code for code in present if code >= 0]
    kinds = ("deed", *(ledger.kinds[code] for code in others))
    place = {-1: DEED, **{code: number + 1 for number, code in enumerate(others)}}
    kind = (
        events["kind"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
        if len(events)
        else np.zeros(0, np.int64)
    )
    at, items, sums = _fold(
        events, kind, kinds=len(kinds), half_lives_days=half_lives_days, customers=len(ledger)
    )
    counted = pl.concat(facts)
    orders = np.zeros(len(ledger), np.float32)
    last, first = np.full((2, len(ledger)), NEVER_DAYS, np.float32)
    who = counted["customer"].to_numpy()
    orders[who] = counted["orders"].to_numpy()
    last[who], first[who] = counted["last"].to_numpy(), counted["first"].to_numpy()
    return ItemHistory(
        cut=cut,
        kinds=kinds,
        half_lives_days=tuple(half_lives_days),
        at=at,
        items=items,
        **sums,
        orders=orders,
        last_days=last,
        first_days=first,
        prices=_mean_prices(pl.concat(money), len(ledger.items)),
    )


def _pairs(past: pl.LazyFrame, cut: datetime, main: Sequence[int]) -> pl.DataFrame:
    """Return one row an order and item: customer, item, kind (-1 for the deeds) and age in days.

    The rows are sorted whole, so that sums over them never depend on how threads shared the work.
    """
    return (
        past.select(
            "customer",
            "item",
            "order",
            kind=pl.when(pl.col("kind").is_in(main))
            .then(pl.lit(-1, pl.Int32))
            .otherwise(pl.col("kind").cast(pl.Int32)),
            age=age_days(cut),
        )
        .group_by("customer", "item", "kind", "order")
        .agg(pl.col("age").min())
        .drop("order")
        .sort("customer", "item", "kind", "age")
        .pipe(steady)
    )


def _orders(past: pl.LazyFrame, cut: datetime, main: Sequence[int]) -> pl.DataFrame:
    return (
        past.filter(pl.col("kind").is_in(main))
        .select("customer", "order", age=age_days(cut))
        .group_by("customer")
        .agg(orders=pl.col("order").n_unique(), last=pl.col("age").min(), first=pl.col("age").max())
        .pipe(steady)
    )


def _fold(
    events: pl.DataFrame,
    kind: Ints,
    *,
    kinds: int,
    half_lives_days: Sequence[float],
    customers: int,
) -> tuple[Ints, Ints, dict[str, Floats]]:
    """Sum sorted events up to pairs: slice bounds, items, and the arrays of each pair."""
    owner = events["customer"].to_numpy().astype(np.int64)
    item = events["item"].to_numpy().astype(np.int64)
    ages = events["age"].to_numpy()
    new_pair = np.ones(len(owner), np.bool_)
    new_pair[1:] = (np.diff(owner) != 0) | (np.diff(item) != 0)
    new_run = new_pair.copy()
    new_run[1:] |= np.diff(kind) != 0
    starts = np.flatnonzero(new_run)
    pair, which = (np.cumsum(new_pair) - 1)[starts], kind[starts]
    pairs = int(new_pair.sum())
    ends = np.append(starts[1:], len(owner))
    sums = {
        "decayed": np.zeros((pairs, kinds, len(half_lives_days)), np.float32),
        "counts": np.zeros((pairs, kinds), np.float32),
        "recency_days": np.full((pairs, kinds), NEVER_DAYS, np.float32),
        "age_days": np.full((pairs, kinds), NEVER_DAYS, np.float32),
    }
    if pairs:
        for number, half_life in enumerate(half_lives_days):
            faded = np.exp2(-ages / half_life)
            sums["decayed"][pair, which, number] = np.add.reduceat(faded, starts)
        sums["counts"][pair, which] = ends - starts
        sums["recency_days"][pair, which] = ages[starts]
        sums["age_days"][pair, which] = ages[ends - 1]
    at = np.concatenate([[0], np.cumsum(np.bincount(owner[new_pair], minlength=customers))])
    return at.astype(np.int64), item[new_pair], sums


def _mean_prices(money: pl.DataFrame, items: int) -> Floats:
    """Return the mean price of each item over all buckets (V,), NaN where none is known."""
    codes = money["item"].to_numpy()
    total = np.bincount(codes, money["total"].to_numpy(), minlength=items)
    lines = np.bincount(codes, money["lines"].to_numpy(), minlength=items)
    return np.where(lines > 0, total / np.maximum(lines, 1), np.nan).astype(np.float32)
