"""A customer's habits before a moment: what, when, how often, how regularly, for how much."""

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from limner.dataset.ledger import Ledger
from limner.events.queries import steady

__all__ = [
    "HISTORY_NAMES",
    "compare",
    "compared_names",
    "days_text",
    "distinct",
    "histories",
    "is_unknown",
    "order_names",
    "order_statistics",
    "orders_of",
]

HORIZONS_DAYS = (7, 14, 30)
"""For how much longer the own gaps say that a customer may stay away, in days."""


def days_text(days: float) -> str:
    """Return a length of time as it stands in column names."""
    return f"{days:g}d"


HISTORY_NAMES = (
    "days since first",
    "days active",
    "distinct items",
    "distinct categories",
    "distinct brands",
    "repeat share",
    "category entropy",
    "mean price",
    "highest price",
    "discount share",
    "return count",
    *(f"hour share {hour}-{hour + 6}" for hour in range(0, 24, 6)),
    *(f"weekday share {day}" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")),
    "hour entropy",
)


def histories(past: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Return what the single events say, one row a customer; messages are not deeds."""
    done = past.lazy()
    if "message" in ledger.kinds:
        done = done.filter(pl.col("kind") != ledger.kinds.index("message"))
    returns = ledger.kind_codes(["return"])
    hour, weekday = pl.col("time").dt.hour(), pl.col("time").dt.weekday()
    return steady(
        done.group_by("row").agg(
            pl.col("age").max().alias("days since first"),
            pl.col("age").cast(pl.Int32).n_unique().alias("days active"),
            distinct("item").alias("distinct items"),
            distinct("category").alias("distinct categories"),
            distinct("brand").alias("distinct brands"),
            (1.0 - distinct("item") / pl.col("item").count()).fill_nan(None).alias("repeat share"),
            _entropy(pl.col("category")).alias("category entropy"),
            pl.col("price").mean().alias("mean price"),
            pl.col("price").max().alias("highest price"),
            (
                pl.col("discount").sum()
                / (pl.col("amount").clip(lower_bound=0).sum() + pl.col("discount").sum())
            )
            .fill_nan(None)
            .alias("discount share"),
            pl.col("kind").is_in(returns).sum().alias("return count"),
            *(
                ((hour >= start) & (hour < start + 6))
                .mean()
                .alias(f"hour share {start}-{start + 6}")
                for start in range(0, 24, 6)
            ),
            *(
                (weekday == number + 1).mean().alias(f"weekday share {day}")
                for number, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
            ),
            _entropy(hour).alias("hour entropy"),
        )
    )


def distinct(column: str) -> pl.Expr:
    """Return how many values a column holds; nothing is not a value."""
    return pl.col(column).n_unique() - (pl.col(column).null_count() > 0)


def _entropy(values: pl.Expr) -> pl.Expr:
    """Return the entropy of a column's values, in nats."""
    return values.drop_nulls().value_counts(name="n").struct.field("n").entropy(normalize=True)


def orders_of(past: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """Return one row a purchase order: when, worth, lines, categories; newest first."""
    bought = pl.col("kind").is_in(ledger.kind_codes(["purchase"]))
    return steady(
        past.lazy()
        .filter(bought)
        .group_by("row", "order")
        .agg(
            pl.col("age").max(),
            pl.col("amount").sum(),
            pl.col("quantity").sum(),
            pl.len().alias("lines"),
            distinct("category").alias("categories"),
        )
        .sort("row", "age", "order")
        .with_columns(gap=pl.col("age").shift(-1).over("row") - pl.col("age"))
    )


def order_names(windows: Sequence[float], lives: Sequence[float]) -> tuple[str, ...]:
    """Return the names of what :func:`order_statistics` measures, in order."""
    return tuple(name for name, _ in _order_measures(windows, lives))


def _order_measures(windows: Sequence[float], lives: Sequence[float]) -> list[tuple[str, pl.Expr]]:
    age, worth = pl.col("age"), pl.col("amount")
    gaps = age.diff().drop_nulls()
    found: list[tuple[str, pl.Expr]] = [
        ("orders", pl.len()),
        ("amount", worth.sum()),
        ("days since order", age.first()),
        *(
            (f"days since order {place + 1}", age.get(place, null_on_oob=True))
            for place in (1, 2, 4)
        ),
        ("gap mean", gaps.mean()),
        ("gap median", gaps.median()),
        ("gap deviation", gaps.std()),
        ("gap longest", gaps.max()),
        ("gap newest five", age.head(6).diff().drop_nulls().mean()),
        ("order amount mean", worth.mean()),
        ("order amount median", worth.median()),
        ("order amount deviation", worth.std()),
        ("order amount highest", worth.max()),
        ("order amount last", worth.first()),
        ("order amount newest five", worth.head(5).mean()),
        ("order lines mean", pl.col("lines").mean()),
        ("order lines last", pl.col("lines").first()),
        ("order categories mean", pl.col("categories").mean()),
        ("order quantity mean", pl.col("quantity").mean()),
    ]
    # How long the own gaps, the newer the weightier, say that a customer may stay away: the share
    # of them that outlast today's recency by h days more (one long and one short gap believed
    # beforehand), and the share of all time in which nothing comes for h days.
    gap, since, weight = pl.col("gap"), age.first(), pl.lit(0.5).pow(age / 90)
    for ahead in HORIZONS_DAYS:
        longer = (weight * (gap > since + ahead)).sum() + 1.0
        survived = (weight * (gap > since)).sum() + 2.0
        idle = (weight * (gap - ahead).clip(lower_bound=0)).sum() / (weight * gap).sum()
        found += [
            (f"gap survival {ahead}d", longer / survived),
            (f"idle share {ahead}d", pl.when(idle.is_finite()).then(idle)),
        ]
    for days in windows:
        within = age <= days
        found += [
            (f"orders {days_text(days)}", within.sum()),
            (f"amount {days_text(days)}", worth.filter(within).sum()),
            (f"lines {days_text(days)}", pl.col("lines").filter(within).sum()),
        ]
    for life in lives:
        weight = pl.lit(0.5).pow(age / life)
        found += [
            (f"decayed orders {days_text(life)}", weight.sum()),
            (f"decayed amount {days_text(life)}", (weight * worth).sum()),
        ]
    return found


def order_statistics(
    orders: pl.DataFrame, windows: Sequence[float], lives: Sequence[float]
) -> pl.DataFrame:
    """Return what the orders say, one row a customer."""
    return steady(
        orders.lazy()
        .group_by("row", maintain_order=True)
        .agg(expression.alias(name) for name, expression in _order_measures(windows, lives))
    )


def compared_names(windows: Sequence[float]) -> tuple[str, ...]:
    """Return the names of what :func:`compare` adds, in order."""
    return tuple(name for name, _ in _comparisons(windows))


def _comparisons(windows: Sequence[float]) -> list[tuple[str, pl.Expr]]:
    """Ratios between what was counted: recency over the own gap, and trends between windows."""
    since = pl.col("days since order")
    found: list[tuple[str, pl.Expr]] = [
        ("recency over gap", since / pl.col("gap mean")),
        ("recency over median gap", since / pl.col("gap median")),
        ("recency over longest gap", since / pl.col("gap longest")),
        ("recency over newest gaps", since / pl.col("gap newest five")),
        ("gap regularity", pl.col("gap deviation") / pl.col("gap mean")),
        ("order rate", pl.col("orders") / pl.col("days since first")),
        ("amount rate", pl.col("amount") / pl.col("days since first")),
        ("last over mean amount", pl.col("order amount last") / pl.col("order amount mean")),
    ]
    for what in ("orders", "amount"):
        for short, long in pairwise(windows):
            recent, both = pl.col(f"{what} {days_text(short)}"), pl.col(f"{what} {days_text(long)}")
            # The share of the longer window that fell into the shorter one, against an even flow.
            found.append(
                (
                    f"{what} trend {days_text(short)} in {days_text(long)}",
                    recent / both * (long / short),
                )
            )
    return found


def compare(plain: pl.DataFrame, windows: Sequence[float]) -> pl.DataFrame:
    """Add ratios between the measures; one without a denominator is unknown."""
    return plain.with_columns(
        pl.when(expression.is_finite()).then(expression).alias(name)
        for name, expression in _comparisons(windows)
    )


COUNTED = ("orders", "amount", "lines", "decayed", "days active", "distinct", "return count")


def is_unknown(name: str) -> bool:
    """Return whether a missing value of this column is unknown rather than nothing."""
    return " trend " in name or not name.startswith(COUNTED)
