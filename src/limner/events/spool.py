"""Rows on their way into buckets: in memory while they fit, else on disk."""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from limner.events.buckets import bucket_of

__all__ = ["Spool"]


class Spool:
    """Cleaned rows dealt into buckets, within a budget of memory.

    Parameters
    ----------
    folder
        Where rows go when there are too many; made at need.
    buckets
        How many buckets there are.
    memory_bytes
        How much may be held before everything is written down, in bytes.
    """

    def __init__(self, folder: Path, *, buckets: int, memory_bytes: int) -> None:
        self.folder, self.buckets, self.memory_bytes = folder, buckets, memory_bytes
        self.rows = [0] * buckets
        self.spilled = 0
        self._pieces: list[list[pl.DataFrame]] = [[] for _ in range(buckets)]
        self._files: list[list[Path]] = [[] for _ in range(buckets)]
        self._held_bytes = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows in. Columns without any value are left out to save room."""
        if rows.is_empty():
            return
        empty = [name for name in rows.columns if rows[name].null_count() == len(rows)]
        rows = rows.drop(empty)
        self._held_bytes += _bytes_of(rows)
        if self.buckets == 1:
            parts = {0: rows}
        else:
            home = bucket_of(rows["customer_id"], buckets=self.buckets).alias("_bucket")
            dealt = rows.with_columns(home).partition_by("_bucket", as_dict=True, include_key=False)
            parts = {int(key[0]): part for key, part in dealt.items()}
        for bucket, part in parts.items():
            self._pieces[bucket].append(part)
            self.rows[bucket] += len(part)
        if self._held_bytes > self.memory_bytes:
            self._spill()

    def scan(self, bucket: int, *, without: Collection[int] = ()) -> pl.LazyFrame:
        """Look at the rows of a bucket, less those of some sources."""
        frames = [piece.lazy() for piece in self._pieces[bucket]]
        frames += [pl.scan_ipc(path, glob=False) for path in self._files[bucket]]
        scan = pl.concat(frames, how="diagonal")
        return scan.filter(~pl.col("_source").is_in(list(without))) if without else scan

    def forget(self, bucket: int) -> None:
        """Let the rows of a bucket go, and free their room."""
        self._pieces[bucket].clear()
        for path in self._files[bucket]:
            path.unlink()
        self._files[bucket].clear()

    def _spill(self) -> None:
        self.folder.mkdir(exist_ok=True)
        for bucket, pieces in enumerate(self._pieces):
            if pieces:
                path = self.folder / f"{bucket:04d}-{len(self._files[bucket]):04d}.arrow"
                pl.concat(pieces, how="diagonal").write_ipc(path, compression="lz4")
                self._files[bucket].append(path)
                pieces.clear()
        self._held_bytes = 0
        self.spilled += 1


def _bytes_of(rows: pl.DataFrame) -> int:
    """Return what rows take in memory: a text has 16 bytes, and its letters if more than 12."""
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    size = pl.col(texts).str.len_bytes().cast(pl.Int64)
    letters = rows.select(pl.when(size > 12).then(size).sum()).row(0)
    others = int(rows.drop(texts).estimated_size())
    return others + 16 * len(texts) * len(rows) + sum(int(each) for each in letters)
