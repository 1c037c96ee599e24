"""What is said of items, as one text each: what models read of them."""

import polars as pl

from limner.events.event import CATEGORY_SEPARATOR

__all__ = ["catalogue_texts", "newest_words"]


def catalogue_texts(catalogue: pl.DataFrame) -> pl.DataFrame:
    """Return ``item_id`` and what is said of each item as ``text``, each item once."""
    steps = pl.col("category").str.replace_all(CATEGORY_SEPARATOR, ", ", literal=True)
    return catalogue.unique("item_id", keep="last", maintain_order=True).select(
        "item_id",
        text=pl.concat_str(
            [pl.col("title"), pl.col("description"), steps, pl.col("brand")],
            separator=". ",
            ignore_nulls=True,
        ),
    )


def newest_words(known: pl.DataFrame, came: pl.DataFrame) -> pl.DataFrame:
    """Return what is known of items where something came since: the newest word on each.

    Both are catalogues, by item; where a newer one says nothing, the older one holds.
    """
    fresh = came.join(known, on="item_id", how="left", suffix="_before").select(
        "item_id",
        *(
            pl.coalesce(name, f"{name}_before").alias(name)
            for name in known.columns
            if name != "item_id"
        ),
    )
    return pl.concat([known.join(came, on="item_id", how="anti"), fresh]).sort("item_id")
