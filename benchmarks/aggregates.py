"""The automatic aggregates against one hand-written Polars query for the same columns.

Both begin at the same Parquet files, cut into buckets by customer. The query is what an expert
would write for one cut once the classes and price bands are known; its values are compared with
ours before any time is believed. To run it: ``python benchmarks/aggregates.py``; by default
100,000 customers and 10 million made-up events.
"""

import argparse
import gc
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl

from limner.dataset.aggregates import Aggregates, Vocabulary
from limner.dataset.ledger import Ledger
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.events.synthetic import ShopConfig, SyntheticShop

WINDOWS, LIVES = (7, 14, 30, 60, 90, 180), (7, 30, 90)
AHEAD = (7, 14, 30)


@dataclass(frozen=True, slots=True)
class Folder:
    """A log as one Parquet file a bucket."""

    files: tuple[Path, ...]
    items: pl.DataFrame

    @property
    def buckets(self) -> int:
        """How many files there are."""
        return len(self.files)

    def scan(self, *, bucket: int | None = None, before: datetime | None = None) -> pl.LazyFrame:
        """Return the events of one bucket, or of all."""
        chosen = self.files if bucket is None else [self.files[bucket]]
        found = pl.scan_parquet(chosen)
        return found if before is None else found.filter(pl.col("time") < before)

    def catalogue(self) -> pl.DataFrame:
        """Return the items."""
        return self.items

    def attributes(self) -> pl.DataFrame:
        """Return none: nobody told anything."""
        return pl.DataFrame(schema=ATTRIBUTES_SCHEMA)


def write_log(folder: Path, config: ShopConfig, *, buckets: int) -> Folder:
    shop = SyntheticShop(config)
    spread = pl.col("customer_id").hash(seed=1) % buckets
    waiting: list[list[Path]] = [[] for _ in range(buckets)]
    for number, batch in enumerate(shop.batches()):
        for (bucket,), some in batch.group_by(spread.alias("bucket")):
            file = folder / f"{bucket}.{number}.parquet"
            some.write_parquet(file)
            waiting[int(str(bucket))].append(file)
    files = []
    for bucket, spilled in enumerate(waiting):
        frame = pl.read_parquet(spilled)
        columns = [
            (pl.col(name) if name in frame.columns else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in EVENT_SCHEMA.items()
        ]
        files.append(folder / f"bucket-{bucket}.parquet")
        frame.select(columns).sort("customer_id", "time").write_parquet(files[-1])
        for file in spilled:
            file.unlink()
    catalogue = shop.catalogue()
    gone = [name for name in CATALOGUE_SCHEMA if name not in catalogue.columns]
    items = catalogue.with_columns(pl.lit(None).alias(name) for name in gone)
    return Folder(
        tuple(files), items.select(pl.col(name).cast(t) for name, t in CATALOGUE_SCHEMA.items())
    )


def by_hand(log: Folder, cut: datetime, vocabulary: Vocabulary, ledger: Ledger) -> pl.DataFrame:
    """Return one row a customer, one column a measure: groups, pivots and joins.

    What is before the cut is collected once, which is faster than leaving it to the one lazy plan.
    """
    steps = pl.col("category").str.split(" > ")
    items = log.catalogue().lazy()
    items = items.select(
        "item_id",
        "brand",
        department=steps.list.first(),
        category=steps.list.get(pl.min_horizontal(steps.list.len(), 2).cast(int) - 1),
    )
    worth = (
        pl.col("price") * pl.col("quantity").fill_null(1.0) - pl.col("discount").fill_null(0.0)
    ).fill_null(0.0)
    price = pl.col("price").cast(pl.Float32).cast(pl.Float64)
    past = (
        log.scan(before=cut)
        .join(items, on="item_id", how="left")
        .select(
            "customer_id",
            "kind",
            "item_id",
            "department",
            "category",
            "brand",
            "time",
            price=price,
            quantity=pl.col("quantity").cast(pl.Float32),
            discount=pl.col("discount").fill_null(0.0),
            amount=pl.when(pl.col("kind") == "return").then(-worth).otherwise(worth),
            order=pl.coalesce("order_id", pl.col("time").cast(pl.String)),
            age=(pl.lit(cut) - pl.col("time")).dt.total_microseconds() / 86_400_000_000.0,
            band=pl.sum_horizontal(price > edge for edge in vocabulary.edges),
        )
        .with_columns(
            **{f"w{life}": pl.lit(0.5).pow(pl.col("age") / life) for life in LIVES},
        )
        .collect()
        .lazy()
    )
    wide = log.scan().select("customer_id").unique()
    for table in (_history(past), _orders(past), *_classes(past, vocabulary, ledger)):
        wide = wide.join(table, on="customer_id", how="left")
    return _ratios(wide).collect()


def _entropy(values: pl.Expr) -> pl.Expr:
    counts = values.drop_nulls().value_counts(name="n").struct.field("n")
    return counts.entropy(normalize=True)


def _history(past: pl.LazyFrame) -> pl.LazyFrame:
    hour, day = pl.col("time").dt.hour(), pl.col("time").dt.weekday()
    done = past.filter(pl.col("kind") != "message")
    return done.group_by("customer_id").agg(
        pl.col("age").max().alias("days since first"),
        pl.col("age").floor().n_unique().alias("days active"),
        pl.col("item_id").drop_nulls().n_unique().alias("distinct items"),
        pl.col("category").drop_nulls().n_unique().alias("distinct categories"),
        pl.col("brand").drop_nulls().n_unique().alias("distinct brands"),
        (1 - pl.col("item_id").drop_nulls().n_unique() / pl.col("item_id").count()).alias(
            "repeat share"
        ),
        _entropy(pl.col("category")).alias("category entropy"),
        pl.col("price").mean().alias("mean price"),
        pl.col("price").max().alias("highest price"),
        (
            pl.col("discount").sum()
            / (pl.col("amount").clip(lower_bound=0).sum() + pl.col("discount").sum())
        ).alias("discount share"),
        (pl.col("kind") == "return").sum().alias("return count"),
        *(
            hour.is_between(start, start + 5).mean().alias(f"hour share {start}-{start + 6}")
            for start in (0, 6, 12, 18)
        ),
        *(
            (day == number).mean().alias(f"weekday share {name}")
            for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), 1)
        ),
        _entropy(hour).alias("hour entropy"),
    )


def _orders(past: pl.LazyFrame) -> pl.LazyFrame:
    age, worth, gap = pl.col("age"), pl.col("amount"), pl.col("gap")
    orders = (
        past.filter(pl.col("kind") == "purchase")
        .group_by("customer_id", "order")
        .agg(
            age.max(),
            worth.sum(),
            pl.col("quantity").sum(),
            pl.len().alias("lines"),
            pl.col("category").drop_nulls().n_unique().alias("categories"),
        )
        .sort("customer_id", "age")
        .with_columns(gap=age.shift(-1).over("customer_id") - age)
        .with_columns(weight=pl.lit(0.5).pow(age / 90))
    )
    weight, since, gaps = pl.col("weight"), age.first(), gap.drop_nulls()
    return orders.group_by("customer_id", maintain_order=True).agg(
        pl.len().alias("orders"),
        worth.sum().alias("amount"),
        age.first().alias("days since order"),
        *(age.get(n, null_on_oob=True).alias(f"days since order {n + 1}") for n in (1, 2, 4)),
        gaps.mean().alias("gap mean"),
        gaps.median().alias("gap median"),
        gaps.std().alias("gap deviation"),
        gaps.max().alias("gap longest"),
        gaps.head(5).mean().alias("gap newest five"),
        worth.mean().alias("order amount mean"),
        worth.median().alias("order amount median"),
        worth.std().alias("order amount deviation"),
        worth.max().alias("order amount highest"),
        worth.first().alias("order amount last"),
        worth.head(5).mean().alias("order amount newest five"),
        pl.col("lines").mean().alias("order lines mean"),
        pl.col("lines").first().alias("order lines last"),
        pl.col("categories").mean().alias("order categories mean"),
        pl.col("quantity").mean().alias("order quantity mean"),
        *(
            (
                ((weight * (gap > since + ahead)).sum() + 1) / ((weight * (gap > since)).sum() + 2)
            ).alias(f"gap survival {ahead}d")
            for ahead in AHEAD
        ),
        *(
            ((weight * (gap - ahead).clip(lower_bound=0)).sum() / (weight * gap).sum()).alias(
                f"idle share {ahead}d"
            )
            for ahead in AHEAD
        ),
        *((age <= days).sum().alias(f"orders {days}d") for days in WINDOWS),
        *(worth.filter(age <= days).sum().alias(f"amount {days}d") for days in WINDOWS),
        *(pl.col("lines").filter(age <= days).sum().alias(f"lines {days}d") for days in WINDOWS),
        *(pl.lit(0.5).pow(age / life).sum().alias(f"decayed orders {life}d") for life in LIVES),
        *(
            (pl.lit(0.5).pow(age / life) * worth).sum().alias(f"decayed amount {life}d")
            for life in LIVES
        ),
    )


def _classes(past: pl.LazyFrame, vocabulary: Vocabulary, ledger: Ledger) -> list[pl.LazyFrame]:
    """Return one table a facet: long by class, then one column a class and measure."""
    age, tables = pl.col("age"), []
    counted = [
        ("decayed count 30d", pl.col("w30").sum()),
        ("decayed count 90d", pl.col("w90").sum()),
        ("decayed amount 90d", (pl.col("w90") * pl.col("amount")).sum()),
        ("days since", age.min()),
    ]
    kinds = [
        *((f"count {days}d", (age <= days).sum()) for days in WINDOWS),
        *((f"decayed count {life}d", pl.col(f"w{life}").sum()) for life in LIVES),
        ("count", pl.len()),
        ("distinct items", pl.col("item_id").drop_nulls().n_unique()),
        ("days since", age.min()),
    ]
    measures = {
        "kind": kinds,
        "department": counted,
        "category": counted,
        "brand": [counted[1], counted[3]],
        "band": counted,
    }
    for facet, expressions in measures.items():
        labels = vocabulary.labels[facet]
        if facet == "band":
            slot = pl.col("band").cast(pl.UInt32)
            some = past.filter(pl.col("price").is_not_null())
        else:
            names = ledger.kinds if facet == "kind" else ledger.names_of(facet)
            places = dict(zip(names, vocabulary.slots[facet].tolist(), strict=True))
            slot = pl.col(facet).replace_strict(places, return_dtype=pl.UInt32)
            some = past.filter(pl.col(facet).is_not_null())
        long = some.group_by("customer_id", slot.alias("slot")).agg(
            expression.alias(name) for name, expression in expressions
        )
        names = [name for name, _ in expressions]
        pivoted = long.collect().pivot(
            "slot", on_columns=range(len(labels)), index="customer_id", values=names
        )
        called = {
            f"{name}_{place}": f"{name}: {facet} {label}"
            for name in names
            for place, label in enumerate(labels)
        }
        tables.append(pivoted.lazy().rename(called))
    return tables


def _ratios(wide: pl.LazyFrame) -> pl.LazyFrame:
    since = pl.col("days since order")
    found = {
        "recency over gap": since / pl.col("gap mean"),
        "recency over median gap": since / pl.col("gap median"),
        "recency over longest gap": since / pl.col("gap longest"),
        "recency over newest gaps": since / pl.col("gap newest five"),
        "gap regularity": pl.col("gap deviation") / pl.col("gap mean"),
        "order rate": pl.col("orders") / pl.col("days since first"),
        "amount rate": pl.col("amount") / pl.col("days since first"),
        "last over mean amount": pl.col("order amount last") / pl.col("order amount mean"),
    }
    for what in ("orders", "amount"):
        for short, long in pairwise(WINDOWS):
            share = pl.col(f"{what} {short}d") / pl.col(f"{what} {long}d")
            found[f"{what} trend {short}d in {long}d"] = share * (long / short)
    return wide.with_columns(**found)


def check(made: Aggregates, ours: Any, ledger: Ledger, hand: pl.DataFrame) -> float:  # noqa: ANN401
    """Compare all columns and return the largest difference, relative to the column's scale."""
    order = pl.DataFrame({"customer_id": ledger.customers.tolist()})
    hand = order.join(hand, on="customer_id", how="left", maintain_order="left")
    worst = 0.0
    for place, name in enumerate(made.names):
        theirs = hand[name].cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
        mine = ours[:, place].astype(np.float64)
        theirs[~np.isfinite(theirs)] = np.nan
        # A count that a group does not have is nought to us, and missing in a join.
        nothing = np.isnan(theirs) & (mine == 0)
        theirs[nothing] = 0.0
        if not np.array_equal(np.isnan(mine), np.isnan(theirs)):
            raise SystemExit(f"error: {name} is unknown for other customers")
        apart = np.abs(mine - theirs) / (1 + np.abs(theirs))
        worst = max(worst, float(np.nanmax(apart, initial=0.0)))
    return worst


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    gc.collect()
    began = time.perf_counter()
    made = work()
    return made, time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--buckets", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    config = ShopConfig(
        events=asked.events, customers=asked.customers, items=5000, categories=40, seed=asked.seed
    )
    with TemporaryDirectory() as folder:
        log, seconds = timed(lambda: write_log(Path(folder), config, buckets=asked.buckets))
        print(f"{'made up and written':<34} {seconds:8.1f} s")
        ends = config.begins + timedelta(days=config.days)
        cuts = [ends - timedelta(days=days) for days in (30, 60, 90)]
        ledger, coding = timed(lambda: Ledger.of(log))
        made, learning = timed(lambda: Aggregates().fit(ledger, before=cuts[-1]))
        ours, one = timed(lambda: made.at(ledger, cuts[0]))
        _, three = timed(lambda: [made.at(ledger, cut)[:1] for cut in cuts])
        assert made.vocabulary_ is not None
        vocabulary = made.vocabulary_
        hand, query = timed(lambda: by_hand(log, cuts[0], vocabulary, ledger))
        worst = check(made, ours, ledger, hand)
        columns = len(hand.columns) - 1
        del hand
        _, queries = timed(lambda: [by_hand(log, cut, vocabulary, ledger).head(1) for cut in cuts])
    print(
        f"{len(ledger):,} customers, {ledger.rows:,} events, {columns} columns, seed {asked.seed}"
    )
    print(f"{'names to codes (once)':<34} {coding:8.2f} s")
    print(f"{'classes and bands (once)':<34} {learning:8.2f} s")
    print(f"{'one cut, automatic':<34} {one:8.2f} s")
    print(f"{'one cut, by hand':<34} {query:8.2f} s")
    print(f"{'three cuts, automatic':<34} {three:8.2f} s")
    print(f"{'three cuts, by hand':<34} {queries:8.2f} s")
    print(f"ratio, one cut {one / query:.2f}, three cuts {three / queries:.2f}")
    print(f"largest difference {worst:.1e} of 1 + value")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    main()
