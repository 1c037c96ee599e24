"""Calls with several items become one event an item; the order's discount is shared among them."""

from collections.abc import Mapping

import polars as pl

from limner.events.columns import numbers
from limner.events.shaping import typed_catalogue

__all__ = ["ITEM_FIELDS", "as_json", "unfold"]

ITEM_FIELDS: tuple[str, ...] = (
    "item_id",
    "title",
    "category",
    "brand",
    "image",
    "price",
    "quantity",
    "discount",
)
"""The fields of one item of a call, all text; ``price`` for one piece before ``discount``, which
is for the whole line."""

_EVENT_FIELDS = (
    "customer_id",
    "time",
    "kind",
    "item_id",
    "order_id",
    "session_id",
    "quantity",
    "price",
    "discount",
    "currency",
    "text",
    "rating",
    "properties",
    "event_id",
    "_line",
)


def unfold(calls: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return events and catalogue of calls.

    Parameters
    ----------
    calls
        Columns of an event, all text, and ``items`` (a list of structs of :data:`ITEM_FIELDS`),
        ``total`` and ``order_discount``: what the whole call cost, and what was taken off it
        beside the items' own discounts. A call without items is one event, its price ``total``.
    """
    rows = (
        calls.with_row_index("_call")
        .with_columns(_items=pl.col("items").list.len().fill_null(0))
        .with_columns(items=pl.when(pl.col("_items") > 0).then("items"))
        .explode("items")
        .with_columns(pl.col("items").struct.field(name).alias(name) for name in ITEM_FIELDS)
        .drop("items")
    )
    rows = rows.with_columns(
        *(
            _numbers(rows, name)
            for name in ("price", "quantity", "discount", "total", "order_discount")
        ),
        _nth=pl.int_range(pl.len()).over("_call"),
    )
    alone = pl.col("_items") == 0
    worth = (pl.col("price") * pl.col("quantity").fill_null(1.0)).fill_null(0.0)
    part = worth / worth.sum().over("_call")
    part = pl.when(part.is_finite()).then(part).otherwise(1.0 / pl.len().over("_call"))
    shared = pl.col("order_discount") * part
    has_own, has_shared = pl.col("discount").is_not_null(), shared.is_not_null()
    events = rows.with_columns(
        price=pl.when(alone).then(pl.col("total")).otherwise("price"),
        discount=pl.when(~alone & (has_own | has_shared)).then(
            pl.col("discount").fill_null(0.0) + shared.fill_null(0.0)
        ),
        event_id=pl.when(pl.col("_items") > 1)
        .then(pl.concat_str("event_id", pl.lit("#"), pl.col("_nth").cast(pl.String)))
        .otherwise("event_id"),
    ).select(_EVENT_FIELDS)
    told = rows.select("item_id", "title", "category", "brand", "image", "price")
    said = pl.any_horizontal(
        pl.col(name).is_not_null() for name in ("title", "category", "brand", "image", "price")
    )
    catalogue = (
        typed_catalogue(told.filter(said))
        .group_by("item_id", maintain_order=True)
        .agg(pl.exclude("item_id").drop_nulls().last())
    )
    return events, catalogue


def _numbers(rows: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column of texts as numbers; one in which nothing is told costs nothing."""
    if rows[name].null_count() == len(rows):
        return pl.lit(None, pl.Float64).alias(name)
    return numbers(name, pl.String())


def as_json(fields: Mapping[str, pl.Expr]) -> pl.Expr:
    """Write texts as one JSON object a row, without those that are null; null if none is left."""
    written = [
        pl.when(value.is_not_null()).then(
            pl.struct(value.alias(name))
            .struct.json_encode()
            .str.strip_prefix("{")
            .str.strip_suffix("}")
        )
        for name, value in fields.items()
    ]
    inside = pl.concat_str(written, separator=",", ignore_nulls=True)
    return pl.when(inside != "").then(pl.concat_str(pl.lit("{"), inside, pl.lit("}")))
