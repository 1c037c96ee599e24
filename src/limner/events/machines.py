"""Customers who behave like machines: more deeds in an hour or a day than anyone could do."""

import polars as pl

__all__ = ["find_machines"]


def find_machines(rows: pl.DataFrame, *, an_hour: int, a_day: int) -> pl.DataFrame:
    """Return customers with more distinct moments in an hour of the clock or a day than allowed.

    Moments are counted, not rows: the hundred lines of one order are one deed.

    Parameters
    ----------
    rows
        ``customer_id`` and ``time``, sorted by both, whole customers.
    an_hour, a_day
        How many moments are still human.

    Returns
    -------
    One row a customer and flag: ``customer_id``, ``flag`` (``bot_like_hour``, ``bot_like_day``),
    ``value``, the most moments in one such span, ``limit``.
    """
    who, when = pl.col("customer_id"), pl.col("time")
    moments = rows.select(who, when).filter(
        when.ne_missing(when.shift(1)) | who.ne_missing(who.shift(1))
    )
    runs = moments.select(who.rle().struct.unnest())
    busy = runs.filter(pl.col("len") > min(an_hour, a_day))["value"]
    own = moments.filter(who.is_in(busy.implode())) if len(busy) else moments.clear()
    found = []
    for flag, span, limit in (("bot_like_hour", "1h", an_hour), ("bot_like_day", "1d", a_day)):
        most = (
            own.group_by("customer_id", pl.col("time").dt.truncate(span).alias("span"))
            .agg(value=pl.col("time").n_unique())
            .group_by("customer_id")
            .agg(pl.col("value").max())
            .filter(pl.col("value") > limit)
        )
        found.append(
            most.select(
                "customer_id",
                flag=pl.lit(flag),
                value=pl.col("value").cast(pl.Float64),
                limit=pl.lit(float(limit)),
            )
        )
    return pl.concat(found).sort("customer_id", "flag")
