"""By what an event and an order are known again, however often they are sent."""

from hashlib import blake2b

import polars as pl

from limner.events.event import EVENT_SCHEMA

__all__ = ["event_marks", "order_marks"]

_APART, _NOTHING = "\0", "\1"
_TELLING = [name for name in EVENT_SCHEMA if name != "event_id"]


def event_marks(events: pl.DataFrame) -> list[bytes]:
    """Return the mark of each event (16 bytes): of customer and id, or without one of all it says.

    ``events`` has the columns of :data:`~limner.events.event.EVENT_SCHEMA`.
    """
    named = pl.concat_str(pl.lit("e"), "customer_id", "event_id", separator=_APART)
    said = pl.concat_str(
        pl.lit("r"), *(_text(name).fill_null(_NOTHING) for name in _TELLING), separator=_APART
    )
    return _hashes(events, pl.when(pl.col("event_id").is_not_null()).then(named).otherwise(said))


def order_marks(events: pl.DataFrame) -> list[bytes | None]:
    """Return the mark of the order that each line belongs to (16 bytes); none of what is no line.

    An order is known by customer and number, one without a number by customer and moment.
    """
    numbered = pl.concat_str(pl.lit("o"), "customer_id", "order_id", separator=_APART)
    moment = pl.concat_str(pl.lit("m"), "customer_id", _text("time"), separator=_APART)
    known = pl.when(pl.col("order_id").is_not_null()).then(numbered).otherwise(moment)
    bought = events.select(pl.col("kind").eq_missing(pl.lit("purchase"))).to_series()
    marks = iter(_hashes(events.filter(bought), known))
    return [next(marks) if each else None for each in bought.to_list()]


def _text(name: str) -> pl.Expr:
    if name == "time":
        return pl.col("time").dt.epoch("us").cast(pl.String)
    return pl.col(name).cast(pl.String)


def _hashes(events: pl.DataFrame, said: pl.Expr) -> list[bytes]:
    texts = events.select(said.alias("said"))["said"].to_list()
    return [blake2b(text.encode(), digest_size=16).digest() for text in texts]
