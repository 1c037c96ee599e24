"""Which bucket a customer lies in: a hash that is the same on every machine and for ever."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["HASH_NAME", "bucket_of", "hash_of"]

HASH_NAME = "polynomial-splitmix64"
"""What the manifest calls this hash; another one must have another name."""

_BASE = np.uint64(0x9E3779B97F4A7C15)


def hash_of(ids: pl.Series) -> NDArray[np.uint64]:
    """Hash ids, whole columns at a time, by a rule anyone can follow.

    With the bytes b(0) … b(n-1) of the id in UTF-8 and P = 0x9E3779B97F4A7C15, all modulo 2**64::

        h = (b(0) + 1) P + (b(1) + 1) P**2 + … + (b(n-1) + 1) P**n
        h = (h ^ h >> 30) * 0xBF58476D1CE4E5B9
        h = (h ^ h >> 27) * 0x94D049BB133111EB
        h =  h ^ h >> 31

    Parameters
    ----------
    ids
        Text without nulls, N of them.

    Returns
    -------
    Hashes (N,). An empty id hashes to 0.

    Examples
    --------
    >>> bool(hash_of(pl.Series(["ab"]))[0] == hash_of(pl.Series(["x", "ab"]))[1])
    True
    """
    if not len(ids):
        return np.zeros(0, np.uint64)
    text: Any = ids.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets_buffer, bytes_buffer = text.buffers()
    width = np.int64 if str(text.type).startswith("large") else np.int32
    offsets = np.frombuffer(offsets_buffer, width)[text.offset : text.offset + len(text) + 1]
    offsets = offsets.astype(np.int64)
    letters = np.frombuffer(bytes_buffer or b"", np.uint8)[offsets[0] : offsets[-1]]
    offsets = offsets - offsets[0]
    lengths = np.diff(offsets)
    longest = int(lengths.max())
    powers = np.multiply.accumulate(np.full(longest, _BASE, np.uint64))
    if longest and longest == lengths.min():
        table = letters.reshape(-1, longest)
        sums = np.full(len(table), powers.sum())
        for column, power in zip(table.T, powers, strict=True):
            sums += column * power
    else:
        sums = np.zeros(len(lengths), np.uint64)
        place = np.arange(len(letters)) - np.repeat(offsets[:-1], lengths)
        terms = (letters + np.uint64(1)) * powers[place]
        some = lengths > 0
        sums[some] = np.add.reduceat(terms, offsets[:-1][some])
    sums = (sums ^ (sums >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    sums = (sums ^ (sums >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(sums ^ (sums >> np.uint64(31)))


def bucket_of(ids: pl.Series, *, buckets: int) -> pl.Series:
    """Return the bucket of each id, ``hash modulo buckets``, as small integers.

    Where ids come again and again each different one is hashed once.
    """
    if buckets == 1 or not len(ids):
        return pl.Series("bucket", np.zeros(len(ids), np.uint16))
    sample = ids.head(10_000)
    if sample.n_unique() * 2 > len(sample):
        return pl.Series("bucket", (hash_of(ids) % np.uint64(buckets)).astype(np.uint16))
    distinct = ids.unique()
    codes = ids.cast(pl.Enum(distinct)).to_physical().to_numpy()
    home = (hash_of(distinct) % np.uint64(buckets)).astype(np.uint16)
    return pl.Series("bucket", home[codes])
