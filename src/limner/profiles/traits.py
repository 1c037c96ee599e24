"""What the log says of each customer: one bucket in, one row a customer out, nothing learned."""

from datetime import datetime, timedelta

import polars as pl

from limner.events.event import amount
from limner.events.queries import steady
from limner.profiles.references import DAY_US, References, TraitsConfig, before, orders_of

__all__ = ["learn_history", "learn_traits", "read_bucket"]

_UTC = pl.Datetime("us", "UTC")
_FAVOURITES = {"category": "categories", "brand": "brands", "item_id": "items"}


def read_bucket(events: pl.LazyFrame, references: References) -> pl.DataFrame:
    """Return one bucket's events before ``references.as_of``, sorted, each with what it was worth.

    The columns are ``code`` (the place of the customer among all of the bucket, by id),
    ``customer_id``, ``time``, ``kind``, ``item_id``, ``order_id``, ``quantity``, ``discount``,
    ``gross`` and ``amount`` in money, and of the item ``title``, ``category``, ``brand`` and
    ``price_position``. The order is total, so the input's order changes nothing.
    """
    quantity = pl.col("quantity").fill_null(1.0)
    order = ["customer_id", "time", "kind", "order_id", "item_id", "quantity", "amount"]
    return (
        before(events, references.as_of)
        .select(
            "customer_id",
            "time",
            "kind",
            "item_id",
            "order_id",
            quantity.alias("quantity"),
            pl.col("discount").fill_null(0.0),
            (pl.col("price") * quantity).fill_null(0.0).alias("gross"),
            amount().alias("amount"),
            "rating",
        )
        .sort(order)
        .with_columns(pl.col("customer_id").rle_id().alias("code"))
        .join(references.items.lazy(), on="item_id", how="left", maintain_order="left")
        .pipe(steady)
    )


def learn_traits(
    events: pl.LazyFrame | pl.DataFrame,
    references: References,
    *,
    config: TraitsConfig | None = None,
) -> pl.DataFrame:
    """Return one row a customer, sorted by ``customer_id``: everything the profile tells of them.

    Parameters
    ----------
    events
        One bucket of the log, whole customers in any order; or what :func:`read_bucket` made.
    references
        Of the whole shop, as of the same moment; only events strictly before it are read.

    Returns
    -------
    Plain columns for the scalar traits (money in the shop's currency, gaps and recency in days,
    shares in [0, 1]), lists for the counts by hour, weekday and week, and lists of records for
    ``kinds``, ``categories``, ``brands`` and ``items``. Null where nothing is known.
    """
    config = config or TraitsConfig()
    if isinstance(events, pl.LazyFrame):
        events = read_bucket(events, references)
    as_of = references.as_of
    bought = events.filter(pl.col("kind") == "purchase")
    orders = orders_of(bought.lazy(), "code").pipe(steady)
    people = _people(events)
    parts = [_orders(orders, as_of), _lines(bought), _returns(events), _kinds(events)]
    for part in parts:
        people = people.join(part, on="code", how="left", maintain_order="left")
    people = _derive(people)
    basis = people.select("code", "basis")
    more = [_rhythm(events, orders, basis, config), _weeks(events, as_of, config)]
    chosen = _chosen(events, basis)
    more += [_favourites(chosen, column, config.top) for column in _FAVOURITES]
    for part in more:
        people = people.join(part, on="code", how="left", maintain_order="left")
    money = pl.selectors.float().round(6)
    return people.drop("code").with_columns(money)


def learn_history(bucket: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return, for wanted pairs of ``customer_id`` and ``item_id``, how often and when last bought.

    Parameters
    ----------
    bucket
        What :func:`read_bucket` made.
    wanted
        The pairs; further columns are kept.

    Returns
    -------
    ``wanted`` in its order, with ``bought`` (orders), ``last_bought`` and ``last_order_id``; pairs
    never bought have 0 and nulls.
    """
    pairs = wanted.select("customer_id", "item_id").unique()
    found = (
        bucket.lazy()
        .filter(pl.col("kind") == "purchase")
        .join(pairs.lazy(), on=["customer_id", "item_id"], how="semi", maintain_order="left")
        .group_by("customer_id", "item_id")
        .agg(
            pl.struct(pl.col("order_id").fill_null(pl.col("time").cast(pl.String)))
            .n_unique()
            .alias("bought"),
            pl.col("time").last().alias("last_bought"),
            pl.col("order_id").last().alias("last_order_id"),
        )
        .pipe(steady)
    )
    return wanted.join(
        found, on=["customer_id", "item_id"], how="left", maintain_order="left"
    ).with_columns(pl.col("bought").fill_null(0))


def _people(events: pl.DataFrame) -> pl.DataFrame:
    """Return everybody of the bucket, with the first and the last event as witnesses."""
    ends = [
        expression(pl.col(name)).alias(f"{end}_seen_{name}")
        for end, expression in (("first", pl.Expr.first), ("last", pl.Expr.last))
        for name in ("kind", "time", "order_id", "item_id")
    ]
    return (
        events.lazy()
        .group_by("code")
        .agg(
            pl.col("customer_id").first(),
            pl.len().alias("events"),
            pl.col("rating").mean().alias("mean_rating"),
            *ends,
        )
        .sort("code")
        .rename({"first_seen_time": "first_seen", "last_seen_time": "last_seen"})
        .pipe(steady)
    )


def _orders(orders: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Return what the orders say: how many, when, how far apart, how large."""
    moment = pl.lit(as_of).cast(_UTC)
    gaps = pl.col("time").diff().dt.total_microseconds() / DAY_US
    largest = pl.col("amount").arg_max()
    last_month = pl.col("time") >= moment - timedelta(days=30)
    month_before = (pl.col("time") >= moment - timedelta(days=60)) & ~last_month
    return (
        orders.lazy()
        .group_by("code")
        .agg(
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col("time").first().alias("first_order"),
            pl.col("order_id").first().alias("first_order_id"),
            pl.col("time").last().alias("last_order"),
            pl.col("order_id").last().alias("last_order_id"),
            pl.col("amount").max().alias("largest_order_value"),
            pl.col("time").get(largest, null_on_oob=True).alias("largest_order"),
            pl.col("order_id").get(largest, null_on_oob=True).alias("largest_order_id"),
            ((moment - pl.col("time").max()).dt.total_microseconds() / DAY_US).alias(
                "recency_days"
            ),
            gaps.median().alias("usual_gap_days"),
            gaps.mean().alias("average_gap_days"),
            gaps.last().alias("gap_before_last_days"),
            pl.col("lines").mean().alias("lines_per_order"),
            pl.col("pieces").mean().alias("pieces_per_order"),
            last_month.sum().cast(pl.Int64).alias("orders_last_30_days"),
            pl.col("amount").filter(last_month).sum().alias("spend_last_30_days"),
            pl.col("amount").filter(month_before).sum().alias("spend_30_days_before"),
        )
        .pipe(steady)
    )


def _lines(bought: pl.DataFrame) -> pl.DataFrame:
    """Return what the purchase lines say: money, discount, variety, where the prices stand."""
    weight = pl.col("quantity").filter(pl.col("price_position").is_not_null()).sum()
    position = (pl.col("price_position") * pl.col("quantity")).sum() / weight
    gross = pl.col("gross").sum()
    named = pl.col("item_id").count()
    return (
        bought.lazy()
        .group_by("code")
        .agg(
            pl.col("amount").sum().alias("bought"),
            pl.when(gross > 0).then(pl.col("discount").sum() / gross).alias("discount_share"),
            pl.col("quantity").sum().alias("pieces"),
            pl.len().cast(pl.Int64).alias("lines"),
            pl.col("item_id").drop_nulls().n_unique().cast(pl.Int64).alias("distinct_items"),
            pl.col("category").drop_nulls().n_unique().cast(pl.Int64).alias("distinct_categories"),
            pl.col("brand").drop_nulls().n_unique().cast(pl.Int64).alias("distinct_brands"),
            pl.when(named > 0)
            .then(1 - pl.col("item_id").drop_nulls().n_unique() / named)
            .alias("repeat_share"),
            pl.when(weight > 0).then(position).alias("price_position"),
        )
        .pipe(steady)
    )


def _returns(events: pl.DataFrame) -> pl.DataFrame:
    """Return what came back."""
    return (
        events.lazy()
        .filter(pl.col("kind") == "return")
        .group_by("code")
        .agg(
            pl.col("amount").sum().alias("returned"),
            pl.len().cast(pl.Int64).alias("returns"),
            pl.col("time").last().alias("last_return"),
            pl.col("order_id").last().alias("last_return_order_id"),
            pl.col("item_id").last().alias("last_return_item_id"),
        )
        .pipe(steady)
    )


def _kinds(events: pl.DataFrame) -> pl.DataFrame:
    """Return how often each kind of thing was done, most often first."""
    return (
        events.lazy()
        .group_by("code", "kind")
        .len("count")
        .sort(["code", "count", "kind"], descending=[False, True, False])
        .group_by("code", maintain_order=True)
        .agg(pl.struct("kind", "count").alias("kinds"))
        .pipe(steady)
    )


def _derive(people: pl.DataFrame) -> pl.DataFrame:
    """Return the table with what follows from its columns; counts are 0 where nothing happened."""
    counts = ["orders", "lines", "returns", "orders_last_30_days"]
    sums = ["bought", "returned", "pieces", "spend_last_30_days", "spend_30_days_before"]
    spend = pl.col("bought") - pl.col("returned")
    ordered = pl.col("orders") > 0
    usual = pl.max_horizontal("usual_gap_days", pl.lit(1.0))
    return people.with_columns(
        pl.col(counts).fill_null(0), pl.col(sums).fill_null(0.0)
    ).with_columns(
        spend.alias("spend"),
        pl.when(ordered).then(spend / pl.col("orders")).alias("average_order_value"),
        pl.when(pl.col("bought") > 0)
        .then(pl.col("returned") / pl.col("bought"))
        .alias("return_share"),
        pl.when(pl.col("usual_gap_days").is_not_null())
        .then(pl.col("recency_days") / usual)
        .alias("recency_in_usual_gaps"),
        pl.when(pl.col("price_position") < 1 / 3)
        .then(pl.lit("low"))
        .when(pl.col("price_position") < 2 / 3)
        .then(pl.lit("medium"))
        .when(pl.col("price_position").is_not_null())
        .then(pl.lit("high"))
        .alias("price_tier"),
        pl.when(pl.col("bought") > 0)
        .then(pl.lit("spend"))
        .when(ordered)
        .then(pl.lit("purchases"))
        .otherwise(pl.lit("events"))
        .alias("basis"),
    )


def _rhythm(
    events: pl.DataFrame, orders: pl.DataFrame, basis: pl.DataFrame, config: TraitsConfig
) -> pl.DataFrame:
    """Return counts by hour and weekday of orders, or of events where there is no order."""
    only_events = basis.lazy().filter(pl.col("basis") == "events")
    other = events.lazy().join(only_events, on="code", how="semi")
    local = pl.col("time").dt.convert_time_zone(config.time_zone)
    hour, weekday = pl.col("hour"), pl.col("weekday")
    return (
        pl.concat([orders.lazy().select("code", "time"), other.select("code", "time")])
        .select("code", local.dt.hour().alias("hour"), (local.dt.weekday() - 1).alias("weekday"))
        .group_by("code", "hour", "weekday")
        .len("count")
        .group_by("code")
        .agg(
            *(pl.col("count").filter(hour == h).sum().alias(f"h{h}") for h in range(24)),
            *(pl.col("count").filter(weekday == d).sum().alias(f"d{d}") for d in range(7)),
        )
        .select(
            "code",
            pl.concat_list([f"h{h}" for h in range(24)]).alias("hours"),
            pl.concat_list([f"d{d}" for d in range(7)]).alias("weekdays"),
        )
        .pipe(steady)
    )


def _weeks(events: pl.DataFrame, as_of: datetime, config: TraitsConfig) -> pl.DataFrame:
    """Return net spend in each of the weeks before the moment, the newest last."""
    sign = pl.when(pl.col("kind") == "return").then(-1.0).otherwise(1.0)
    since = (pl.lit(as_of).cast(_UTC) - pl.col("time")).dt.total_microseconds()
    week = ((since - 1) // (7 * DAY_US)).alias("week")
    names = [f"w{each}" for each in reversed(range(config.weeks))]
    return (
        events.lazy()
        .filter(pl.col("kind").is_in(["purchase", "return"]))
        .select("code", week, (sign * pl.col("amount")).alias("net"))
        .filter(pl.col("week") < config.weeks)
        .group_by("code", "week")
        .agg(pl.col("net").sum())
        .group_by("code")
        .agg(
            pl.col("net").filter(pl.col("week") == int(name[1:])).sum().round(2).alias(name)
            for name in names
        )
        .select("code", pl.concat_list(names).alias("weekly_spend"))
        .pipe(steady)
    )


def _chosen(events: pl.DataFrame, basis: pl.DataFrame) -> pl.DataFrame:
    """Return the lines that favourites are made of, each with its share of its customer's whole.

    The whole is spend, or purchases where nothing has a price, or events where there is no
    purchase.
    """
    by_spend, by_event = pl.col("basis") == "spend", pl.col("basis") == "events"
    worth = pl.when(by_spend).then(pl.col("amount").clip(0)).otherwise(1.0)
    lines = (
        events.lazy()
        .join(basis.lazy(), on="code", how="left", maintain_order="left")
        .filter((pl.col("kind") == "purchase") | (by_event & pl.col("item_id").is_not_null()))
        .with_columns(worth.alias("worth"))
    )
    whole = lines.group_by("code").agg(pl.col("worth").sum().alias("whole"))
    return (
        lines.join(whole, on="code", how="left", maintain_order="left")
        .with_columns(
            (pl.col("worth") / pl.col("whole")).alias("share"),
            pl.when(pl.col("kind") == "purchase").then("amount").otherwise(0.0).alias("spend"),
        )
        .pipe(steady)
    )


def _favourites(chosen: pl.DataFrame, column: str, top: int) -> pl.DataFrame:
    """Return the largest shares of one column, each with its last event."""
    fields = ["key", "name", "share", "count", "spend", "kind", "time", "order_id", "item"]
    return (
        chosen.lazy()
        .filter(pl.col(column).is_not_null())
        .group_by("code", pl.col(column).alias("key"))
        .agg(
            pl.col("title" if column == "item_id" else column).last().alias("name"),
            pl.col("share", "spend").sum().round(6),
            pl.len().alias("count"),
            pl.col("kind", "time", "order_id").last(),
            pl.col("item_id").last().alias("item"),
        )
        .sort(["code", "share", "count", "key"], descending=[False, True, True, False])
        .group_by("code", maintain_order=True)
        .head(top)
        .group_by("code", maintain_order=True)
        .agg(pl.struct(fields).alias(_FAVOURITES[column]))
        .pipe(steady)
    )
