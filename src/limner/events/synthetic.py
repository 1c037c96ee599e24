"""A made-up shop with known truth: who will leave, what they like, how much they spend."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from limner.config import Config
from limner.errors import BadConfig
from limner.events.event import CATALOGUE_SCHEMA, CATEGORY_SEPARATOR

__all__ = ["ShopConfig", "ShopTruth", "SyntheticShop"]

_SLICE_EVENTS = 250_000
_KINDS = ("view", "cart", "purchase")
_KIND_SHARES = (0.70, 0.15, 0.15)


class ShopConfig(Config):
    """How large the made-up shop is, and how its customers differ."""

    events: int = Field(100_000, ge=1)
    """How many events it writes, all together."""
    customers: int = Field(2_000, ge=1)
    """How many customers it has; a few may never do anything."""
    items: int = Field(500, ge=1)
    """How many items it sells."""
    categories: int = Field(12, ge=1)
    """Into how many categories they fall."""
    begins: datetime = datetime(2024, 1, 1, tzinfo=UTC)
    """When it opens."""
    days: int = Field(365, ge=1)
    """How long the log goes on, in days."""
    stays_days: float = Field(240.0, gt=0)
    """How long a customer stays on average, in days."""
    seed: int = 0
    """Seed of everything."""


@dataclass(frozen=True, slots=True)
class ShopTruth:
    """What no log says. M customers, K categories.

    ``customers`` (M,) ids in rising order; ``comes_day`` (M,) and ``leaves_day`` (M,) days after
    the opening, where leaving may lie beyond the log; ``churn_a_day`` (M,) the hazard of leaving;
    ``events_a_day`` (M,) while there, up to one factor for all; ``spend_level`` (M,) a factor on
    prices, median 1; ``tastes`` (M, K) shares of categories, rows add up to 1.
    """

    customers: NDArray[np.str_]
    comes_day: NDArray[np.float64]
    leaves_day: NDArray[np.float64]
    churn_a_day: NDArray[np.float64]
    events_a_day: NDArray[np.float64]
    spend_level: NDArray[np.float64]
    tastes: NDArray[np.float64]

    def alive(self, day: float) -> NDArray[np.bool_]:
        """Say who has come and not yet left on a day after the opening: (M,)."""
        return np.asarray((self.comes_day <= day) & (day < self.leaves_day))


class SyntheticShop:
    """A shop whose customers come, buy at their own rate and by their own taste, and leave.

    Each customer stays for an exponential time with a hazard of their own, and acts as a Poisson
    process meanwhile; the log is that process given its total. The same configuration gives the
    same events, however they are cut into frames.

    Parameters
    ----------
    config
        See :class:`ShopConfig`.

    Attributes
    ----------
    truth
        What the log does not say.

    Examples
    --------
    >>> shop = SyntheticShop(ShopConfig(events=1000, customers=50))
    >>> shop.events().height, shop.truth.tastes.shape
    (1000, (50, 12))
    """

    def __init__(self, config: ShopConfig | None = None) -> None:
        self.config = config or ShopConfig()
        rng = np.random.default_rng([self.config.seed, 0])
        self.truth = _people(self.config, rng)
        self._names = pl.Series("customer_id", self.truth.customers, dtype=pl.String)
        self._catalogue, self._bounds = _goods(self.config, rng)
        self._prices = self._catalogue["price"].to_numpy()
        self._cumulative_tastes = np.cumsum(self.truth.tastes, axis=1)

    def catalogue(self) -> pl.DataFrame:
        """Return the items, in the columns of the catalogue."""
        return self._catalogue

    def events(self) -> pl.DataFrame:
        """Return all events in one frame."""
        return pl.concat(list(self.batches()))

    def batches(self, *, batch_rows: int = 1_000_000) -> Iterator[pl.DataFrame]:
        """Go through the events in the order of time, in frames of ``batch_rows``, the last less.

        Columns ``customer_id``, ``time``, ``kind``, ``item_id``, ``order_id`` (purchases only),
        ``quantity``, ``price``, ``discount`` and ``currency``.
        """
        waiting: list[pl.DataFrame] = []
        held = 0
        for number, (start, end, count) in enumerate(self._slices()):
            rng = np.random.default_rng([self.config.seed, 1, number])
            waiting.append(self._slice(rng, number, start=start, end=end, count=count))
            held += count
            while held >= batch_rows:
                whole = pl.concat(waiting)
                yield whole.head(batch_rows)
                waiting, held = [whole.slice(batch_rows)], held - batch_rows
        if held:
            yield pl.concat(waiting)

    def _slices(self) -> Iterator[tuple[float, float, int]]:
        """Cut the time so that a slice has about as many events as can be made at once."""
        pieces = max(1, round(self.config.events / _SLICE_EVENTS), min(self.config.days, 24))
        edges = np.linspace(0, self.config.days, pieces + 1)
        weights = np.array([self._weights(*pair).sum() for pair in pairwise(edges)])
        upto = np.round(np.cumsum(weights) / weights.sum() * self.config.events).astype(int)
        counts = np.diff(upto, prepend=0)
        for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True):
            yield float(start), float(end), int(count)

    def _weights(self, start: float, end: float) -> NDArray[np.float64]:
        truth = self.truth
        there = np.minimum(truth.leaves_day, end) - np.maximum(truth.comes_day, start)
        return np.asarray(truth.events_a_day * np.clip(there, 0, None))

    def _slice(
        self, rng: np.random.Generator, number: int, *, start: float, end: float, count: int
    ) -> pl.DataFrame:
        truth = self.truth
        cumulative = np.cumsum(self._weights(start, end))
        who = np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right")
        who = np.minimum(who, len(cumulative) - 1)
        first = np.maximum(truth.comes_day[who], start)
        last = np.minimum(truth.leaves_day[who], end)
        day = first + rng.random(count) * (last - first)
        order = np.argsort(day)
        who, day = who[order], day[order]
        category = (rng.random((count, 1)) > self._cumulative_tastes[who]).sum(axis=1)
        category = np.minimum(category, self.config.categories - 1)
        low, high = self._bounds[category], self._bounds[category + 1]
        item = np.minimum(low + (rng.random(count) ** 3 * (high - low)).astype(int), high - 1)
        kind = rng.choice(len(_KINDS), size=count, p=_KIND_SHARES)
        bought = kind == _KINDS.index("purchase")
        price = np.round(self._prices[item] * truth.spend_level[who], 2)
        quantity = 1.0 + rng.poisson(0.4, count)
        reduced = bought & (rng.random(count) < 0.2)
        opening = int(self.config.begins.timestamp() * 1_000_000)
        time = opening + (day * 86_400_000_000).astype(np.int64)
        numbers = pl.Series(np.arange(count))
        only = pl.Series(bought)
        return pl.select(
            customer_id=self._names.gather(who),
            time=pl.lit(pl.Series(time)).cast(pl.Datetime("us", "UTC")),
            kind=pl.Series(_KINDS, dtype=pl.String).gather(kind),
            item_id=self._catalogue["item_id"].gather(item),
            order_id=pl.when(only).then(pl.format("o{}-{}", pl.lit(number), pl.lit(numbers))),
            quantity=pl.when(only).then(pl.lit(pl.Series(quantity))),
            price=pl.lit(pl.Series(price)),
            discount=pl.when(only).then(
                pl.lit(pl.Series(np.where(reduced, np.round(price * quantity * 0.1, 2), 0.0)))
            ),
            currency=pl.lit("EUR"),
        )


def _people(config: ShopConfig, rng: np.random.Generator) -> ShopTruth:
    count = config.customers
    comes = np.where(rng.random(count) < 0.5, 0.0, rng.random(count) * config.days * 0.8)
    churn = rng.gamma(2.0, 1 / (2.0 * config.stays_days), count) + 1e-6
    width = len(str(count - 1))
    return ShopTruth(
        customers=np.array([f"c{number:0{width}d}" for number in range(count)]),
        comes_day=comes,
        leaves_day=comes + rng.exponential(1 / churn),
        churn_a_day=churn,
        events_a_day=rng.gamma(0.8, 1.0, count) + 0.01,
        spend_level=np.exp(rng.normal(0.0, 0.4, count)),
        tastes=rng.dirichlet(np.full(config.categories, 0.4), count),
    )


def _goods(config: ShopConfig, rng: np.random.Generator) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """Lay the items out category by category; the first of each are the popular ones."""
    bounds = np.round(np.linspace(0, config.items, config.categories + 1)).astype(np.int64)
    if config.items < config.categories:
        raise BadConfig(
            f"items must be at least as many as categories, {config.categories}, got {config.items}"
        )
    category = np.repeat(np.arange(config.categories), np.diff(bounds))
    numbers = np.arange(config.items)
    prices = np.round(np.exp(rng.normal(2.5, 0.8, config.items)) + 0.5, 2)
    frame = pl.DataFrame({"number": numbers, "category": category, "price": prices})
    catalogue = frame.select(
        item_id=pl.format("i{}", "number"),
        title=pl.format("Thing number {}", "number"),
        description=pl.lit(None, pl.String),
        category=pl.concat_str(
            pl.format("department {}", pl.col("category") // 4),
            pl.format("category {}", "category"),
            separator=CATEGORY_SEPARATOR,
        ),
        brand=pl.format("brand {}", pl.col("number") % 7),
        price=pl.col("price"),
        image=pl.lit(None, pl.String),
    )
    return catalogue.cast(CATALOGUE_SCHEMA), bounds
