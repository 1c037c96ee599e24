"""What models made of the items' words and pictures, kept beside the log: a vector an item."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from limner.errors import BadShape, LogCorrupt

__all__ = ["LOOKS", "ItemVectors", "looks_of"]

Floats = NDArray[np.float32]
LOOKS = ("text", "image")
"""What of an item may have a vector: its words, and its picture."""


@dataclass(frozen=True, slots=True, eq=False)
class ItemVectors:
    """``ids`` names (I,), each once; ``vectors`` (I, E); ``version`` tells who made them."""

    ids: NDArray[np.str_]
    vectors: Floats
    version: str

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2 or len(self.vectors) != len(self.ids):
            raise BadShape(
                f"vectors of {len(self.ids)} items must be ({len(self.ids)}, E), "
                f"got {self.vectors.shape}"
            )

    def of(self, items: NDArray[np.str_]) -> "ItemVectors":
        """Return the same of V items, with nought where there is none."""
        found = np.zeros((len(items), self.vectors.shape[1]), np.float32)
        if len(self.ids):
            order = np.argsort(self.ids)
            at = np.searchsorted(self.ids[order], items).clip(max=len(order) - 1)
            known = self.ids[order][at] == items
            found[known] = self.vectors[order][at[known]]
        return ItemVectors(items, found, self.version)

    def write(self, path: Path) -> None:
        """Write them to a Parquet file, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{os.getpid()}-{path.name}")
        table = pl.DataFrame(
            {
                "item_id": pl.Series(self.ids, dtype=pl.String),
                "vector": pl.Series(
                    self.vectors, dtype=pl.Array(pl.Float32, self.vectors.shape[1])
                ),
            }
        )
        told = json.dumps({"version": self.version, "width": self.vectors.shape[1]})
        table.write_parquet(fresh, metadata={"limner": told})
        fresh.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what :meth:`write` wrote.

        Raises
        ------
        LogCorrupt
            If the file cannot be read.
        """
        try:
            told = json.loads(pq.read_metadata(path).metadata[b"limner"])
            table = pl.read_parquet(path)
            vectors = table["vector"].to_numpy().astype(np.float32)
            vectors = vectors.reshape(len(table), told["width"])
        except (OSError, KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as trouble:
            raise LogCorrupt(
                f"{path} must hold vectors of items, but cannot be read: {trouble}",
                hint="delete it: it is made again",
            ) from None
        return cls(table["item_id"].to_numpy().astype(np.str_), vectors, told["version"])


def looks_of(source: Any, items: NDArray[np.str_]) -> Mapping[str, ItemVectors]:  # noqa: ANN401
    """Return the vectors of V items by :data:`LOOKS`, as far as a log has any."""
    kept: Mapping[str, ItemVectors] = getattr(source, "item_vectors", dict)()
    return {name: each.of(items) for name, each in kept.items()}
