"""The lines that were bought and are not in the log yet, of all customers."""

import polars as pl
from sqlalchemy import Engine, select

from limner.profiles.baskets import LINE
from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking

__all__ = ["purchase_lines"]


def purchase_lines(engine: Engine) -> pl.DataFrame:
    """Return the lines that were bought and are held in the store; see :data:`LINE`."""
    j, c = t.journal.c, t.customers.c
    asked = (
        select(c.customer_id, j.order_id, j.time_us, j.item_id)
        .join_from(t.journal, t.customers, j.customer_no == c.no)
        .where(j.kind == "purchase", j.item_id.is_not(None))
    )
    with asking(engine) as connection:
        rows = [tuple(row) for row in connection.execute(asked)]
    schema = {
        "customer_id": pl.String,
        "order_id": pl.String,
        "time": pl.Int64,
        "item_id": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("time").cast(LINE["time"]))
