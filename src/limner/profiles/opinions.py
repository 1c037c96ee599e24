"""What was read of texts, gathered by who wrote them and what they are about."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

__all__ = ["OPINION_SCHEMA", "WRITTEN", "OpinionTraits", "gathered"]

OPINION_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type] # the classes are types of columns
        "language": pl.String,
        "sentiment": pl.Float64,
        "topic": pl.String,
        "aspects": pl.List(pl.Struct({"aspect": pl.String, "sentiment": pl.Float64})),
    }
)
"""What is read of a text: ``language`` (two letters, none if unsure), ``sentiment`` in [0, 1],
``topic`` (none where nothing is known), and of each aspect that it names how well it speaks."""

WRITTEN: Mapping[str, tuple[str, str]] = {
    "texts": ("texts_written", "texts"),
    "sentiment": ("written_sentiment", "share"),
    "language": ("written_language", "language"),
    "topic": ("written_topic", "words"),
    "likes": ("written_likes", "aspects"),
    "blames": ("written_blames", "aspects"),
}
"""What a customer's texts become as traits of a profile: by column, the name and the unit."""

LIKED, BLAMED = 0.65, 0.35
"""From where on an aspect is liked, and up to where it is blamed."""


@dataclass(frozen=True, slots=True, eq=False)
class OpinionTraits:
    """What customers write, and what is written of items: a row each, and the witnesses."""

    customers: pl.DataFrame
    items: pl.DataFrame


def gathered(read: pl.DataFrame) -> OpinionTraits:
    """Gather what was read by customer and by item.

    Parameters
    ----------
    read
        ``customer_id``, ``item_id``, ``time`` and the columns of :data:`OPINION_SCHEMA`.

    Returns
    -------
    Of each the columns ``texts`` (how many), ``sentiment`` (their mean), ``newest_sentiment`` (that
    of the newest five), ``language`` and ``topic`` (the most frequent), ``likes`` and ``blames``
    (the aspects that are mostly praised, or blamed, the most frequent first) and ``newest`` (when).
    """
    return OpinionTraits(_by(read, "customer_id"), _by(read, "item_id"))


def _by(read: pl.DataFrame, key: str) -> pl.DataFrame:
    there = read.filter(pl.col(key).is_not_null()).sort(key, "time", maintain_order=True)
    said = there.group_by(key, maintain_order=True).agg(
        texts=pl.len(),
        sentiment=pl.col("sentiment").mean().round(4),
        newest_sentiment=pl.col("sentiment").tail(5).mean().round(4),
        language=pl.col("language").drop_nulls().mode().sort().first(),
        topic=pl.col("topic").drop_nulls().mode().sort().first(),
        newest=pl.col("time").max(),
    )
    aspects = (
        there.select(key, "aspects")
        .explode("aspects")
        .drop_nulls("aspects")
        .unnest("aspects")
        .group_by(key, "aspect")
        .agg(count=pl.len(), mean=pl.col("sentiment").mean())
        .sort(key, "count", "aspect", descending=[False, True, False])
    )
    for name, chosen in (("likes", pl.col("mean") >= LIKED), ("blames", pl.col("mean") <= BLAMED)):
        named = (
            aspects.filter(chosen)
            .group_by(key, maintain_order=True)
            .agg(pl.col("aspect").alias(name))
        )
        said = said.join(named, on=key, how="left", maintain_order="left")
    return said.with_columns(pl.col("likes", "blames").fill_null([]))
