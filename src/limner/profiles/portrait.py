"""Join what the log says with what the models expect: one profile a customer, bucket by bucket."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic import Field

from limner.config import Config
from limner.events.event import CATEGORY_SEPARATOR
from limner.profiles.inputs import Answered, Describes, RankedInput, TraitInput
from limner.profiles.lifecycle import (
    StageConfig,
    high_is_good,
    low_is_good,
    rfm_group,
    stage,
)
from limner.profiles.reasons import recommend_items
from limner.profiles.record import (
    Attribute,
    CustomerValue,
    Described,
    EventReference,
    Favourite,
    Identity,
    KindCount,
    Lifecycle,
    Prediction,
    Profile,
    Rhythm,
    Score,
    Trait,
)
from limner.profiles.references import References, TraitsConfig, before
from limner.profiles.store import About
from limner.profiles.summary import summarise
from limner.profiles.traits import learn_history, learn_traits, read_bucket

__all__ = ["PortraitConfig", "about", "portray"]

Row = Mapping[str, Any]

_MONEY = "money"
_TRAITS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("orders", "orders", ("first", "last")),
    ("spend", _MONEY, ("largest", "last")),
    ("average_order_value", _MONEY, ("largest",)),
    ("largest_order_value", _MONEY, ("largest",)),
    ("recency_days", "days", ("last",)),
    ("usual_gap_days", "days", ("last",)),
    ("average_gap_days", "days", ("first", "last")),
    ("recency_in_usual_gaps", "gaps", ("last",)),
    ("tenure_days", "days", ("first_seen",)),
    ("orders_last_30_days", "orders", ("last",)),
    ("spend_last_30_days", _MONEY, ("last",)),
    ("spend_30_days_before", _MONEY, ()),
    ("pieces", "pieces", ("first", "last")),
    ("lines_per_order", "lines", ("first", "last")),
    ("pieces_per_order", "pieces", ("first", "last")),
    ("distinct_items", "items", ("first", "last")),
    ("distinct_categories", "categories", ("first", "last")),
    ("distinct_brands", "brands", ("first", "last")),
    ("repeat_share", "share", ("first", "last")),
    ("discount_share", "share", ("first", "last")),
    ("return_share", "share", ("returned",)),
    ("price_position", "share", ("first", "last")),
    ("price_tier", "tier", ("first", "last")),
    ("mean_rating", "stars", ()),
    ("events", "events", ("last_seen",)),
)
"""Every scalar trait: its name, its unit, and the events that witness it; where it rests on all
orders, the first and the last of them."""


class PortraitConfig(Config):
    """How a portrait is drawn."""

    traits: TraitsConfig = TraitsConfig()
    """What is counted, and how finely."""
    stages: StageConfig = StageConfig()
    """When a customer is slowing or lapsed."""
    churn: str = "churn"
    """Which question gives ``churn_probability``."""
    orders: str = "orders"
    """Which question gives ``predicted_number_of_orders``."""
    spend: str = "spend"
    """Which question gives ``predicted_clv``."""
    recommendations: int = Field(20, ge=0)
    """How many ranked items a profile keeps, and of further ones as many as make so many new."""


def portray(
    buckets: Iterable[pl.LazyFrame],
    references: References,
    *,
    computed_at: datetime,
    attributes: pl.DataFrame | None = None,
    traits: Sequence[TraitInput] = (),
    predictions: Sequence[Answered] = (),
    ranked: RankedInput | None = None,
    describes: Describes | None = None,
    model_version: str | None = None,
    config: PortraitConfig | None = None,
) -> Iterator[Profile]:
    """Draw every customer of the log as of ``references.as_of``, one bucket at a time.

    Parameters
    ----------
    buckets
        The log, cut into whole customers; only events strictly before the moment are read.
    references
        What :func:`~limner.profiles.references.learn_references` made of the same log.
    computed_at
        When this is being done, with a zone.
    attributes
        Of ``ATTRIBUTES_SCHEMA``: the newest value known before the moment counts; one named
        ``alias`` is another name of the customer.
    traits
        What is known of customers beside what the log counts.
    predictions, ranked
        What the models expect; customers that do not occur in them have a profile without.
    describes
        Who reads the events themselves; none: nobody.
    model_version
        Which models the predictions are from.

    Yields
    ------
    Profiles; within a bucket in the order of customer ids.
    """
    config = config or PortraitConfig()
    names = {} if ranked is None else dict(references.items.select("item_id", "title").rows())
    popular = frozenset(item.item_id for item in references.popular)
    told = _attributes(attributes, references.as_of)
    for events in buckets:
        bucket = read_bucket(events, references)
        described: Mapping[str, Described] = {}
        if describes is not None:
            past = before(events, references.as_of).collect()
            described = describes.describe(past, references.items, references.as_of)
        table = learn_traits(bucket, references, config=config.traits)
        history = _history(bucket, table["customer_id"], ranked, config, references)
        for row in table.iter_rows(named=True):
            customer = row["customer_id"]
            answers = tuple(
                answer for each in predictions if (answer := each.of(customer)) is not None
            )
            profile = Profile(
                customer_id=customer,
                as_of=references.as_of,
                computed_at=computed_at,
                identity=_identity(row, told.get(customer, ())),
                lifecycle=_lifecycle(row, references, config.stages),
                rhythm=_rhythm(row, references, config.traits),
                value=_value(row, answers, references.as_of, config),
                currency=references.currency,
                model_version=model_version,
                traits=_traits(row, references) + _more(traits, customer),
                categories=_favourites(row, "categories"),
                brands=_favourites(row, "brands"),
                items=_favourites(row, "items"),
                kinds=tuple(KindCount(each["kind"], each["count"]) for each in row["kinds"]),
                predictions=answers,
                described=described.get(customer),
            )
            wanted = history.get(customer, ())
            if wanted:
                chosen = recommend_items(profile, wanted, names, popular)
                profile = replace(profile, recommendations=chosen)
            yield replace(profile, summary=summarise(profile))


def about(
    references: References, *, computed_at: datetime, model_version: str | None = None
) -> About:
    """Return what holds for all profiles drawn with these references."""
    return About(
        as_of=references.as_of,
        computed_at=computed_at,
        model_version=model_version,
        currency=references.currency,
        popular=references.popular,
    )


def _witness(row: Row, name: str) -> EventReference | None:
    """Return the event that a trait rests on, or None where there was none."""
    if name in {"first_seen", "last_seen"}:
        return EventReference(
            row[f"{name}_kind"], row[name], row[f"{name}_order_id"], row[f"{name}_item_id"]
        )
    if name == "returned":
        if row["last_return"] is None:
            return None
        item, order = row["last_return_item_id"], row["last_return_order_id"]
        return EventReference("return", row["last_return"], order, item)
    time = row[f"{name}_order"]
    return None if time is None else EventReference("purchase", time, row[f"{name}_order_id"])


def _more(traits: Sequence[TraitInput], customer: str) -> tuple[Trait, ...]:
    return tuple(
        Trait(each.name, each.values[customer], each.unit, each.as_of, each.source)
        for each in traits
        if customer in each.values
    )


def _traits(row: Row, references: References) -> tuple[Trait, ...]:
    as_of, currency = references.as_of, references.currency or _MONEY
    names = ("first", "last", "largest", "first_seen", "last_seen", "returned")
    witnesses = {name: _witness(row, name) for name in names}
    known = dict(row) | {"tenure_days": (as_of - row["first_seen"]) / timedelta(days=1)}
    return tuple(
        Trait(
            name,
            round(value, 6) if isinstance(value, float) else value,
            currency if unit == _MONEY else unit,
            as_of,
            "log",
            tuple(dict.fromkeys(event for each in seen if (event := witnesses[each]))),
        )
        for name, unit, seen in _TRAITS
        if (value := known[name]) is not None
    )


def _identity(row: Row, told: Sequence[Attribute]) -> Identity:
    return Identity(
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        aliases=tuple(each.value for each in told if each.name == "alias"),
        attributes=tuple(each for each in told if each.name != "alias"),
    )


def _lifecycle(row: Row, references: References, config: StageConfig) -> Lifecycle:
    orders, recency, spend = row["orders"], row["recency_days"], row["spend"]
    r = f = m = None
    if orders:
        r = low_is_good(recency, references.recency_edges)
        f = high_is_good(orders, references.frequency_edges)
        m = high_is_good(spend, references.monetary_edges)
    return Lifecycle(
        stage=stage(
            orders,
            recency,
            own_gap_days=row["usual_gap_days"],
            shop_gap_days=references.usual_gap_days,
            gap_before_last_days=row["gap_before_last_days"],
            config=config,
        ),
        rfm_group=rfm_group(r, f, m),
        recency=Score("days", recency, r),
        frequency=Score("orders", float(orders), f),
        monetary=Score(references.currency or _MONEY, spend, m),
    )


def _rhythm(row: Row, references: References, config: TraitsConfig) -> Rhythm:
    hours = tuple(row["hours"]) if references.knows_hours else ()
    weekdays = tuple(row["weekdays"])
    return Rhythm(
        basis="events" if row["basis"] == "events" else "orders",
        time_zone=config.time_zone,
        hours=hours,
        weekdays=weekdays,
        preferred_hour=hours.index(max(hours)) if hours else None,
        preferred_weekday=weekdays.index(max(weekdays)),
        usual_gap_days=row["usual_gap_days"],
        weekly_spend=tuple(row["weekly_spend"] or ()),
    )


def _favourites(row: Row, column: str) -> tuple[Favourite, ...]:
    return tuple(
        Favourite(
            key=each["key"],
            name=_short(each["name"], column) or each["key"],
            share=each["share"],
            basis=row["basis"],
            count=each["count"],
            spend=each["spend"],
            last=EventReference(each["kind"], each["time"], each["order_id"], each["item"]),
        )
        for each in row[column] or ()
    )


def _short(name: str | None, column: str) -> str | None:
    """Return the last step of a category path, other names as they are."""
    if name is None or column != "categories":
        return name
    return name.split(CATEGORY_SEPARATOR)[-1]


def _value(
    row: Row, answers: tuple[Prediction, ...], as_of: datetime, config: PortraitConfig
) -> CustomerValue:
    """Fill Klaviyo's fields.

    The next order is expected one average gap after the last; where that has passed, the moment
    at which the predicted orders, spread evenly, reach one; null where they do not.
    """
    by_question = {each.question: each for each in answers}
    churn, orders, spend = (
        by_question.get(name) for name in (config.churn, config.orders, config.spend)
    )
    gap, last, next_order = row["average_gap_days"], row["last_order"], None
    if gap is not None:
        next_order = last + timedelta(days=gap)
    if (next_order is None or next_order < as_of) and last is not None:
        enough = orders is not None and orders.value >= 1
        next_order = (
            as_of + timedelta(days=orders.horizon_days / orders.value)
            if orders is not None and enough
            else None
        )
    predicted = spend.value if spend else None
    days = {each.horizon_days for each in (orders, spend) if each}
    return CustomerValue(
        historic_clv=row["spend"],
        predicted_clv=predicted,
        total_clv=None if predicted is None else round(row["spend"] + predicted, 6),
        historic_number_of_orders=row["orders"],
        predicted_number_of_orders=orders.value if orders else None,
        average_order_value=row["average_order_value"],
        average_days_between_orders=gap,
        expected_date_of_next_order=next_order,
        churn_probability=churn.value if churn else None,
        prediction_days=days.pop() if len(days) == 1 else None,
    )


def _attributes(table: pl.DataFrame | None, as_of: datetime) -> dict[str, tuple[Attribute, ...]]:
    """Return the newest values known before the moment, by customer."""
    if table is None or table.is_empty():
        return {}
    moment = pl.lit(as_of).cast(pl.Datetime("us", "UTC"))
    newest = (
        table.filter(
            (pl.col("known_at").is_null() | (pl.col("known_at") < moment))
            & pl.col("value").is_not_null()
        )
        .sort("customer_id", "name", "known_at", "value", nulls_last=False)
        .unique(["customer_id", "name"], keep="last", maintain_order=True)
        .group_by("customer_id", maintain_order=True)
        .agg("name", "value", "known_at")
    )
    return {
        customer: tuple(Attribute(*each) for each in zip(*told, strict=True))
        for customer, *told in newest.iter_rows()
    }


def _history(
    bucket: pl.DataFrame,
    customers: pl.Series,
    ranked: RankedInput | None,
    config: PortraitConfig,
    references: References,
) -> dict[str, list[Row]]:
    """Return the ranked items of a bucket's customers, each with how often it was bought."""
    if ranked is None or not config.recommendations:
        return {}
    pairs = [
        (customer, item, score, due)
        for customer in customers
        for item, score, due in ranked.of(customer)
    ]
    schema = {
        "customer_id": pl.String,
        "item_id": pl.String,
        "score": pl.Float64,
        "because": pl.String,
    }
    wanted = pl.DataFrame(pairs, schema=schema, orient="row").with_columns(
        pl.lit(ranked.source).alias("source")
    )
    found = learn_history(bucket, wanted).join(
        references.items.select("item_id", "category", "brand"),
        on="item_id",
        how="left",
        maintain_order="left",
    )
    rows: dict[str, list[Row]] = {}
    for row in found.iter_rows(named=True):
        rows.setdefault(row["customer_id"], []).append(row)
    return {customer: _kept(each, config.recommendations) for customer, each in rows.items()}


def _kept(ranked: list[Row], count: int) -> list[Row]:
    """Return the best, and of those behind them new ones until there are so many new ones."""
    new = sum(1 for row in ranked[:count] if row["bought"] == 0)
    more = [row for row in ranked[count:] if row["bought"] == 0]
    return ranked[:count] + more[: max(0, count - new)]
