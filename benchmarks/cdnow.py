"""CDNOW, 39 weeks known and 39 weeks asked about: how many orders will each customer still place?

Real purchases of 23,570 customers who came in the first twelve weeks of 1997. An order is a day
with a purchase. Everything is learned from the days before 1 October 1997. To run it:
``python benchmarks/cdnow.py``.
"""

import argparse
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.heads.question import Question
from limner.training.evaluate import evaluate
from limner.training.scoreboard import Scoreboard
from limner.training.table import plain

FILE = Path(__file__).parents[1].parent / "shared/data/cdnow/transactions.parquet"
CUT = datetime(1997, 10, 1, tzinfo=UTC)
HORIZON_DAYS = (date(1998, 7, 1) - CUT.date()).days
METHODS = ("base", "recency", "hand_made", "bgnbd", "automatic")
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Purchases:
    """The purchases as a log of one bucket, in memory."""

    events: pl.DataFrame
    buckets: int = 1

    @classmethod
    def read(cls, file: Path) -> "Purchases":
        """Read the data set; a purchase has a date and no time."""
        table = pl.read_parquet(file).select(
            customer_id=pl.col("customer_id").cast(pl.String),
            time=pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            kind=pl.lit("purchase"),
            quantity=pl.col("quantity").cast(pl.Float64),
            price=pl.col("amount_usd") / pl.col("quantity"),
        )
        columns = [
            (pl.col(name) if name in table.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in EVENT_SCHEMA.items()
        ]
        return cls(table.select(columns).sort("customer_id", "time"))

    def scan(self, *, bucket: int | None = None, before: datetime | None = None) -> pl.LazyFrame:
        """Return all events; there is one bucket."""
        del bucket
        events = self.events.lazy()
        return events if before is None else events.filter(pl.col("time") < before)

    def catalogue(self) -> pl.DataFrame:
        """Return no items: none are named."""
        return pl.DataFrame(schema=CATALOGUE_SCHEMA)

    def attributes(self) -> pl.DataFrame:
        """Return none."""
        return pl.DataFrame(schema=ATTRIBUTES_SCHEMA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    asked = parser.parse_args()
    if not FILE.exists():
        raise SystemExit(f"error: {FILE} is not there\n  hint: see the README of the data folder")
    orders = Question(shape="how_many", horizon_days=HORIZON_DAYS, among_days=None)
    found = evaluate(
        Purchases.read(FILE),
        {"orders": orders},
        cuts=[CUT],
        seed=asked.seed,
        methods=asked.methods,
        resamples=RESAMPLES,
    )
    print(plain(Scoreboard.of(found.rows, seed=asked.seed, resamples=RESAMPLES)))
    print("\n".join(found.notes))
    for answers in found.answers:
        print("seconds:", {name: round(taken, 1) for name, taken in answers.seconds.items()})


if __name__ == "__main__":
    main()
