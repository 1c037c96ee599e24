"""Rows under their own names become rows under ours, as a mapping says."""

import re
from difflib import get_close_matches

import polars as pl

from limner.errors import BadSource
from limner.events.columns import numbers, words
from limner.events.delimited import Stretch
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.events.mapping import Mapping
from limner.events.moments import read_moments, within_years
from limner.events.source import RawBatch
from limner.events.vocabulary import WELL_KNOWN_KINDS

__all__ = ["check_columns", "shape", "typed_attributes", "typed_catalogue"]

_AMOUNT = r"[-+(]*\d[\d.,'\s]*\)?|[-+]?[.,]\d+"


def check_columns(columns: list[str], mapping: Mapping, *, name: str) -> None:
    """See that a mapping tells something, and that a table has every column that it names.

    Raises
    ------
    BadSource
        If it tells nothing, or a column is missing; the hint offers the nearest.
    """
    if not (mapping.has_events or mapping.catalogue or mapping.attributes):
        raise BadSource(
            f"{name} must have a column for time and one for customer_id; "
            f"none of these was recognised: {', '.join(columns[:30])}",
            hint='name them in the mapping: columns.time = "…", columns.customer_id = "…"',
        )
    for column in mapping.source_columns():
        if column not in columns:
            close = get_close_matches(column, columns, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "look: limner doctor FILE"
            raise BadSource(
                f"{name} must have a column {column!r}; it has {', '.join(columns[:30])}",
                hint=hint,
            )


def shape(stretch: Stretch, mapping: Mapping, *, file: str) -> RawBatch:
    """Return a stretch of rows as events, and what they say about items and customers.

    Parameters
    ----------
    stretch
        Rows under the source's names; every column that the mapping names is there.
    file
        What to call the source.
    """
    frame = stretch.frame
    catalogue = attributes = None
    if mapping.catalogue:
        catalogue = _catalogue(frame, mapping)
    if mapping.attributes and "customer_id" in mapping.columns:
        attributes = _attributes(frame, mapping)
    if mapping.has_events:
        events, other_rows = _events(frame, mapping, stretch.line), 0
    else:
        events, other_rows = pl.DataFrame(schema={"_line": pl.Int64}), len(frame)
    return RawBatch(
        events,
        stretch.refused,
        catalogue=catalogue,
        attributes=attributes,
        other_rows=other_rows,
        progress=stretch.progress,
        file=file,
    )


def _events(frame: pl.DataFrame, mapping: Mapping, line: pl.Series) -> pl.DataFrame:
    columns = {ours: pl.col(theirs) for ours, theirs in mapping.columns.items() if ours != "total"}
    for ours, value in mapping.constants.items():
        columns[ours] = pl.lit(value)
    if "total" in mapping.columns:
        columns |= _priced(frame, mapping)
    if "kind" in mapping.columns:
        columns["kind"] = _kinds(mapping.columns["kind"], frame, mapping)
    for ours, cast in mapping.casts.items():
        theirs = mapping.columns.get(ours)
        if theirs is not None and ours != "total" and frame.schema[theirs] == pl.String:
            columns[ours] = _decimal(theirs) if cast == "decimal" else words(theirs, pl.String())
    if mapping.properties:
        columns["properties"] = _properties(frame, mapping)
    ordered = [columns[name].alias(name) for name in EVENT_SCHEMA if name in columns]
    return frame.select(*ordered, line.alias("_line"))


def _decimal(column: str) -> pl.Expr:
    """Take the number out of a text such as ``EUR 12.50``; what holds none stays as it is."""
    found = pl.col(column).str.extract(f"({_AMOUNT})", 1).str.strip_chars()
    return pl.coalesce(found, pl.col(column))


def _kinds(column: str, frame: pl.DataFrame, mapping: Mapping) -> pl.Expr:
    """Say each kind in our words; what the mapping does not name may be well known."""
    word = words(column, frame.schema[column])
    ours: dict[str, str] = {}
    for theirs in frame.select(word.drop_nulls().unique()).to_series():
        plain = re.sub(r"[\s_-]+", "_", theirs.lower())
        ours[theirs] = mapping.kinds.get(theirs) or WELL_KNOWN_KINDS.get(plain) or theirs
    return word.replace_strict(ours, default=None, return_dtype=pl.String)


def _priced(frame: pl.DataFrame, mapping: Mapping) -> dict[str, pl.Expr]:
    """Work out the price of one piece from what the line cost.

    A line that cost something though its quantity is nought counts as one piece. A total below
    nought is money given back: the quantity carries the sign.
    """
    comma = mapping.options.decimal_comma
    total = mapping.columns["total"]
    cost = numbers(total, frame.schema[total], decimal_comma=comma)
    if "quantity" not in mapping.columns:
        return {
            "price": cost.abs(),
            "quantity": pl.when(cost < 0).then(-1.0).otherwise(1.0),
        }
    pieces = mapping.columns["quantity"]
    quantity = numbers(pieces, frame.schema[pieces], decimal_comma=comma)
    several = quantity.abs().fill_null(1.0)
    several = pl.when(several == 0).then(1.0).otherwise(several)
    signed = pl.when((quantity == 0) & (cost != 0)).then(1.0).otherwise(quantity)
    return {
        "price": cost.abs() / several,
        "quantity": pl.when(cost < 0).then(-signed.abs()).otherwise(signed),
    }


def _properties(frame: pl.DataFrame, mapping: Mapping) -> pl.Expr:
    """Write columns as one JSON object a row; one that holds objects already stays as it is."""
    if mapping.properties == ("properties",) and frame.schema["properties"] == pl.String:
        objects = frame["properties"].str.starts_with("{")
        if objects.all():
            return pl.col("properties")
    fields = []
    for column in mapping.properties:
        plain = frame.schema[column].is_numeric() or frame.schema[column] == pl.Boolean
        nested = frame.schema[column].is_nested()
        fields.append(pl.col(column) if plain or nested else pl.col(column).cast(pl.String))
    return pl.struct(fields).struct.json_encode()


def _catalogue(frame: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Return each item once, with what most rows say of it."""
    named = dict(mapping.catalogue)
    if "item_id" not in named and "item_id" in mapping.columns:
        named["item_id"] = mapping.columns["item_id"]
    if "item_id" not in named:
        return pl.DataFrame(schema=CATALOGUE_SCHEMA)
    theirs = frame.select(pl.col(column).alias(ours) for ours, column in named.items())
    typed = typed_catalogue(theirs, decimal_comma=mapping.options.decimal_comma)
    told = [name for name in named if name != "item_id"]
    if not told:
        return typed.unique("item_id", keep="first", maintain_order=True)
    return (
        typed.filter(pl.any_horizontal(pl.col(told).is_not_null()))
        .group_by(*named, maintain_order=True)
        .agg(pl.col(name).first() for name in CATALOGUE_SCHEMA if name not in named)
        .join(typed.group_by(*named).len("_rows"), on=list(named), nulls_equal=True)
        .sort("_rows", descending=True, maintain_order=True)
        .unique("item_id", keep="first", maintain_order=True)
        .select(CATALOGUE_SCHEMA.names())
    )


def typed_catalogue(frame: pl.DataFrame, *, decimal_comma: bool = False) -> pl.DataFrame:
    """Give a table with some columns of the catalogue the others too, and their types."""
    columns = []
    for name, dtype in CATALOGUE_SCHEMA.items():
        if name not in frame.columns:
            columns.append(pl.lit(None, dtype).alias(name))
        elif dtype == pl.Float64:
            price = numbers(name, frame.schema[name], decimal_comma=decimal_comma)
            columns.append(pl.when(price.is_finite() & (price >= 0)).then(price).alias(name))
        else:
            columns.append(words(name, frame.schema[name]).alias(name))
    return frame.select(columns).filter(pl.col("item_id").is_not_null())


def _attributes(frame: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Return each customer's attributes, each value with the first moment it was known."""
    known_at = pl.lit(None, ATTRIBUTES_SCHEMA["known_at"])
    if mapping.known_at:
        options = mapping.options
        moments = read_moments(
            frame[mapping.known_at],
            time_zone=options.time_zone,
            day_first=options.day_first,
            time_format=options.time_format or None,
        )
        known_at = pl.lit(within_years(moments.time))
    customer = mapping.columns["customer_id"]
    names = {name: f"_{at}" for at, name in enumerate(mapping.attributes)}
    wide = frame.select(
        words(customer, frame.schema[customer]).alias("customer_id"),
        known_at.alias("known_at"),
        *(
            words(column, frame.schema[column]).alias(names[name])
            for name, column in mapping.attributes.items()
        ),
    )
    long = [
        wide.select(
            "customer_id", pl.lit(name).alias("name"), pl.col(at).alias("value"), "known_at"
        )
        for name, at in names.items()
    ]
    return typed_attributes(pl.concat(long))


def typed_attributes(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep of each customer, name and value the first moment it was known; drop what is empty."""
    return (
        frame.drop_nulls(["customer_id", "value"])
        .group_by("customer_id", "name", "value", maintain_order=True)
        .agg(pl.col("known_at").min())
        .cast(dict(ATTRIBUTES_SCHEMA))  # type: ignore[arg-type]
        .select(ATTRIBUTES_SCHEMA.names())
    )
