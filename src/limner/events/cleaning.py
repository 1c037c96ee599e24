"""Make rows of a source into events, and say of every other row why it is not one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import polars as pl
from pydantic import Field

from limner.config import Config
from limner.errors import BadSource
from limner.events.columns import numbers, words
from limner.events.event import EVENT_SCHEMA, KINDS
from limner.events.moments import Moments, read_moments
from limner.events.personal_data import mask_column
from limner.events.refusals import nothing_refused, refuse

__all__ = ["Cleaned", "CleaningConfig", "Note", "clean", "tidy_id"]

_NUMBERS = ("quantity", "price", "discount", "rating")
_WORDS = (
    "customer_id",
    "kind",
    "item_id",
    "order_id",
    "session_id",
    "currency",
    "text",
    "properties",
    "event_id",
)
_TAKEN_BACK = {"purchase": "return", "cart": "uncart"}
_OF_ITEMS = ("view", "cart", "uncart", "wish", "purchase", "return")


class CleaningConfig(Config):
    """What counts as an event, and how doubtful values are read."""

    earliest: datetime = datetime(1990, 1, 1, tzinfo=UTC)
    """Times before this moment are refused."""
    ahead_days: float = Field(1.0, ge=0)
    """How far ahead of the present a clock may run, in days; later times are refused."""
    time_zone: str = "UTC"
    """Where times without a zone were written down, an IANA name."""
    day_first: bool | None = None
    """How to read 03/04/2020; None refuses what can be read both ways."""
    time_format: str | None = None
    """How times in text are written, in ``strptime`` letters; None tries the usual ways."""
    decimal_comma: bool = False
    """Whether 1.234,50 in text is one thousand and a bit."""
    longest_id_bytes: int = Field(512, ge=1)
    """Longest ``customer_id``, in bytes of UTF-8; a longer one is refused."""
    highest_price: float = Field(1e9, gt=0)
    """Higher prices for one piece are refused, in the currency of the row."""
    largest_quantity: float = Field(1e9, gt=0)
    """Larger quantities are refused, in pieces."""
    personal_data: Literal["mask", "keep"] = "mask"
    """Whether e-mails, phones, cards, accounts, identity numbers, addresses and names within
    ``text`` become marks before anything is stored, or stay."""
    bots: Literal["note", "refuse"] = "note"
    """Whether customers that behave like machines are marked, or refused with all their rows."""
    bot_moments_an_hour: int = Field(900, ge=1)
    """More distinct moments within one hour of the clock than this are a machine's."""
    bot_moments_a_day: int = Field(3000, ge=1)
    """More distinct moments within one day (UTC) than this are a machine's."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth knowing of rows that were kept: how many, and where the first one is."""

    count: int
    example: str

    def __add__(self, other: "Note") -> "Note":
        """Return both counts and the first example."""
        return Note(self.count + other.count, self.example or other.example)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What became of the rows: ``kept`` and ``refused`` together are as many as came.

    ``kept`` has the columns of :data:`~limner.events.event.EVENT_SCHEMA` and ``_line``;
    ``refused`` those of :data:`~limner.events.refusals.REFUSED_SCHEMA`.
    """

    kept: pl.DataFrame
    refused: pl.DataFrame
    noted: Mapping[str, Note] = field(default_factory=dict)


def clean(
    raw: pl.DataFrame, config: CleaningConfig | None = None, *, file: str, now: datetime
) -> Cleaned:
    """Type, check and normalise rows whose columns have our names but any type.

    Pure: the present is an argument, and the same rows give the same events however they are cut
    into frames. Repeated rows are not seen here but where a bucket is put together.

    Parameters
    ----------
    raw
        Columns of the event schema, of any type, missing ones allowed but for ``customer_id``,
        ``time`` and ``kind``; ``_line`` if the source has lines.
    config
        See :class:`CleaningConfig`.
    file
        What to call the source in refused rows.
    now
        The present; decides what lies in the future.

    Raises
    ------
    BadSource
        If one of the three columns that no event lacks is not there.
    """
    config = config or CleaningConfig()
    _check_columns(raw, file)
    raw, masked = _masked(raw, config)
    moments = read_moments(
        raw["time"],
        time_zone=config.time_zone,
        day_first=config.day_first,
        time_format=config.time_format,
    )
    typed, unreadable = _typed(raw, moments, config)
    reason = _reasons(typed, raw, moments, unreadable, config, now=now)
    has_line = "_line" in raw.columns
    kept = typed.with_columns(
        _line=raw["_line"].cast(pl.Int64) if has_line else pl.lit(None, pl.Int64)
    )
    refused, dress = nothing_refused(), moments.dress
    if reason.null_count() < len(reason):
        bad = reason.is_not_null()
        refused = refuse(
            raw.filter(bad),
            reason=reason.filter(bad),
            detail=_details(raw.filter(bad), reason.filter(bad)),
            file=file,
        )
        kept = kept.filter(~bad)
        masked = masked.filter(~bad)
        dress = dress.filter(~bad) if dress is not None else None
    of_texts = {}
    if masked.any():
        of_texts["text_masked"] = Note(int(masked.sum()), _where(kept, masked, file))
    kept, noted = _turn_back(kept, file)
    return Cleaned(kept, refused, {**_noted(kept, dress, file), **of_texts, **noted})


def tidy_id(customer_id: str) -> str:
    """Return a customer's id as the log has it, however it was written.

    Examples
    --------
    >>> tidy_id("  u42 "), tidy_id("1042.0")
    ('u42', '1042')
    """
    return re.sub(r"^(\d+)\.0$", r"\1", customer_id.strip()).replace("\0", "")


def _masked(raw: pl.DataFrame, config: CleaningConfig) -> tuple[pl.DataFrame, pl.Series]:
    """Mask personal data in what customers wrote, also in rows that will be refused."""
    if config.personal_data == "keep" or raw.schema.get("text") != pl.String:
        return raw, pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(raw))
    texts, changed = mask_column(raw["text"])
    return raw.with_columns(texts.alias("text")), changed


def _check_columns(raw: pl.DataFrame, file: str) -> None:
    for name in ("customer_id", "time", "kind"):
        if name not in raw.columns:
            there = ", ".join(column for column in raw.columns if not column.startswith("_"))
            hint = f'name it in the mapping: columns.{name} = "…"'
            if name == "kind":
                hint = 'say what all rows are in the mapping: constants.kind = "purchase"'
            raise BadSource(f"{file} has no column for {name}; it has {there}", hint=hint)


def _typed(
    raw: pl.DataFrame, moments: Moments, config: CleaningConfig
) -> tuple[pl.DataFrame, dict[str, pl.Series]]:
    """Give every column its type, and say which written numbers could not be read."""
    columns: list[pl.Expr | pl.Series] = []
    for name, dtype in EVENT_SCHEMA.items():
        if name == "time":
            columns.append(moments.time.alias("time"))
        elif name not in raw.columns:
            columns.append(pl.lit(None, dtype).alias(name))
        elif name in _NUMBERS:
            columns.append(numbers(name, raw.schema[name], decimal_comma=config.decimal_comma))
        elif name == "customer_id":
            # Data frames write nobody as "nan", and a whole number with a point and a nought.
            who = words(name, raw.schema[name], no_words=True)
            columns.append(who.str.replace(r"^(\d+)\.0$", "$1"))
        elif name == "kind":
            columns.append(words(name, raw.schema[name]).str.to_lowercase())
        else:
            columns.append(words(name, raw.schema[name]))
    typed = raw.select(columns)
    unreadable: dict[str, pl.Series] = {}
    for name in _NUMBERS:
        if name in raw.columns and raw.schema[name] == pl.String:
            lost = (
                typed[name].is_null()
                & raw.select(words(name, pl.String(), no_words=True))[name].is_not_null()
            )
            if lost.any():
                unreadable[name] = lost
    return typed, unreadable


def _reasons(
    typed: pl.DataFrame,
    raw: pl.DataFrame,
    moments: Moments,
    unreadable: dict[str, pl.Series],
    config: CleaningConfig,
    *,
    now: datetime,
) -> pl.Series:
    """Return why each row is refused, or null: the first reason that holds, in a fixed order."""
    latest = now + timedelta(days=config.ahead_days)
    size = pl.col("customer_id").str.len_bytes()
    price, quantity = pl.col("price"), pl.col("quantity")
    may_turn = pl.col("kind").is_in([*_TAKEN_BACK, *_TAKEN_BACK.values()])
    tests: list[tuple[str, pl.Expr]] = [
        ("customer_missing", pl.col("customer_id").is_null()),
        ("customer_too_long", size > config.longest_id_bytes),
    ]
    if moments.trouble is not None:
        tests += [
            (code, pl.lit(moments.trouble) == code)
            for code in ("time_missing", "time_unreadable", "time_ambiguous")
        ]
    tests += [
        ("time_too_early", pl.col("time") < config.earliest),
        ("time_in_future", pl.col("time") > latest),
        ("kind_missing", pl.col("kind").is_null()),
        *((f"{name}_unreadable", pl.lit(lost)) for name, lost in unreadable.items()),
    ]
    if "price" in raw.columns:
        fits = price.is_between(0, config.highest_price)
        tests.append(("price_impossible", ~fits))
    if "quantity" in raw.columns:
        fits = quantity.abs() <= config.largest_quantity
        tests.append(("quantity_impossible", ~fits | quantity.is_nan()))
        tests.append(("quantity_impossible", (quantity < 0) & ~may_turn))
    tests += [
        (f"{name}_impossible", ~pl.col(name).is_finite())
        for name in ("discount", "rating")
        if name in raw.columns
    ]
    found = typed.select(
        pl.any_horizontal(test.fill_null(value=False) for _, test in tests).alias("any")
    )["any"]
    if not found.any():
        return pl.Series("reason", [None], dtype=pl.String).new_from_index(0, len(typed))
    chain = pl.lit(None, pl.String)
    for code, test in reversed(tests):
        chain = pl.when(test).then(pl.lit(code)).otherwise(chain)
    return typed.select(chain.alias("reason"))["reason"]


_WHY = {
    "customer_missing": "customer_id is empty",
    "customer_too_long": "customer_id is longer than an id can be",
    "time_missing": "time is empty",
    "time_unreadable": "time cannot be read: ",
    "time_ambiguous": "time can be read day first or month first; set day_first: ",
    "time_too_early": "time lies before any plausible one: ",
    "time_in_future": "time lies in the future: ",
    "kind_missing": "kind is empty",
}


def _details(raw: pl.DataFrame, reason: pl.Series) -> pl.Series:
    """Say in one sentence what was wrong, with the value that was."""

    def value(name: str) -> pl.Expr:
        if name not in raw.columns:
            return pl.lit("")
        return pl.col(name).cast(pl.String, strict=False).fill_null("").str.slice(0, 80)

    code = pl.lit(reason)
    sentence = pl.lit(None, pl.String)
    for name in reason.unique().to_list():
        if name in _WHY:
            text = pl.lit(_WHY[name])
            if _WHY[name].endswith(": "):
                text = text + value("time")
        else:
            column, _, what = name.rpartition("_")
            text = pl.lit(f"{column} is {what}: ") + value(column)
        sentence = pl.when(code == name).then(text).otherwise(sentence)
    return raw.select(sentence.alias("detail"))["detail"]


def _turn_back(kept: pl.DataFrame, file: str) -> tuple[pl.DataFrame, dict[str, Note]]:
    """Make a negative quantity an event of its own: what was bought comes back."""
    negative = kept["quantity"] < 0
    if not negative.any():
        return kept, {}
    first = _where(kept, negative, file)
    quantity, kind = pl.col("quantity"), pl.col("kind")
    less = quantity < 0
    turned = kept.with_columns(
        kind=pl.when(less).then(kind.replace(_TAKEN_BACK)).otherwise(kind),
        quantity=pl.when(less).then(-quantity).otherwise(quantity),
        discount=pl.when(less).then(pl.col("discount").abs()).otherwise("discount"),
    )
    return turned, {"became_return": Note(int(negative.sum()), first)}


def _noted(kept: pl.DataFrame, dress: pl.Series | None, file: str) -> dict[str, Note]:
    """Count what is odd but welcome."""
    kind, bought = pl.col("kind"), pl.col("kind") == "purchase"
    odd = {
        "kind_unknown": ~kind.is_in(KINDS),
        "item_missing": kind.is_in(_OF_ITEMS) & pl.col("item_id").is_null(),
        "price_missing": bought & pl.col("price").is_null(),
        "price_zero": bought & (pl.col("price") == 0),
        "quantity_missing": bought & pl.col("quantity").is_null(),
        "quantity_zero": bought & (pl.col("quantity") == 0),
        "discount_negative": pl.col("discount") < 0,
    }
    counts = kept.select(**{code: test.sum() for code, test in odd.items()}).row(0, named=True)
    noted = {
        code: Note(count, _where(kept, kept.select(odd[code]).to_series(), file))
        for code, count in counts.items()
        if count
    }
    if dress is not None:
        for code, count in dress.drop_nulls().value_counts().iter_rows():
            noted[code] = Note(count, _where(kept, dress == code, file))
    return noted


def _where(kept: pl.DataFrame, mask: pl.Series, file: str) -> str:
    """Name the first row under the mask: the file, and the line if it has lines."""
    at = mask.arg_true()
    line = kept["_line"][at[0]] if len(at) else None
    return file if line is None else f"{file}, line {line}"
