"""What came true: the labels of the five shapes of question, read from the log itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.dataset.ledger import Ledger
from limner.events.queries import steady

__all__ = [
    "Deeds",
    "active_customers",
    "attribute_labels",
    "commonest_classes",
    "future_amounts",
    "future_classes",
    "future_counts",
    "item_codes",
    "seen_items",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Deeds:
    """Which events a question speaks of.

    ``kinds`` are kinds of event, none meaning every kind but messages, which a customer receives
    and does not do. ``items`` narrows to items, by catalogue column and the names allowed.
    """

    kinds: tuple[str, ...] = ()
    items: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def among(self, ledger: Ledger) -> pl.Expr:
        """Return the condition on rows of a ledger's part."""
        kinds = self.kinds or tuple(kind for kind in ledger.kinds if kind != "message")
        condition = pl.col("kind").is_in(ledger.kind_codes(kinds))
        for column, names in self.items.items():
            if column == "item":
                codes = [int(code) for code in np.flatnonzero(np.isin(ledger.items, list(names)))]
            else:
                known = ledger.names_of(column)
                codes = [known.index(name) for name in names if name in known]
            condition &= pl.col(column).is_in(codes)
        return condition


def active_customers(
    ledger: Ledger, window: Window, *, deeds: Deeds, within_days: float | None
) -> Ints:
    """Return the codes of the customers with such a deed in the days before the cut, rising.

    ``within_days`` of none asks for a deed at any time before the cut.
    """
    condition = deeds.among(ledger) & (pl.col("time") < window.cut)
    if within_days is not None:
        condition &= pl.col("time") >= window.cut - timedelta(days=within_days)
    found = [
        part.lazy().filter(condition).select(pl.col("customer").unique().sort()).collect()
        for _, _, part in ledger.parts()
    ]
    return pl.concat(found)["customer"].cast(pl.Int64).to_numpy()


def future_counts(ledger: Ledger, window: Window, *, deeds: Deeds) -> Floats:
    """Return how many orders with such a deed fall into the window, one count a customer (N,)."""
    return _per_customer(ledger, window, deeds, pl.col("order").n_unique().cast(pl.Float64))


def future_amounts(ledger: Ledger, window: Window, *, deeds: Deeds) -> Floats:
    """Return what such deeds are worth within the window, one amount a customer (N,).

    Returns count against purchases where both kinds are asked for; an amount is never below 0.
    """
    worth = pl.col("amount").sum().clip(lower_bound=0.0)
    return _per_customer(ledger, window, deeds, worth)


def future_classes(
    ledger: Ledger, window: Window, *, deeds: Deeds, column: str, classes: Sequence[int]
) -> NDArray[np.bool_]:
    """Return which classes each customer had such a deed with within the window: (N, C)."""
    labels = np.zeros((len(ledger), len(classes)), np.bool_)
    place = pl.DataFrame(
        {column: np.asarray(classes, np.uint32), "place": np.arange(len(classes))},
        schema={column: pl.UInt32, "place": pl.Int64},
    )
    for _, _, part in ledger.parts():
        pairs = (
            part.lazy()
            .filter(_within(window) & deeds.among(ledger))
            .select("customer", column)
            .unique()
            .join(place.lazy(), on=column)
            .collect()
        )
        labels[pairs["customer"].to_numpy(), pairs["place"].to_numpy()] = True
    return labels


def commonest_classes(
    ledger: Ledger, window: Window, *, deeds: Deeds, column: str, most: int
) -> Ints:
    """Return the codes of the commonest classes before the cut, the commonest first.

    Ties are broken by the code, so that the order is always the same.
    """
    counts = [
        part.lazy()
        .filter((pl.col("time") < window.cut) & deeds.among(ledger))
        .group_by(column)
        .len()
        .collect()
        for _, _, part in ledger.parts()
    ]
    ranked = (
        pl.concat(counts)
        .drop_nulls()
        .group_by(column)
        .agg(pl.col("len").sum())
        .sort(["len", column], descending=[True, False])
    )
    return ranked[column].head(most).cast(pl.Int64).to_numpy()


def item_codes(ledger: Ledger, window: Window, *, deeds: Deeds) -> tuple[Ints, Ints]:
    """Return the items of such deeds within the window: offsets (N + 1,) and item codes, CSR.

    Within a customer codes rise and none stands twice.
    """
    return _csr(ledger, _within(window) & deeds.among(ledger))


def seen_items(ledger: Ledger, window: Window, *, deeds: Deeds) -> tuple[Ints, Ints]:
    """Return the items of such deeds before the cut: offsets (N + 1,) and item codes, CSR."""
    return _csr(ledger, (pl.col("time") < window.cut) & deeds.among(ledger))


def attribute_labels(ledger: Ledger, name: str) -> tuple[Ints, tuple[str, ...]]:
    """Return what customers told of themselves: a class a customer (N,), -1 untold, and the names.

    The newest value stands, and of equally new ones the last. Names are of values that customers of
    this ledger told, sorted.
    """
    told = (
        ledger.source.attributes()
        .filter((pl.col("name") == name) & pl.col("value").is_not_null())
        .sort("known_at", nulls_last=False, maintain_order=True)
        .unique("customer_id", keep="last", maintain_order=True)
    )
    ids = pl.DataFrame(
        {"customer_id": ledger.customers.tolist()}, schema={"customer_id": pl.String}
    )
    joined = ids.join(told, on="customer_id", how="left", maintain_order="left")["value"]
    names = tuple(sorted(joined.drop_nulls().unique().to_list()))
    places = {value: place for place, value in enumerate(names)}
    codes = joined.replace_strict(places, default=-1, return_dtype=pl.Int64)
    return codes.fill_null(-1).to_numpy(), names


def _within(window: Window) -> pl.Expr:
    return (pl.col("time") >= window.cut) & (pl.col("time") < window.end)


def _per_customer(ledger: Ledger, window: Window, deeds: Deeds, value: pl.Expr) -> Floats:
    """Aggregate the window's deeds to one number a customer, 0 without any."""
    labels = np.zeros(len(ledger), np.float64)
    for _, _, part in ledger.parts():
        found = steady(
            part.lazy()
            .filter(_within(window) & deeds.among(ledger))
            .group_by("customer")
            .agg(value.alias("value"))
        )
        labels[found["customer"].to_numpy()] = found["value"].to_numpy()
    return labels


def _csr(ledger: Ledger, condition: pl.Expr) -> tuple[Ints, Ints]:
    pairs = pl.concat(
        [
            part.lazy()
            .filter(condition & pl.col("item").is_not_null())
            .select("customer", "item")
            .unique()
            .sort("customer", "item")
            .collect()
            for _, _, part in ledger.parts()
        ]
    )
    counts = np.bincount(pairs["customer"].to_numpy(), minlength=len(ledger))
    return np.concatenate([[0], np.cumsum(counts)]), pairs["item"].cast(pl.Int64).to_numpy()
