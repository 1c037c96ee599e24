"""Make the next state of one bucket: its old rows and the new ones, in order, each once."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import polars as pl

from limner.events.cleaning import CleaningConfig
from limner.events.event import EVENT_SCHEMA, amount
from limner.events.machines import find_machines
from limner.events.manifest import BucketFile
from limner.events.merging import ORIGIN, Settled, settle
from limner.events.outliers import histogram
from limner.events.spool import Spool
from limner.events.writing import Change

__all__ = ["ROWS_AT_ONCE", "Rebuilt", "rebuild", "write_bucket"]

ROWS_AT_ONCE = 2_000_000
"""How many rows of a bucket are held at once."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The files of a bucket, and what came of its new rows.

    ``added`` has one row an origin, ``_source`` and ``rows``; ``lost`` is as in
    :class:`~limner.events.merging.Settled`; ``flags`` are those of customers of this bucket.
    """

    files: tuple[BucketFile, ...]
    added: pl.DataFrame
    lost: pl.DataFrame
    flags: pl.DataFrame


def rebuild(
    change: Change,
    spool: Spool,
    bucket: int,
    *,
    config: CleaningConfig,
    flagged: pl.DataFrame,
    without: Collection[int] = (),
) -> Rebuilt:
    """Merge new rows into a bucket and write it, unless nothing was new.

    A bucket with more than :data:`ROWS_AT_ONCE` rows is made in several files, each with a range of
    customers, so that memory is bounded.

    Parameters
    ----------
    change
        Where to write.
    spool
        The new rows.
    bucket
        Which bucket.
    config
        Says how machines are told, and whether they stay.
    flagged
        Flags from before.
    without
        Origins whose rows are not wanted.
    """
    old_files = tuple(file for file in change.before.files if file.bucket == bucket)
    old_rows = sum(file.rows for file in old_files)
    scan = spool.scan(bucket, without=without)
    if old_files:
        paths = [change.folder / file.name for file in old_files]
        scan = pl.concat([scan, pl.scan_parquet(paths, glob=False)], how="diagonal")
    files: list[BucketFile] = []
    added, lost, flags = [], [], []
    total = old_rows + spool.rows[bucket]
    for part, rows in enumerate(_ranges(scan, total)):
        settled, found = _without_machines(settle(_narrow(rows)), config, flagged)
        del rows
        new = settled.kept.filter(pl.col("_source").is_not_null())
        added.append(new.group_by("_source").agg(rows=pl.len().cast(pl.Int64)))
        lost.append(settled.lost)
        flags.append(found)
        same = new.is_empty() and not settled.lost["_source"].null_count()
        if total <= ROWS_AT_ONCE and same:
            files.extend(old_files)
        elif len(settled.kept):
            files.append(write_bucket(change, settled.kept, bucket, part))
    if not any(map(len, added)) and not any(one["_source"].null_count() for one in lost):
        files = list(old_files)
    return Rebuilt(
        tuple(files),
        pl.concat(added).group_by("_source").agg(pl.col("rows").sum()),
        pl.concat(lost, how="diagonal"),
        pl.concat(flags),
    )


def _ranges(scan: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    """Go through rows by ranges of customers, none of which is larger than can be held."""
    if rows <= ROWS_AT_ONCE:
        yield scan.collect()
        return
    counts = (
        scan.group_by("customer_id")
        .agg(rows=pl.len())
        .collect(engine="streaming")
        .sort("customer_id")
    )
    part = (counts["rows"].cum_sum() - counts["rows"]) // ROWS_AT_ONCE
    ranges = (
        counts.with_columns(part=part)
        .group_by("part")
        .agg(first=pl.col("customer_id").min(), last=pl.col("customer_id").max())
    )
    del counts
    for _, first, last in ranges.sort("part").iter_rows():
        here = pl.col("customer_id").is_between(pl.lit(first), pl.lit(last))
        yield scan.filter(here).collect(engine="streaming")


def _narrow(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out columns without any value; say where rows came from, even if from the log."""
    for name, dtype in ORIGIN.items():
        if name not in rows.columns:
            rows = rows.with_columns(pl.lit(None, dtype).alias(name))
    empty = [
        name
        for name in EVENT_SCHEMA
        if name in rows.columns and rows[name].null_count() == len(rows)
    ]
    return rows.drop(empty) if len(rows) else rows


def _without_machines(
    settled: Settled, config: CleaningConfig, flagged: pl.DataFrame
) -> tuple[Settled, pl.DataFrame]:
    found = find_machines(
        settled.kept, an_hour=config.bot_moments_an_hour, a_day=config.bot_moments_a_day
    )
    if config.bots == "note":
        return settled, found
    known = pl.concat([found["customer_id"], flagged["customer_id"]]).unique()
    bot = settled.kept["customer_id"].is_in(known.implode())
    if not bot.any():
        return settled, found
    gone = settled.kept.filter(bot).with_columns(_reason=pl.lit("bot_like"))
    return Settled(
        settled.kept.filter(~bot), pl.concat([settled.lost, gone], how="diagonal")
    ), found


def write_bucket(change: Change, kept: pl.DataFrame, bucket: int, part: int) -> BucketFile:
    """Write the settled rows of a bucket, or of a part of it, to a file of the next generation."""
    missing = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in EVENT_SCHEMA.items()
        if name not in kept.columns
    ]
    rows = kept.with_columns(missing).select(EVENT_SCHEMA.names())
    facts = rows.select(
        first=pl.col("time").min(),
        last=pl.col("time").max(),
        customers=pl.col("customer_id").rle_id().max() + 1,
    ).row(0, named=True)
    kinds = rows["kind"].value_counts().sort("kind")
    bought = rows.filter(pl.col("kind") == "purchase").select("price", "quantity", amount=amount())
    file = change.write(rows, f"buckets/{bucket:04d}-{part:03d}")
    return BucketFile(
        bucket=bucket,
        part=part,
        name=file.name,
        rows=file.rows,
        customers=int(facts["customers"]),
        first=facts["first"],
        last=facts["last"],
        kinds=dict(kinds.iter_rows()),
        digest=file.digest,
        sizes={name: histogram(bought[name]) for name in bought.columns},
    )
