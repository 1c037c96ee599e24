"""What can be wrong with rows beside what cleaning sees: each symptom a function of a table."""

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl

from limner.events.cleaning import CleaningConfig
from limner.events.columns import numbers, words
from limner.events.findings import Finding
from limner.events.machines import find_machines
from limner.events.mapping import Mapping

__all__ = [
    "bot_like",
    "empty_columns",
    "mixed_times",
    "price_text",
    "repeated_ids",
    "repeated_rows",
    "same_customer",
    "suspicious_columns",
]

_ENOUGH_ROWS = 500
_NOISE_BOUND = 1.63
"""Kolmogorov's bound at one in a hundred: an even spread strays less than this over sqrt(n)."""


def repeated_rows(events: pl.DataFrame, rows: int) -> Iterator[Finding]:
    """Find rows that equal an earlier one in every column."""
    marks = events.drop("_line").hash_rows()
    again = len(events) - marks.n_unique()
    if again:
        first = events.filter(marks.is_duplicated()).head(1)
        yield Finding.of("repeated_row", again, rows, example=_row(first))


def repeated_ids(events: pl.DataFrame, rows: int) -> Iterator[Finding]:
    """Find ids of events that come again for the same customer."""
    told = events.filter(pl.col("event_id").is_not_null())
    again = len(told) - told.select(pl.struct("customer_id", "event_id").n_unique()).item()
    if again:
        first = told.filter(pl.struct("customer_id", "event_id").is_duplicated()).head(1)
        yield Finding.of("repeated_id", again, rows, example=_row(first))


def bot_like(events: pl.DataFrame, rows: int, config: CleaningConfig) -> Iterator[Finding]:
    """Find customers with more moments in an hour or a day than people have."""
    found = find_machines(
        events, an_hour=config.bot_moments_an_hour, a_day=config.bot_moments_a_day
    )
    if len(found):
        names = found["customer_id"].unique()
        mine = events.filter(pl.col("customer_id").is_in(names.to_list())).height
        worst = found.sort("value", descending=True).row(0, named=True)
        example = f"customer {worst['customer_id']}: {worst['value']:.0f} moments in a span"
        message = f"{len(names)} customers act faster than people do"
        yield Finding.of("bot_like", mine, rows, example=example, message=message)


def same_customer(events: pl.DataFrame, rows: int) -> Iterator[Finding]:
    """Find a customer column that names somebody else in nearly every row."""
    customers = events["customer_id"].n_unique()
    if len(events) >= _ENOUGH_ROWS and customers > 0.98 * len(events):
        example = ", ".join(events["customer_id"].head(3))
        yield Finding.of("customers_all_new", customers, rows, example=example)


def _row(row: pl.DataFrame) -> str:
    told = row.row(0, named=True)
    parts = [f"{told[name]}" for name in ("customer_id", "kind", "item_id", "time") if told[name]]
    where = f"line {told['_line']}: " if told["_line"] is not None else ""
    return where + ", ".join(parts)


def empty_columns(sample: pl.DataFrame, mapping: Mapping) -> Iterator[Finding]:
    """Find columns that are mapped but not there, or hold nothing."""
    for column in mapping.source_columns():
        if column not in sample.columns:
            if mapping.reader in ("csv", "frame", "json_lines", "parquet", "sql"):
                yield Finding.of("column_missing", 1, 0, example=column)
        elif (
            len(sample)
            and not sample.select(words(column, sample.schema[column])).to_series().count()
        ):
            yield Finding.of("column_empty", len(sample), len(sample), example=column)


def suspicious_columns(sample: pl.DataFrame, mapping: Mapping) -> Iterator[Finding]:
    """Find columns outside the mapped ones that look like ids or like noise."""
    mapped = {*mapping.columns.values(), *mapping.catalogue.values(), mapping.known_at}
    for column in sample.columns:
        values = sample[column].drop_nulls()
        if column in mapped or len(values) < _ENOUGH_ROWS or values.dtype.is_nested():
            continue
        distinct = values.n_unique() / len(values)
        if values.dtype == pl.String:
            read = sample.select(numbers(column, pl.String())).to_series().drop_nulls()
            if len(read) < 0.99 * len(values):
                if distinct > 0.98:
                    yield _like("column_like_id", column, values)
                continue
            values = read
        if not values.dtype.is_numeric() or distinct < 0.9:
            continue
        if (values.cast(pl.Float64) % 1 == 0).all():
            if distinct > 0.98:
                yield _like("column_like_id", column, values)
        elif _spread_evenly(values):
            yield _like("column_like_noise", column, values)


def _like(code: str, column: str, values: pl.Series) -> Finding:
    example = f"{column}: {', '.join(str(value) for value in values.head(3))}"
    return Finding.of(code, len(values), len(values), example=example)


def _spread_evenly(values: pl.Series) -> bool:
    """Say whether values could be drawn evenly from their range, after Kolmogorov."""
    drawn = np.sort(values.cast(pl.Float64).to_numpy())
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < _ENOUGH_ROWS or drawn[0] == drawn[-1]:
        return False
    even = (drawn - drawn[0]) / (drawn[-1] - drawn[0])
    strays = np.abs(even - np.arange(len(drawn)) / (len(drawn) - 1)).max()
    return bool(strays < _NOISE_BOUND / np.sqrt(len(drawn)))


def mixed_times(sample: pl.DataFrame, mapping: Mapping) -> Iterator[Finding]:
    """Find times that are written in several ways, with several zones, or by several clocks."""
    column = mapping.columns.get("time", "")
    if column not in sample.columns or not len(sample):
        return
    values = sample[column].drop_nulls()
    if values.dtype.is_temporal() or values.dtype.is_nested():
        return
    shapes = Counter[str]()
    for shape, count in (
        values.cast(pl.String)
        .str.strip_chars()
        .str.replace(r"[.,]\d+", "")
        .str.replace_all(r"\d", "9")
        .value_counts()
        .iter_rows()
    ):
        shapes[_shape(shape)] += count
    total = sum(shapes.values())
    if len(shapes) > 1:
        rest = total - shapes.most_common(1)[0][1]
        example = ", ".join(f"{shape} ({count:,})" for shape, count in shapes.most_common(5))
        yield Finding.of("times_mixed", rest, total, example=example)
    if values.dtype == pl.String:
        zones = Counter(
            dict(
                values.str.extract(r":\d\d[\d.]*\s*(Z|UTC|GMT|[+-]\d\d:?\d\d)$", 1)
                .fill_null("none")
                .value_counts()
                .iter_rows()
            )
        )
        if len(zones) > 1:
            rest = total - zones.most_common(1)[0][1]
            example = ", ".join(f"{zone} ({count:,})" for zone, count in zones.most_common(5))
            yield Finding.of("zones_mixed", rest, total, example=example)


def _shape(text: str) -> str:
    """Take texts together that differ only in how many digits or letters a part has."""
    if re.fullmatch(r"-?9+", text):
        digits = len(text.strip("-"))
        clocks = {10: "seconds", 13: "milliseconds", 16: "microseconds", 19: "nanoseconds"}
        return clocks.get(digits, f"{digits} digits")
    text = re.sub(r"[+-]99:?99$|Z$| ?UTC$| ?GMT$", "", text)
    text = re.sub(r"[A-Za-z]{3,}", "Mon", text)
    return re.sub(r"(?<!9)9(?!9)", "99", text)[:40]


def price_text(sample: pl.DataFrame, mapping: Mapping) -> Iterator[Finding]:
    """Find prices that are text with more in it than a number."""
    for ours in ("price", "total"):
        column = mapping.columns.get(ours, "")
        if column not in sample.columns or sample.schema[column] != pl.String:
            continue
        filled = sample.select(words(column, pl.String(), no_words=True)).to_series().drop_nulls()
        point = "," if mapping.options.decimal_comma else r"\."
        plain = rf"^[+-]?(\d+({point}\d*)?|{point}\d+)([eE][+-]?\d+)?$"
        odd = filled.filter(~filled.str.contains(plain))
        if len(odd):
            share = len(odd) / len(filled)
            message = f'{ours} is text in {share:.0%} of rows: casts.{ours} = "decimal"'
            yield Finding.of(
                "price_is_text", len(odd), len(filled), example=str(odd[0]), message=message
            )
