"""What customers wrote or searched before a moment, word for word, the newer the more."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.dataset.ledger import Ledger, age_days
from limner.events.item_texts import catalogue_texts

__all__ = ["Written", "item_texts", "written"]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """P texts of the customers of one bucket.

    ``customers`` (P,) are codes, not falling; ``texts`` what was written; ``weights`` (P,) how much
    each counts, from 1 at the cut down to 0.
    """

    customers: NDArray[np.int64]
    texts: tuple[str, ...]
    weights: NDArray[np.float64]


def written(ledger: Ledger, cut: datetime, *, half_life_days: float) -> Iterator[Written]:
    """Go through what customers wrote strictly before a cut, bucket by bucket.

    Parameters
    ----------
    ledger
        The log as codes.
    cut
        Only events strictly before it are read.
    half_life_days
        After so many days a text counts half.
    """
    for number in range(ledger.source.buckets):
        start, end = int(ledger.offsets[number]), int(ledger.offsets[number + 1])
        found = (
            ledger.source.scan(bucket=number, before=cut)
            .filter(pl.col("text").is_not_null() & (pl.col("text") != ""))
            .select(
                "customer_id",
                "text",
                weight=pl.lit(0.5).pow(age_days(cut) / half_life_days),
            )
            .collect()
        )
        if not len(found):
            continue
        own = ledger.customers[start:end]
        place = np.searchsorted(own, found["customer_id"].to_numpy().astype(own.dtype))
        yield Written(
            start + place.astype(np.int64),
            tuple(found["text"].to_list()),
            found["weight"].to_numpy(),
        )


def item_texts(ledger: Ledger) -> tuple[str, ...]:
    """Return what is said of each item (V,): title, description, category and brand; or nothing."""
    said = catalogue_texts(ledger.source.catalogue())
    items = pl.DataFrame({"item_id": pl.Series(ledger.items, dtype=pl.String)})
    joined = items.join(said, on="item_id", how="left", maintain_order="left")
    return tuple(joined["text"].fill_null("").to_list())
