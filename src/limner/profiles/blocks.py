"""Vectors of customers, as ``limner embed`` writes them: one block of a file at a time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from limner.errors import BadStore

__all__ = ["BLOCKS", "CustomerBlock", "blocks_in"]

Floats = NDArray[np.float32]
BLOCKS = ("sequence", "collaborative", "aggregates", "text", "image")
"""The blocks by how well nearness in them means likeness; see ``limner embed``."""


@dataclass(frozen=True, slots=True, eq=False)
class CustomerBlock:
    """One block of N customers.

    ``customers`` (N,) are ids, each once; ``vectors`` (N, D) float32, of those alone who have one;
    ``version`` tells who made them, ``as_of`` of when they speak.
    """

    name: str
    version: str
    as_of: str
    customers: NDArray[np.str_]
    vectors: Floats

    def of(self, customer_id: str) -> Floats | None:
        """Return a customer's vector (D,), none where there is none."""
        at = np.flatnonzero(self.customers == customer_id)
        return self.vectors[at[0]] if len(at) else None

    @classmethod
    def read(cls, path: Path, name: str) -> Self:
        """Read one block of a file.

        Raises
        ------
        BadStore
            If the file cannot be read, or has no such block.
        """
        told = blocks_in(path).get(name)
        if told is None:
            raise BadStore(f"{path.name} has no block {name!r}", hint="limner embed --out FILE")
        try:
            table = pl.read_parquet(path, columns=["customer_id", name], glob=False).drop_nulls()
            vectors = np.zeros((0, told.get("dim", 0)), np.float32)
            if len(table):
                vectors = np.stack([each.to_numpy() for each in table[name]]).astype(np.float32)
        except (OSError, ValueError, pl.exceptions.PolarsError) as trouble:
            raise _broken(path, trouble) from None
        names = table["customer_id"].cast(pl.String).to_numpy().astype(np.str_)
        return cls(name, str(told["version"]), str(told["as_of"]), names, vectors)


def blocks_in(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return what a file tells of each of its blocks, the best first; none of a missing file.

    Raises
    ------
    BadStore
        If the file is there and ``limner embed`` did not write it.
    """
    if not path.is_file():
        return {}
    try:
        told = json.loads((pq.read_metadata(path).metadata or {})[b"limner"])
        found = {each["name"]: each for each in told["blocks"]}
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        raise _broken(path, trouble) from None
    order = [*(name for name in BLOCKS if name in found), *sorted(set(found) - set(BLOCKS))]
    return {name: found[name] for name in order}


def _broken(path: Path, trouble: Exception) -> BadStore:
    return BadStore(
        f"{path.name} must hold blocks of customers, but cannot be read: {trouble!r}",
        hint="write it again: limner embed --out " + path.name,
    )
