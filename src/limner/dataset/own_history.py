"""What each customer did with each class before a moment, and what others like them did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger, age_days
from limner.events.queries import steady

__all__ = ["OwnHistory", "own_history"]

Ints = NDArray[np.int64]
WINDOWS_DAYS = (7, 14, 30, 60, 90)
HALF_LIVES_DAYS = (7, 15, 30, 90, 180)
AFFINITY_CLASSES = 1500
"""At most so many classes take part in the affinity between classes, the commonest ones."""
AFFINITY_PENALTY = 20.0


@dataclass(frozen=True, slots=True)
class OwnHistory:
    """Measures of N customers with C classes at a cut: ``values`` (N, C, D), NaN where unknown.

    ``names`` are the D measures. Some belong to the pair, some to the class alone.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]


def own_history(
    ledger: Ledger,
    cut: datetime,
    *,
    customers: Ints,
    column: str,
    classes: Ints,
    deeds: Deeds,
) -> OwnHistory:
    """Measure the history of every customer with every class, strictly before a cut.

    Counts of orders by window, exponentially decayed counts, recency of the last three, gaps,
    money, distinct items; how common the class is and where that goes; and the *affinity* that the
    customer's other classes lend to it, by EASE (Steck 2019) on decayed counts of all classes.

    Parameters
    ----------
    customers
        Codes of the N customers, rising.
    column
        ``category``, ``department`` or ``brand``.
    classes
        Codes of the C classes.
    deeds
        Which events count; others enter through two measures of any contact.
    """
    slots = pl.DataFrame(
        {column: classes.astype(np.uint32), "slot": np.arange(len(classes), dtype=np.uint32)}
    )
    places = pl.DataFrame(
        {
            "customer": customers.astype(np.uint32),
            "place": np.arange(len(customers), dtype=np.uint32),
        }
    )
    tables, contacts, weights, common, active = [], [], [], [], 0
    for _, _, part in ledger.parts():
        past = (
            part.lazy()
            .filter((pl.col("time") < cut) & pl.col(column).is_not_null())
            .with_columns(age=age_days(cut))
        )
        done = past.filter(deeds.among(ledger))
        asked = done.join(places.lazy(), on="customer").join(slots.lazy(), on=column)
        tables.append(steady(_pairs(asked)))
        contacts.append(
            steady(
                past.join(places.lazy(), on="customer")
                .join(slots.lazy(), on=column)
                .group_by("place", "slot")
                .agg(
                    pl.col("age").min().alias("any recency"),
                    _decayed(30).alias("any decayed 30d"),
                )
            )
        )
        lately = done.filter(pl.col("age") < 60)
        active += lately.select(pl.col("customer").n_unique()).collect().item()
        common.append(_class_counts(lately.join(slots.lazy(), on=column)).collect())
        weights.append(steady(done.group_by("customer", column).agg(_decayed(90).alias("weight"))))
    # A sum over customers has the same last digit only if it is taken in the same order.
    pairs, decayed = pl.concat(tables), pl.concat(weights).sort("customer", column)
    blocks = [
        _scatter(pairs, len(customers), len(classes), _PAIR_NAMES),
        _scatter(pl.concat(contacts), len(customers), len(classes), _CONTACT_NAMES),
        _class_measures(pl.concat(common), active, len(customers), len(classes)),
        _affinity(decayed, column, customers=customers, classes=classes, count=len(ledger)),
    ]
    names = (*_PAIR_NAMES, *_CONTACT_NAMES, *_CLASS_NAMES, "affinity")
    return OwnHistory(names, np.concatenate(blocks, axis=2))


_PAIR_NAMES = (
    "recency",
    "recency 2",
    "recency 3",
    "first",
    "orders",
    "gap mean",
    "gap deviation",
    "recency over gap",
    "amount",
    "lines",
    "distinct items",
    *(f"orders {days}d" for days in WINDOWS_DAYS),
    *(f"decayed {days}d" for days in HALF_LIVES_DAYS),
)
_CONTACT_NAMES = ("any recency", "any decayed 30d")
_CLASS_NAMES = ("class share 14d", "class share 30d", "class share 60d", "class trend")
_UNKNOWN = ("recency", "first", "gap", "any recency")


def _decayed(half_life_days: float) -> pl.Expr:
    return pl.lit(0.5).pow(pl.col("age") / half_life_days).sum()


def _pairs(asked: pl.LazyFrame) -> pl.LazyFrame:
    """One row a customer and class: how often, how lately, how regularly."""
    age = pl.col("age")
    gaps = age.diff().drop_nulls()
    return (
        asked.group_by("place", "slot", "order")
        .agg(
            age.max(),
            pl.col("amount").sum(),
            pl.len().alias("lines"),
            pl.col("item").n_unique().alias("items"),
        )
        .sort("place", "slot", "age", "order")
        .group_by("place", "slot", maintain_order=True)
        .agg(
            age.first().alias("recency"),
            age.get(1, null_on_oob=True).alias("recency 2"),
            age.get(2, null_on_oob=True).alias("recency 3"),
            age.last().alias("first"),
            pl.len().alias("orders"),
            gaps.mean().alias("gap mean"),
            gaps.std().alias("gap deviation"),
            pl.col("amount").sum(),
            pl.col("lines").sum(),
            pl.col("items").sum().alias("distinct items"),
            *((age < days).sum().alias(f"orders {days}d") for days in WINDOWS_DAYS),
            *(_decayed(days).alias(f"decayed {days}d") for days in HALF_LIVES_DAYS),
        )
        # Orders of one moment have no gap; a ratio to nothing is unknown.
        .with_columns(
            pl.when(pl.col("gap mean") > 0)
            .then(pl.col("recency") / pl.col("gap mean"))
            .alias("recency over gap")
        )
    )


def _scatter(
    table: pl.DataFrame, customers: int, classes: int, names: Sequence[str]
) -> NDArray[np.float32]:
    dense = np.zeros((customers, classes, len(names)), np.float32)
    for place, name in enumerate(names):
        if name.startswith(_UNKNOWN):
            dense[:, :, place] = np.nan
        values = table[name].cast(pl.Float32).fill_null(np.nan).to_numpy()
        dense[table["place"].to_numpy(), table["slot"].to_numpy(), place] = values
    return dense


def _class_counts(lately: pl.LazyFrame) -> pl.LazyFrame:
    """Count, for each class, the customers who had it within windows: one row a class."""
    age, customer = pl.col("age"), pl.col("customer")
    return lately.group_by("slot").agg(
        *(customer.filter(age < days).n_unique().alias(f"{days}d") for days in (14, 30, 60)),
        customer.filter(age >= 30).n_unique().alias("before"),
    )


def _class_measures(
    counts: pl.DataFrame, active: int, customers: int, classes: int
) -> NDArray[np.float32]:
    """Return the share of active customers who had the class lately, and its trend: (N, C, 4)."""
    total = counts.group_by("slot").agg(pl.all().sum())
    found = np.zeros((classes, 4), np.float32)
    at = total["slot"].to_numpy()
    for place, days in enumerate((14, 30, 60)):
        found[at, place] = total[f"{days}d"].to_numpy() / max(1, active)
    found[at, 3] = total["30d"].to_numpy() / (total["before"].to_numpy() + 1.0)
    return np.broadcast_to(found, (customers, classes, 4)).astype(np.float32)


def _affinity(
    decayed: pl.DataFrame, column: str, *, customers: Ints, classes: Ints, count: int
) -> NDArray[np.float32]:
    """Return what EASE expects of each pair from the customer's other classes: (N, C, 1)."""
    ranked = (
        steady(
            decayed.lazy()
            .sort(column)
            .group_by(column, maintain_order=True)
            .agg(pl.col("weight").sum())
        )
        .sort(["weight", column], descending=[True, False])[column]
        .head(AFFINITY_CLASSES)
        .to_numpy()
    )
    known = np.unique(np.concatenate([ranked.astype(np.int64), classes]))
    place = np.full(int(known.max(initial=0)) + 2, -1, np.int64)
    place[known] = np.arange(len(known))
    codes = decayed[column].cast(pl.Int64).to_numpy()
    codes = np.where(codes < len(place), codes, len(place) - 1)
    kept = place[codes] >= 0
    # How strongly it is held back depends on who did something, not on who is to come.
    doers = max(1, decayed["customer"].n_unique())
    rows, places = decayed["customer"].to_numpy()[kept], place[codes[kept]]
    weights = np.log1p(decayed["weight"].to_numpy()[kept])
    length = np.sqrt(np.bincount(rows, weights**2, minlength=count))
    matrix = csr_array((weights / length[rows], (rows, places)), shape=(count, len(known)))
    gram = (matrix.T @ matrix).toarray()
    gram[np.diag_indices_from(gram)] += AFFINITY_PENALTY * min(1.0, doers / 2000)
    inverse = np.linalg.inv(gram)
    similar = -inverse / np.diag(inverse)
    np.fill_diagonal(similar, 0.0)
    scores = matrix[customers] @ similar[:, place[classes]]
    return np.asarray(scores[:, :, None], np.float32)
