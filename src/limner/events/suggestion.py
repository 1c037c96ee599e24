"""The mapping that fits a table best, judged by the names of its columns and their first values."""

import re

import polars as pl

from limner.events.columns import numbers
from limner.events.mapping import Mapping, Options
from limner.events.moments import read_moments
from limner.events.vocabulary import (
    ATTRIBUTE_WORDS,
    CATALOGUE_WORDS,
    COLUMN_WORDS,
    WELL_KNOWN_KINDS,
    plain,
)

__all__ = ["fit", "suggest_mapping"]

_ENOUGH = 0.5
_LONGEST_KIND = 60
_MOST_KINDS = 300


def fit(frame: pl.DataFrame | None) -> float:
    """Return how much of what an event needs a table seems to have, in [0, 1].

    Half of it is the customer, a third the time, the rest what was done or to what.
    """
    if frame is None or not frame.width:
        return 0.0
    mapping = suggest_mapping(frame, "")
    told = {"item_id", "total", "price", "kind", "order_id"} & set(mapping.columns)
    return (
        0.5 * ("customer_id" in mapping.columns)
        + 0.35 * ("time" in mapping.columns)
        + 0.15 * bool(told)
    )


def suggest_mapping(frame: pl.DataFrame, reader: str, *, options: Options | None = None) -> Mapping:
    """Return the mapping that fits a table best.

    Parameters
    ----------
    frame
        Its first rows, under the source's names, of any type.
    reader
        The name of the reader that the mapping is for.
    options
        What the reader found out by looking.
    """
    options = options or Options()
    columns = _columns(frame)
    constants: dict[str, str | int | float | bool] = {}
    if "kind" in columns and not _is_kind(frame[columns["kind"]]):
        del columns["kind"]
    kinds = _seen_kinds(frame[columns["kind"]]) if "kind" in columns else {}
    if "kind" not in columns and "time" in columns:
        constants["kind"] = _only_kind(columns)
    if "total" in columns:
        currency = re.search(r"_(usd|eur|gbp|cny|rmb|jpy)$", columns["total"].lower())
        if currency and "currency" not in columns:
            constants["currency"] = {"RMB": "CNY"}.get(found := currency[1].upper(), found)
        if "price" in columns:
            del columns["total"]
    taken = set(columns.values())
    catalogue = _matches(frame, CATALOGUE_WORDS, taken=taken) if "item_id" in columns else {}
    attributes = _matches(frame, ATTRIBUTE_WORDS, taken=taken | set(catalogue.values()))
    known_at = columns.get("time", "") if attributes else ""
    taken |= set(catalogue.values()) | set(attributes.values())
    if "customer_id" not in columns:
        attributes, known_at = {}, ""
    options = _with_decimal_comma(frame, columns, options)
    if "time" not in columns:
        return _of_no_events(frame, reader, columns, catalogue, options)
    properties = tuple(name for name in frame.columns if name not in taken)
    return Mapping(
        reader=reader,
        columns=columns,
        constants=constants,
        kinds=kinds,
        casts=_casts(frame, columns, decimal_comma=options.decimal_comma),
        properties=properties,
        catalogue=catalogue,
        attributes=attributes,
        known_at=known_at,
        options=_with_day_first(frame, columns, options),
    )


def _of_no_events(
    frame: pl.DataFrame,
    reader: str,
    columns: dict[str, str],
    catalogue: dict[str, str],
    options: Options,
) -> Mapping:
    """Return the mapping of a table without times: of items, of customers, or of nothing known."""
    left = {name: columns[name] for name in ("customer_id", "item_id") if name in columns}
    owner = next(iter(left), "")
    # Rows of both, or rows that come back to the same one, are events that lack their time.
    if len(left) != 1 or not _once_each(frame[columns[owner]]):
        return Mapping(reader=reader, columns=left, options=options)
    if owner == "customer_id":
        told = {name: name for name in frame.columns if name != columns["customer_id"]}
        one = {"customer_id": columns["customer_id"]}
        return Mapping(reader=reader, columns=one, attributes=told, options=options)
    price = {"price": columns["price"]} if "price" in columns else {}
    one = {"item_id": columns["item_id"]}
    told = {**one, **catalogue, **price}
    return Mapping(reader=reader, columns=one, catalogue=told, options=options)


def _once_each(values: pl.Series) -> bool:
    """Say whether a column names somebody or something else in nearly every row."""
    filled = values.drop_nulls()
    return len(filled) > 0 and filled.n_unique() > 0.95 * len(filled)


def _columns(frame: pl.DataFrame) -> dict[str, str]:
    """Give each of our columns the likeliest of theirs; none is given twice."""
    found: dict[str, str] = {}
    ranks: list[tuple[int, str, str]] = []
    for ours, words in COLUMN_WORDS.items():
        for theirs in frame.columns:
            rank = _rank(theirs, words)
            if rank is not None and _may_be(frame[theirs], ours):
                ranks.append((rank, ours, theirs))
    # What nobody can do without chooses first; then the likelier word.
    first = {"customer_id": 0, "time": 1}
    for _, ours, theirs in sorted(ranks, key=lambda entry: (first.get(entry[1], 2), entry[0])):
        if ours not in found and theirs not in found.values():
            found[ours] = theirs
    if "time" not in found and (moment := _only_moment(frame, set(found.values()))):
        found["time"] = moment
    return {ours: found[ours] for ours in COLUMN_WORDS if ours in found}


def _rank(theirs: str, words: list[str]) -> int | None:
    """Return how far down the list a name stands; of a nested name its last part counts less."""
    whole = plain(theirs)
    if whole in words:
        return words.index(whole)
    last = plain(theirs.rsplit(".", 1)[-1])
    return len(words) + words.index(last) if last in words else None


def _may_be(values: pl.Series, ours: str) -> bool:
    """Say whether values can be what a name promises; a column of nothing can be anything."""
    filled = values.drop_nulls().head(1000)
    if not len(filled):
        return True
    if ours == "time":
        return _moment_share(filled) >= _ENOUGH
    if ours in ("quantity", "price", "total", "discount", "rating"):
        return _number_share(filled) >= _ENOUGH
    if ours in ("customer_id", "item_id", "order_id", "session_id", "event_id"):
        return not filled.dtype.is_temporal() and not filled.dtype.is_nested()
    return not filled.dtype.is_numeric() or ours == "kind"


def _moment_share(filled: pl.Series) -> float:
    if filled.dtype.is_temporal():
        return float(filled.dtype not in {pl.Duration, pl.Time})
    if filled.dtype.is_nested() or filled.dtype == pl.Boolean:
        return 0.0
    moments = read_moments(filled)
    time = moments.time
    plausible = time.dt.year().is_between(1985, 2110)
    doubtful = moments.trouble == "time_ambiguous" if moments.trouble is not None else None
    ambiguous = 0 if doubtful is None else len(doubtful.arg_true())
    return (len(plausible.arg_true()) + ambiguous) / len(filled)


def _number_share(filled: pl.Series) -> float:
    if filled.dtype.is_numeric():
        return 1.0
    if filled.dtype != pl.String:
        return 0.0
    taken = filled.str.extract(r"^[^\d]{0,8}(\d[\d.,'\s]*(?:[eE][+-]?\d+)?)[^\d]{0,8}$", 1)
    return taken.count() / len(filled)


def _only_moment(frame: pl.DataFrame, taken: set[str]) -> str | None:
    """Return the one column that holds moments, if one alone does and its values leave no doubt."""
    found = []
    for name in frame.columns:
        filled = frame[name].drop_nulls().head(200)
        if name in taken or not len(filled) or filled.dtype.is_numeric():
            continue
        written = filled.dtype.is_temporal() or (
            filled.dtype == pl.String and bool(filled.str.contains(r"^\d{4}-\d\d-\d\d").all())
        )
        if written and _moment_share(filled) > 0.9:
            found.append(name)
    return found[0] if len(found) == 1 else None


def _is_kind(values: pl.Series) -> bool:
    distinct = values.drop_nulls().cast(pl.String).unique()
    short = distinct.str.len_chars() <= _LONGEST_KIND
    return len(distinct) <= _MOST_KINDS and short.all()


def _seen_kinds(values: pl.Series) -> dict[str, str]:
    """Return what the first rows hold that is well known under another word."""
    seen = values.drop_nulls().cast(pl.String).str.strip_chars().unique().sort()
    known = {word: WELL_KNOWN_KINDS.get(re.sub(r"[\s_-]+", "_", word.lower())) for word in seen}
    return {word: kind for word, kind in known.items() if kind and kind != word}


def _only_kind(columns: dict[str, str]) -> str:
    """Say what all rows are where no column says it."""
    if {"price", "total", "order_id", "quantity"} & set(columns):
        return "purchase"
    if "rating" in columns:
        return "review" if "text" in columns else "rate"
    if "text" in columns:
        return "search" if "item_id" not in columns else "review"
    return "view"


def _matches(
    frame: pl.DataFrame, words: dict[str, list[str]], *, taken: set[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for ours, names in words.items():
        ranked = [(_rank(theirs, names), theirs) for theirs in frame.columns if theirs not in taken]
        known = [(rank, theirs) for rank, theirs in ranked if rank is not None]
        if known:
            found[ours] = min(known)[1]
    return found


def _casts(frame: pl.DataFrame, columns: dict[str, str], *, decimal_comma: bool) -> dict[str, str]:
    """Mark amounts that are text with more in it than a number."""
    casts = {}
    for ours in ("price", "quantity", "discount", "rating"):
        theirs = columns.get(ours)
        if theirs is None or frame.schema[theirs] != pl.String:
            continue
        filled = frame.select(theirs).drop_nulls()
        read = filled.select(numbers(theirs, pl.String(), decimal_comma=decimal_comma))[theirs]
        if len(filled) and read.null_count() > 0.01 * len(filled):
            casts[ours] = "decimal"
    return casts


def _with_decimal_comma(frame: pl.DataFrame, columns: dict[str, str], options: Options) -> Options:
    """Tell 4,50 from 4.50 by all amounts: the manner in which more of them are numbers."""
    if options.decimal_comma:
        return options
    gained = 0
    for ours in ("price", "total", "quantity", "discount", "rating"):
        theirs = columns.get(ours)
        if theirs is None or frame.schema[theirs] != pl.String:
            continue
        # The currency stands around the number as often as not: only the number is looked at.
        text = frame.select(pl.col(theirs).str.extract(r"(\d[\d.,]*)", 1))
        for comma, sign in ((True, 1), (False, -1)):
            read = text.select(numbers(theirs, pl.String(), decimal_comma=comma))
            gained += sign * int(read[theirs].count())
    return options.model_copy(update={"decimal_comma": True}) if gained > 0 else options


def _with_day_first(frame: pl.DataFrame, columns: dict[str, str], options: Options) -> Options:
    """Tell 03/04 from 04/03 by the other rows: a 25 can only be a day."""
    theirs = columns.get("time")
    if theirs is None or frame.schema[theirs] != pl.String or options.day_first is not None:
        return options
    parts = frame[theirs].str.extract_groups(r"^\s*(\d{1,2})[/-](\d{1,2})[/-]\d{2,4}")
    first = parts.struct[0].cast(pl.Int64, strict=False)
    second = parts.struct[1].cast(pl.Int64, strict=False)
    if not first.count():
        return options
    days_first, days_second = int((first > 12).sum()), int((second > 12).sum())
    if bool(days_first) == bool(days_second):
        return options
    return options.model_copy(update={"day_first": days_first > 0})
