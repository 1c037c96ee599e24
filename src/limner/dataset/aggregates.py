"""The automatic aggregates: what a customer did before a moment, counted in every way we know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, field_validator

from limner.config import Config
from limner.dataset.habits import (
    HISTORY_NAMES,
    compare,
    compared_names,
    days_text,
    distinct,
    histories,
    is_unknown,
    order_names,
    order_statistics,
    orders_of,
)
from limner.dataset.ledger import Ledger, age_days
from limner.errors import NotFitted
from limner.events.queries import steady

__all__ = ["Aggregates", "AggregatesConfig", "Vocabulary"]

FACETS = ("kind", "department", "category", "brand", "band")


class AggregatesConfig(Config):
    """Which windows, decays and classes are counted."""

    windows_days: tuple[float, ...] = Field((7.0, 14.0, 30.0, 60.0, 90.0, 180.0), min_length=1)
    """Lengths of the windows that end at the cut, in days, rising."""
    half_lives_days: tuple[float, ...] = Field((7.0, 30.0, 90.0), min_length=1)
    """After so many days an event weighs half, in the exponentially decayed counters; rising."""
    kinds: int = Field(8, ge=1)
    """How many of the commonest kinds are counted apart."""
    departments: int = Field(24, ge=1)
    """How many of the commonest departments (first steps of the category path)."""
    categories: int = Field(96, ge=1)
    """How many of the commonest categories."""
    brands: int = Field(48, ge=1)
    """How many of the commonest brands."""
    bands: int = Field(5, ge=2)
    """Into how many bands of equal count the prices are cut."""
    hashed: int = Field(8, ge=1)
    """Into how many further columns each facet's rarer classes are hashed."""

    @field_validator("windows_days", "half_lives_days")
    @classmethod
    def _rise(cls, days: tuple[float, ...]) -> tuple[float, ...]:
        if not all(short < long for short, long in pairwise((0.0, *days))):
            raise ValueError("must be days above 0, each more than the one before")
        return days


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the aggregates learned before a moment: the commonest classes and the price edges.

    ``slots`` maps each facet to one column number a code (V,), -1 for none; ``labels`` names the
    columns; ``edges`` are the inner edges between price bands, in money.
    """

    slots: dict[str, NDArray[np.int64]]
    labels: dict[str, tuple[str, ...]]
    edges: tuple[float, ...]


class Aggregates:
    """Count, sum, time and compare each customer's events before a cut.

    Counts and sums by window, exponentially decayed counters, recency, gaps between orders and
    recency over the own usual gap, trends between windows, rhythm over the day and the week,
    discount share, price, diversity and entropy; and for each kind, department, category, brand and
    price band decayed counts and money, and recency. The commonest classes have columns of their
    own, the rest share hashed ones.

    A value that a history cannot give, like the gap of a single order, is NaN.

    Attributes
    ----------
    vocabulary_
        Set by :meth:`fit`.

    Examples
    --------
    >>> Aggregates().config.windows_days[0]
    7.0
    """

    def __init__(self, config: AggregatesConfig | None = None) -> None:
        self.config = config or AggregatesConfig()
        self.vocabulary_: Vocabulary | None = None

    def fit(self, ledger: Ledger, *, before: datetime) -> Self:
        """Learn the commonest classes and the price edges from events before a moment."""
        most = {
            "kind": self.config.kinds,
            "department": self.config.departments,
            "category": self.config.categories,
            "brand": self.config.brands,
        }
        counts: dict[str, list[pl.DataFrame]] = {facet: [] for facet in most}
        prices = []
        for _, _, part in ledger.parts():
            past = part.lazy().filter(pl.col("time") < before)
            for facet in most:
                counts[facet].append(past.group_by(facet).len().collect())
            prices.append(past.filter(pl.col("price") > 0).group_by("price").len().collect())
        slots, labels = {}, {}
        for facet, limit in most.items():
            names = ledger.kinds if facet == "kind" else ledger.names_of(facet)
            ranked = (
                pl.concat(counts[facet])
                .drop_nulls()
                .group_by(facet)
                .agg(pl.col("len").sum())
                .sort(["len", facet], descending=[True, False])[facet]
                .to_numpy()
            )
            # The catalogue's classes are known at any moment, but a kind only once it was seen.
            rest = len(ranked if facet == "kind" else names) > len(ranked[:limit])
            slots[facet], labels[facet] = _slots(
                ranked[:limit], names, self.config.hashed if rest else 0
            )
            if facet == "kind":
                unseen = np.setdiff1d(np.arange(len(names)), ranked)
                slots[facet][unseen] = -1
        edges = _edges(pl.concat(prices), self.config.bands)
        labels["band"] = tuple(f"price band {number + 1}" for number in range(len(edges) + 1))
        slots["band"] = np.arange(len(edges) + 1)
        self.vocabulary_ = Vocabulary(slots, labels, edges)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        self._fitted()
        return (*self._plain_names(), *self._facet_names())

    @property
    def edges(self) -> tuple[float, ...]:
        """The inner edges between price bands, in money, rising."""
        return self._fitted().edges

    def at(self, ledger: Ledger, cut: datetime) -> NDArray[np.float32]:
        """Describe every customer of the ledger as of a cut.

        Returns
        -------
        Values (N, D), one row a customer; a customer without an event before the cut has NaN
        everywhere but in counts, which are 0.

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        """
        self._fitted()
        blocks = [
            self._part(part, start, count, cut, ledger) for start, count, part in ledger.parts()
        ]
        return np.concatenate(blocks)

    def _fitted(self) -> Vocabulary:
        if self.vocabulary_ is None:
            raise NotFitted(
                "the aggregates have not learned their classes yet",
                hint="call fit(ledger, before=cut) first",
            )
        return self.vocabulary_

    def _part(
        self, part: pl.DataFrame, start: int, count: int, cut: datetime, ledger: Ledger
    ) -> NDArray[np.float32]:
        past = (
            part.filter(pl.col("time") < cut)
            .lazy()
            .with_columns((pl.col("customer") - start).alias("row"), age_days(cut).alias("age"))
            .with_columns(
                **{
                    f"decay_{days_text(life)}": pl.lit(0.5).pow(pl.col("age") / life)
                    for life in self.config.half_lives_days
                }
            )
            .collect()
        )
        frames = [
            histories(past, ledger),
            order_statistics(
                orders_of(past, ledger), self.config.windows_days, self.config.half_lives_days
            ),
        ]
        plain = pl.DataFrame({"row": np.arange(count, dtype=np.uint32)})
        for frame in frames:
            plain = plain.join(frame, on="row", how="left", maintain_order="left")
        plain = compare(plain, self.config.windows_days)
        columns = [
            plain[name].cast(pl.Float32).fill_null(np.nan if is_unknown(name) else 0.0)
            for name in self._plain_names()
        ]
        dense = np.column_stack([column.to_numpy() for column in columns])
        return np.concatenate([dense, self._facets(past, count)], axis=1)

    def _plain_names(self) -> tuple[str, ...]:
        return (
            *HISTORY_NAMES,
            *order_names(self.config.windows_days, self.config.half_lives_days),
            *compared_names(self.config.windows_days),
        )

    def _facet_names(self) -> tuple[str, ...]:
        vocabulary = self._fitted()
        return tuple(
            f"{measure}: {facet} {label}"
            for facet in FACETS
            for measure in self._measures(facet)
            for label in vocabulary.labels[facet]
        )

    def _measures(self, facet: str) -> list[str]:
        """Return what is counted by a facet; kinds, being few, are counted in every window."""
        lives = [days_text(life) for life in self.config.half_lives_days]
        if facet == "kind":
            return [
                *(f"count {days_text(days)}" for days in self.config.windows_days),
                *(f"decayed count {life}" for life in lives),
                "count",
                "distinct items",
                "days since",
            ]
        if facet == "brand":
            return [f"decayed count {lives[-1]}", "days since"]
        middle = lives[len(lives) // 2]
        return [
            *dict.fromkeys((f"decayed count {middle}", f"decayed count {lives[-1]}")),
            f"decayed amount {lives[-1]}",
            "days since",
        ]

    def _facets(self, past: pl.DataFrame, count: int) -> NDArray[np.float32]:
        vocabulary = self._fitted()
        blocks = []
        for facet in FACETS:
            codes = _band(vocabulary.edges) if facet == "band" else pl.col(facet)
            slots = pl.Series(vocabulary.slots[facet])
            measures = self._measures(facet)
            table = steady(
                past.lazy()
                .with_columns(codes.alias("code"))
                .filter(pl.col("code").is_not_null())
                .with_columns(slot=pl.lit(slots).gather(pl.col("code").cast(pl.UInt32)))
                .filter(pl.col("slot") >= 0)
                .group_by("row", "slot")
                .agg(_measure(measure).alias(measure) for measure in measures)
            )
            rows, places = table["row"].to_numpy(), table["slot"].to_numpy()
            width = len(vocabulary.labels[facet])
            for measure in measures:
                empty = np.nan if measure == "days since" else 0.0
                block = np.full((count, width), empty, np.float32)
                block[rows, places] = table[measure].to_numpy()
                blocks.append(block)
        return np.concatenate(blocks, axis=1)


def _slots(
    common: NDArray[Any], names: Sequence[str], hashed: int
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Give the commonest codes a column each, and spread the rest over hashed ones, if any."""
    slots = np.full(len(names), -1, np.int64)
    if hashed:
        # A name's own bytes decide, so that a code's column does not move when others come.
        spread = [sum(name.encode()) % hashed for name in names]
        slots = len(common) + np.asarray(spread, np.int64)
    slots[common.astype(np.int64)] = np.arange(len(common))
    labels = [names[code] for code in common] + [f"other {one + 1}" for one in range(hashed)]
    return slots, tuple(labels)


def _edges(counts: pl.DataFrame, bands: int) -> tuple[float, ...]:
    """Return the inner edges that cut counted prices into bands of equal count, rising."""
    total = counts.group_by("price").agg(pl.col("len").sum()).sort("price")
    if total.is_empty():
        return ()
    prices, up_to = total["price"].cast(pl.Float64).to_numpy(), np.cumsum(total["len"].to_numpy())
    rank = np.linspace(0, 1, bands + 1)[1:-1] * (up_to[-1] - 1)
    low = prices[np.searchsorted(up_to, np.floor(rank), side="right")]
    high = prices[np.searchsorted(up_to, np.ceil(rank), side="right")]
    return tuple(np.unique(low + (high - low) * (rank - np.floor(rank))).tolist())


def _band(edges: Sequence[float]) -> pl.Expr:
    """Return in which band a price lies, counted from 0; an edge belongs to the lower band."""
    price = pl.col("price").cast(pl.Float64)
    below = pl.when(price.is_not_null()).then(pl.lit(0, pl.UInt32))
    return reduce(add, ((price > edge).cast(pl.UInt32) for edge in edges), below)


def _measure(measure: str) -> pl.Expr:
    """Return the expression behind a facet's measure."""
    words = measure.split()
    if measure == "days since":
        return pl.col("age").min()
    if measure == "count":
        return pl.len()
    if measure == "distinct items":
        return distinct("item")
    if words[0] == "count":
        return (pl.col("age") <= float(words[1][:-1])).sum()
    weight = pl.col(f"decay_{words[2]}")
    return weight.sum() if words[1] == "count" else (weight * pl.col("amount")).sum()
