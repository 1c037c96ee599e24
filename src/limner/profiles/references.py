"""What one customer is compared with: the fifths, prices and tastes of the whole shop.

Learned in a first pass over all buckets, so that the second pass is a function of one bucket.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import polars as pl
from pydantic import Field

from limner.config import Config
from limner.errors import BadShape
from limner.events.event import CATALOGUE_SCHEMA, CATEGORY_SEPARATOR, amount
from limner.profiles.store import PopularItem

__all__ = [
    "DAY_US",
    "References",
    "Tally",
    "TraitsConfig",
    "before",
    "learn_references",
    "orders_of",
    "tally",
    "with_news",
]

DAY_US = 86_400_000_000
"""Microseconds of a day."""
_UTC = pl.Datetime("us", "UTC")


class TraitsConfig(Config):
    """What the traits count, and how finely."""

    category_steps: int = Field(2, ge=1)
    """How many steps of a category path make a category; the rest is cut off."""
    top: int = Field(5, ge=1, le=100)
    """How many favourite categories, brands and items are kept, each."""
    time_zone: str = "UTC"
    """In which zone hours and weekdays are counted: an IANA name."""
    weeks: int = Field(52, ge=1, le=520)
    """How many weeks of spend are kept."""
    popular_days: int = Field(28, ge=1)
    """In how many days before the moment an item's popularity is counted."""
    popular_items: int = Field(50, ge=0)
    """How many popular items of the shop are kept."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What one bucket adds to the references; all of it adds up or concatenates.

    ``customers`` has one row a customer who ordered: recency_days, orders, spend, usual_gap_days.
    ``items``: pieces and gross sold, recent_buyers. ``currencies``: how many purchase lines.
    """

    customers: pl.DataFrame
    items: pl.DataFrame
    currencies: pl.DataFrame
    purchases: int
    at_midnight: int
    recent_buyers: int


@dataclass(frozen=True, slots=True)
class References:
    """The shop as a whole as of a moment.

    The edges are the four inner bounds of the fifths over all customers who ordered, empty where
    nobody did. ``items``: item_id, title, category (cut to its steps), brand, price_position:
    where its price stands among the items of its category, 0 cheapest to 1 dearest.
    """

    as_of: datetime
    customers: int
    recency_edges: tuple[float, ...]
    frequency_edges: tuple[float, ...]
    monetary_edges: tuple[float, ...]
    usual_gap_days: float | None
    currency: str | None
    knows_hours: bool
    items: pl.DataFrame
    popular: tuple[PopularItem, ...]


def before(events: pl.LazyFrame, as_of: datetime) -> pl.LazyFrame:
    """Return the events strictly before the moment."""
    if as_of.utcoffset() is None:
        raise BadShape(
            f"as_of must have a zone, got {as_of.isoformat()}", hint="datetime(..., tzinfo=UTC)"
        )
    return events.filter(pl.col("time") < pl.lit(as_of).cast(_UTC))


def orders_of(purchases: pl.LazyFrame, who: str = "customer_id") -> pl.LazyFrame:
    """Return one row an order: who, order_id, time (its first line), amount, lines, pieces.

    Lines of one customer with one ``order_id`` are one order; without an id, those of one moment.
    The lines need ``amount`` and ``quantity``. Sorted by who, time and order_id.
    """
    moment = pl.when(pl.col("order_id").is_null()).then(pl.col("time"))
    return (
        purchases.group_by(who, "order_id", moment.alias("moment"))
        .agg(
            pl.col("time").min(),
            pl.col("amount").sum(),
            pl.len().alias("lines"),
            pl.col("quantity").fill_null(1.0).sum().alias("pieces"),
        )
        .drop("moment")
        .sort(who, "time", "order_id")
    )


def tally(events: pl.LazyFrame, *, as_of: datetime, config: TraitsConfig | None = None) -> Tally:
    """Count what one bucket adds to the references.

    Parameters
    ----------
    events
        One bucket of the log; whole customers, in any order.
    as_of
        Only events strictly before this moment are read.
    """
    config = config or TraitsConfig()
    moment = pl.lit(as_of).cast(_UTC)
    names = ["customer_id", "time", "kind", "item_id", "order_id", "quantity", "currency"]
    money = (
        before(events, as_of)
        .filter(pl.col("kind").is_in(["purchase", "return"]))
        .select(*names, amount().alias("amount"), "price")
    )
    lines = money.filter(pl.col("kind") == "purchase")
    days = (pl.col("time").diff().dt.total_microseconds() / DAY_US).alias("days")
    orders = orders_of(lines)
    returned = (
        money.filter(pl.col("kind") == "return")
        .group_by("customer_id")
        .agg(pl.col("amount").sum().alias("returned"))
    )
    customers = (
        orders.group_by("customer_id")
        .agg(
            ((moment - pl.col("time").max()).dt.total_microseconds() / DAY_US).alias(
                "recency_days"
            ),
            pl.len().cast(pl.Float64).alias("orders"),
            pl.col("amount").sum().alias("spend"),
            days.median().alias("usual_gap_days"),
        )
        .join(returned, on="customer_id", how="left")
        .with_columns(
            (pl.col("spend") - pl.col("returned").fill_null(0.0)).round(6),
            pl.col("recency_days", "usual_gap_days").round(6),  # as the traits are
        )
        .sort("customer_id")
        .select("recency_days", "orders", "spend", "usual_gap_days")
    )
    recent = pl.col("time") >= moment - timedelta(days=config.popular_days)
    quantity = pl.col("quantity").fill_null(1.0)
    priced = (pl.col("price") > 0) & (quantity > 0)
    items = (
        lines.filter(pl.col("item_id").is_not_null())
        .group_by("item_id")
        .agg(
            quantity.filter(priced).sum().alias("pieces"),
            (pl.col("price") * quantity).filter(priced).sum().alias("gross"),
            pl.col("customer_id").filter(recent).n_unique().alias("recent_buyers"),
        )
    )
    counted = lines.select(
        pl.len().alias("purchases"),
        (pl.col("time").dt.time() == pl.time(0)).sum().alias("at_midnight"),
        pl.col("customer_id").filter(recent).n_unique().alias("recent_buyers"),
    )
    currencies = lines.group_by("currency").len("lines").filter(pl.col("currency").is_not_null())
    found = pl.collect_all([customers, items, currencies, counted], engine="in-memory")
    purchases, at_midnight, recent_buyers = found[3].row(0)
    return Tally(found[0], found[1], found[2], purchases, at_midnight, recent_buyers)


def learn_references(
    buckets: Iterable[pl.LazyFrame],
    catalogue: pl.DataFrame | None = None,
    *,
    as_of: datetime,
    config: TraitsConfig | None = None,
) -> References:
    """Learn what every customer is compared with, one bucket after another.

    Parameters
    ----------
    buckets
        The log, cut into whole customers. Their order does not matter.
    catalogue
        Of ``CATALOGUE_SCHEMA``, or None where the shop has none.
    as_of
        Only events strictly before this moment are read.

    Raises
    ------
    BadShape
        If ``as_of`` has no zone.
    """
    config = config or TraitsConfig()
    tallies = [tally(bucket, as_of=as_of, config=config) for bucket in buckets]
    if not tallies:
        raise BadShape("a log must have at least one bucket", hint="ingest some events first")
    customers = pl.concat([each.customers for each in tallies])
    items = _items(pl.concat([each.items for each in tallies]), catalogue, config)
    currencies = pl.concat([each.currencies for each in tallies]).group_by("currency").sum()
    commonest = currencies.sort(["lines", "currency"], descending=[True, False])["currency"]
    purchases = sum(each.purchases for each in tallies)
    gap = customers["usual_gap_days"].median()
    return References(
        as_of=as_of,
        customers=len(customers),
        recency_edges=_edges(customers["recency_days"]),
        frequency_edges=_edges(customers["orders"]),
        monetary_edges=_edges(customers["spend"]),
        usual_gap_days=float(gap) if isinstance(gap, float) else None,
        currency=commonest[0] if len(commonest) else None,
        knows_hours=sum(each.at_midnight for each in tallies) < 0.99 * max(purchases, 1),
        items=items.drop("recent_buyers"),
        popular=_popular(items, sum(each.recent_buyers for each in tallies), config),
    )


def _edges(values: pl.Series) -> tuple[float, ...]:
    """Return the four inner bounds of the fifths: values that occur, at 20, 40, 60 and 80 %."""
    if values.is_empty():
        return ()
    found = [values.quantile(share, "lower") for share in (0.2, 0.4, 0.6, 0.8)]
    return tuple(float(edge) for edge in found if edge is not None)


def _items(
    sold: pl.DataFrame, catalogue: pl.DataFrame | None, config: TraitsConfig
) -> pl.DataFrame:
    """Return what is known of every item sold or listed, and where its price stands."""
    listed = pl.DataFrame(schema=CATALOGUE_SCHEMA) if catalogue is None else catalogue
    rank = pl.col("unit_price").rank("average").over("category")
    among = pl.col("unit_price").count().over("category")
    return (
        _listed(listed, config)
        .unique("item_id", keep="first", maintain_order=True)
        .join(sold.group_by("item_id").sum(), on="item_id", how="full", coalesce=True)
        .with_columns(
            pl.when(pl.col("pieces") > 0)
            .then((pl.col("gross") / pl.col("pieces")).round_sig_figs(10))
            .alias("unit_price")
        )
        .with_columns(((rank - 0.5) / among).alias("price_position"))
        .select("item_id", "title", "category", "brand", "price_position", "recent_buyers")
        .sort("item_id")
    )


def _listed(catalogue: pl.DataFrame, config: TraitsConfig) -> pl.DataFrame:
    """Return what a catalogue says of items, their categories cut to so many steps."""
    steps = pl.col("category").str.split(CATEGORY_SEPARATOR).list.head(config.category_steps)
    return catalogue.select(
        "item_id", "title", steps.list.join(CATEGORY_SEPARATOR).alias("category"), "brand"
    )


def with_news(references: References, catalogue: pl.DataFrame, config: TraitsConfig) -> References:
    """Return references that know items which were told of since, but for where a price stands."""
    told = _listed(catalogue, config)
    rows = references.items.join(told, on="item_id", how="full", coalesce=True, suffix="_told")
    return replace(
        references,
        items=rows.select(
            "item_id",
            *(pl.coalesce(f"{name}_told", name).alias(name) for name in _WORDS),
            "price_position",
        ).sort("item_id"),
    )


_WORDS = ("title", "category", "brand")


def _popular(items: pl.DataFrame, buyers: int, config: TraitsConfig) -> tuple[PopularItem, ...]:
    """Return what most customers bought lately, most first."""
    most = (
        items.filter(pl.col("recent_buyers") > 0)
        .sort(["recent_buyers", "item_id"], descending=[True, False])
        .head(config.popular_items)
        .select("item_id", pl.col("title").fill_null(pl.col("item_id")), "recent_buyers")
    )
    return tuple(PopularItem(item, title, count / buyers) for item, title, count in most.rows())
