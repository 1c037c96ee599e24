"""Moments in any dress: clocks in seconds or nanoseconds, dates of a spreadsheet, written times."""

from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR

import polars as pl

from limner.errors import BadConfig

__all__ = ["Moments", "read_moments", "within_years"]

MOMENT = pl.Datetime("us", "UTC")

_STAMPS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d %b %Y %H:%M:%S%.f",
    "%d %b %Y",
    "%b %d, %Y %H:%M:%S%.f",
    "%b %d, %Y",
    "%a, %d %b %Y %H:%M:%S",
)
_CLOCKS = ("%H:%M:%S%.f", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "")
_ZONE = r"\s*(Z|z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)$"
_FARTHEST_HOURS = 16
"""No zone ever was so many hours away from UTC."""
_NUMBER = r"^[+-]?\d+(?:\.\d+)?$"
_COMMON = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|\+00:00)$"
"""How trackers write moments; a column of nothing else is read at once."""
_NOTHING = ("", "nan", "nat", "null", "none", "na", "n/a", "-")
_DAYS_TO_1970 = 25_569  # a spreadsheet counts days from 1899-12-30


@dataclass(frozen=True, slots=True)
class Moments:
    """What became of a column of times; all have one entry a row.

    ``trouble`` says why there is no time (``time_missing``, ``time_unreadable``,
    ``time_ambiguous``), or is null; it is None when nothing was wrong. ``dress`` says which
    reading needed a guess (``time_in_seconds``, ``zone_assumed``, …), or None when none did.
    """

    time: pl.Series
    trouble: pl.Series | None = None
    dress: pl.Series | None = None


def read_moments(
    values: pl.Series,
    *,
    time_zone: str = "UTC",
    day_first: bool | None = None,
    time_format: str | None = None,
) -> Moments:
    """Read a column of times, value by value, into UTC microseconds.

    Parameters
    ----------
    values
        Times of any type: moments, dates, numbers, text, or a mixture in text.
    time_zone
        Where a time without a zone was written down.
    day_first
        How to read 03/04/2020. None reads only what can be read one way, 25/04/2020, and calls
        the rest ambiguous.
    time_format
        How text is written, in ``strptime`` letters; None tries the usual ways.

    Examples
    --------
    >>> read_moments(pl.Series([1_500_000_000, 1_500_000_000_000])).time.n_unique()
    1
    """
    dtype = values.dtype
    if isinstance(dtype, pl.Datetime):
        if dtype.time_zone is not None:
            return _missing_only(values.dt.convert_time_zone("UTC").cast(MOMENT))
        zoned = _in_zone(values.cast(pl.Datetime("us")), time_zone)
        return _missing_only(zoned, dress="zone_assumed")
    if dtype == pl.Date:
        zoned = _in_zone(values.cast(pl.Datetime("us")), time_zone)
        return _missing_only(zoned, dress="zone_assumed")
    if dtype.is_numeric():
        return _from_numbers(values, time_zone=time_zone)
    if dtype == pl.Null:
        return _missing_only(values.cast(MOMENT))
    return _from_text(
        values.cast(pl.String), time_zone=time_zone, day_first=day_first, time_format=time_format
    )


def within_years(time: pl.Series) -> pl.Series:
    """Return times that Python can hold, years 1 to 9999; the others are null."""
    at = pl.col("at")
    there = pl.when(at.dt.year().is_between(MINYEAR, MAXYEAR)).then(at)
    return time.to_frame("at").select(there.alias(time.name)).to_series()


def _missing_only(time: pl.Series, *, dress: str | None = None) -> Moments:
    trouble = None
    if time.null_count():
        trouble = pl.select(
            pl.when(pl.lit(time).is_null()).then(pl.lit("time_missing"))
        ).to_series()
    dressed = None
    if dress is not None and time.null_count() < len(time):
        dressed = pl.select(pl.when(pl.lit(time).is_not_null()).then(pl.lit(dress))).to_series()
    return Moments(time.alias("time"), trouble, dressed)


def _in_zone(naive: pl.Series, time_zone: str) -> pl.Series:
    """Place times without a zone; one that the clocks skipped in spring is read an hour on."""
    if time_zone == "UTC":
        return naive.dt.replace_time_zone("UTC")
    hour = pl.duration(hours=1)
    time = pl.col("naive")
    placed = {"ambiguous": "earliest", "non_existent": "null"}
    return (
        naive.to_frame("naive")
        .select(
            pl.coalesce(
                time.dt.replace_time_zone(time_zone, **placed),  # type: ignore[arg-type]
                (time - hour).dt.replace_time_zone(time_zone, **placed) + hour,  # type: ignore[arg-type]
            ).dt.convert_time_zone("UTC")
        )
        .to_series()
    )


def _from_numbers(values: pl.Series, *, time_zone: str) -> Moments:
    """Tell seconds from milliseconds and the rest by how large the number is."""
    if values.dtype.is_integer():
        number = pl.col("number").cast(pl.Int64, strict=False)
    else:
        number = pl.col("number").cast(pl.Float64, strict=False)
        number = pl.when(number.is_finite()).then(number)
    size = number.abs()
    is_day = number.is_between(19_000_101, 21_001_231) & (number % 1 == 0)
    is_stamp = number.is_between(19_000_101_000_000, 21_001_231_235_959) & (number % 1 == 0)
    is_sheet = number.is_between(20_000, 80_000, closed="left")
    whole = pl.col("number").cast(pl.Int64, strict=False).cast(pl.String)
    second = 1_000_000
    clock = (
        pl.when(is_sheet)
        .then(((number - _DAYS_TO_1970) * (86_400 * second)).round(0))
        .when(size < 100_000_000_000)
        .then((number * second).round(0))
        .when(size < 100_000_000_000_000)
        .then((number * 1_000).round(0))
        .when(size < 100_000_000_000_000_000)
        .then(number.round(0))
        .otherwise((number / 1_000).floor() if values.dtype.is_float() else number // 1_000)
        .cast(pl.Int64, strict=False)
        .cast(pl.Datetime("us"))
    )
    frame = values.to_frame("number").select(
        naive=pl.when(is_day)
        .then(whole.str.to_datetime("%Y%m%d", strict=False, time_unit="us"))
        .when(is_stamp)
        .then(whole.str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us"))
        .otherwise(clock),
        dress=pl.when(is_day | is_stamp)
        .then(pl.lit("time_in_digits"))
        .when(is_sheet)
        .then(pl.lit("time_in_spreadsheet_days"))
        .when(size < 100_000_000_000)
        .then(pl.lit("time_in_seconds"))
        .when(size < 100_000_000_000_000)
        .then(pl.lit("time_in_milliseconds"))
        .when(size < 100_000_000_000_000_000)
        .then(pl.lit("time_in_microseconds"))
        .when(size.is_not_null())
        .then(pl.lit("time_in_nanoseconds")),
        trouble=pl.when(pl.col("number").is_null()).then(pl.lit("time_missing")),
        local=is_day | is_stamp | is_sheet,
    )
    utc = frame["naive"].dt.replace_time_zone("UTC")
    if frame["local"].any():
        local = _in_zone(frame["naive"], time_zone)
        utc = pl.select(
            pl.when(pl.lit(frame["local"])).then(pl.lit(local)).otherwise(pl.lit(utc))
        ).to_series()
    return Moments(utc.alias("time"), _unreadable(utc, frame["trouble"]), frame["dress"])


def _unreadable(time: pl.Series, trouble: pl.Series) -> pl.Series | None:
    if not time.null_count():
        return None
    return pl.select(
        pl.when(pl.lit(time).is_null()).then(
            pl.coalesce(pl.lit(trouble), pl.lit("time_unreadable"))
        )
    ).to_series()


def _from_text(
    values: pl.Series, *, time_zone: str, day_first: bool | None, time_format: str | None
) -> Moments:
    """Read each different text once; a log has far fewer moments than rows, or ISO times."""
    text = values.str.strip_chars()
    if time_format is None and (read := _common(text)) is not None:
        return Moments(read)
    distinct = text.unique()
    small = len(distinct) * 2 < len(text)
    known = _parse(
        distinct if small else text,
        time_zone=time_zone,
        day_first=day_first,
        time_format=time_format,
    )
    if small:
        known = text.to_frame("text").join(
            known.with_columns(text=distinct),
            on="text",
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
    return Moments(
        known["time"],
        known["trouble"] if known["trouble"].null_count() < len(known) else None,
        known["dress"] if known["dress"].null_count() < len(known) else None,
    )


def _common(text: pl.Series) -> pl.Series | None:
    """Read a column of nothing but ISO 8601 in UTC, as it is read value by value; else None."""
    first = text.head(1).str.contains(_COMMON)
    if not first.any() or not text.str.contains(_COMMON).fill_null(value=False).all():
        return None
    stamp = text.str.replace(r"(?:Z|\+00:00)$", "").str.replace("T", " ", literal=True)
    read = _as_written(stamp, _STAMPS[0])
    return None if read.null_count() else read.dt.replace_time_zone("UTC").alias("time")


def _parse(
    text: pl.Series, *, time_zone: str, day_first: bool | None, time_format: str | None
) -> pl.DataFrame:
    frame = text.to_frame("text").with_columns(
        nothing=pl.col("text").is_null() | pl.col("text").str.to_lowercase().is_in(_NOTHING),
        zone=pl.col("text").str.extract(_ZONE),
        is_number=pl.col("text").str.contains(_NUMBER),
    )
    # A date such as 2020-01-02 ends like a zone (-02): only what follows a clock is a zone.
    # A format that knows the zone itself gets the text whole, and gives UTC.
    clocked = pl.col("text").str.contains(r":\d|[zZ]$|UTC|GMT")
    own = time_format is not None and any(
        z in time_format for z in ("%z", "%:z", "%#z", "%s", "%+")
    )
    if own:
        time_zone, clocked = "UTC", pl.lit(False)
    frame = frame.with_columns(zone=pl.when(clocked).then("zone")).with_columns(
        stamp=pl.when(pl.col("zone").is_not_null())
        .then(pl.col("text").str.replace(_ZONE, ""))
        .otherwise("text")
        .str.replace(r"^(\d{4}-\d{2}-\d{2})[Tt_]", "$1 ")
    )
    naive, ambiguous = _written(frame["stamp"], day_first=day_first, time_format=time_format)
    frame = frame.with_columns(naive=naive, ambiguous=ambiguous)
    numbers = frame["is_number"].fill_null(value=False) & frame["naive"].is_null()
    offset = _offset_minutes(pl.col("zone"))
    frame = frame.with_columns(
        placed=_in_zone(frame["naive"], time_zone),
        zoned=(pl.col("naive") - pl.duration(minutes=offset)).dt.replace_time_zone("UTC"),
        numbers=numbers,
    )
    clock = _from_numbers(
        frame.select(
            pl.when("numbers").then(pl.col("text").cast(pl.Float64, strict=False))
        ).to_series(),
        time_zone=time_zone,
    )
    empty = pl.Series([None], dtype=pl.String)
    return (
        frame.with_columns(
            clock=clock.time, clock_dress=clock.dress if clock.dress is not None else empty
        )
        .with_columns(
            time=pl.when("numbers")
            .then("clock")
            .when(pl.col("zone").is_not_null())
            .then("zoned")
            .otherwise("placed")
        )
        .select(
            time=pl.when(~pl.col("ambiguous")).then("time"),
            trouble=pl.when("nothing")
            .then(pl.lit("time_missing"))
            .when("ambiguous")
            .then(pl.lit("time_ambiguous"))
            .when(pl.col("time").is_null())
            .then(pl.lit("time_unreadable")),
            dress=pl.when("ambiguous")
            .then(None)
            .when("numbers")
            .then("clock_dress")
            .when(pl.col("zone").is_null() & pl.col("time").is_not_null())
            .then(pl.lit("zone_assumed")),
        )
    )


def _written(
    stamp: pl.Series, *, day_first: bool | None, time_format: str | None
) -> tuple[pl.Series, pl.Series]:
    """Read stamps without a zone: the moment or null, and whether it can be read two ways."""
    never = pl.Series([False]).new_from_index(0, len(stamp))
    if time_format is not None:
        return _tried(stamp, [time_format]), never
    naive = _tried(stamp, _STAMPS)
    slashed = stamp.str.contains(r"^\d{1,2}[/-]\d{1,2}[/-]\d{2,4}\b").fill_null(value=False)
    if not slashed.any():
        return naive, never
    dashed = stamp.str.replace_all(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{2,4})", "$1/$2/$3")
    long = dashed.str.contains(r"^\d{1,2}/\d{1,2}/\d{4}").fill_null(value=False)
    by = {
        order: pl.select(
            pl.when(pl.lit(slashed)).then(
                pl.when(pl.lit(long))
                .then(pl.lit(_tried(dashed, [f"{order}/%Y {c}".strip() for c in _CLOCKS])))
                .otherwise(pl.lit(_tried(dashed, [f"{order}/%y {c}".strip() for c in _CLOCKS])))
            )
        ).to_series()
        for order in ("%d/%m", "%m/%d")
    }
    first, second = by["%d/%m"], by["%m/%d"]
    if day_first is not None:
        chosen = first if day_first else second
        return pl.select(pl.coalesce(pl.lit(naive), pl.lit(chosen))).to_series(), never
    doubt = (first.is_not_null() & second.is_not_null() & (first != second)).fill_null(value=False)
    both = pl.select(pl.coalesce(pl.lit(naive), pl.lit(first), pl.lit(second))).to_series()
    return both, doubt


def _tried(stamp: pl.Series, formats: list[str] | tuple[str, ...]) -> pl.Series:
    """Try one format after another on what is still unread."""
    read = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(stamp))
    for written in formats:
        unread = read.is_null() & stamp.is_not_null()
        if not unread.any():
            break
        rest = pl.select(pl.when(pl.lit(unread)).then(pl.lit(stamp))).to_series()
        found = _as_written(rest, written)
        read = pl.select(pl.coalesce(pl.lit(read), pl.lit(found))).to_series()
    return read


def _as_written(text: pl.Series, written: str) -> pl.Series:
    """Read text in one format; times with a zone come back in UTC."""
    try:
        if not any(letter in written for letter in ("%H", "%I", "%T", "%R", "%c", "%s", "%+")):
            return text.str.to_date(written, strict=False).cast(pl.Datetime("us"))
        read = text.str.to_datetime(written, strict=False, time_unit="us")
    except pl.exceptions.ComputeError as error:
        raise BadConfig(
            f"time_format must be a format of strptime, {written!r} is not: "
            + str(error).splitlines()[0],
            hint="for instance %Y-%m-%d %H:%M:%S",
        ) from None
    return read.cast(pl.Datetime("us"))


def _offset_minutes(zone: pl.Expr) -> pl.Expr:
    """Return how far a written zone, ``+02:00``, is ahead of UTC; ``Z`` and ``GMT`` are not.

    Null where no place on earth is so far ahead or behind.
    """
    parts = zone.str.extract_groups(r"([+-])(\d{2}):?(\d{2})?$")
    hours = parts.struct.field("2").cast(pl.Int64, strict=False).fill_null(0)
    minutes = parts.struct.field("3").cast(pl.Int64, strict=False).fill_null(0)
    sign = pl.when(parts.struct.field("1") == "-").then(-1).otherwise(1)
    real = (hours < _FARTHEST_HOURS) & (minutes < 60)
    return pl.when(real).then(sign * (hours * 60 + minutes))
