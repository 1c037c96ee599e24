"""Vectors by the digest of what they were made of, in a folder: nothing is read twice."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["VectorStore", "digest"]

Floats = NDArray[np.float32]
BYTES = 16


def digest(content: bytes) -> bytes:
    """Return what a content is known by."""
    return hashlib.blake2b(content, digest_size=BYTES).digest()


class VectorStore:
    """Vectors (D,) by digest, read at once and written part by part.

    Parameters
    ----------
    folder
        Where they are kept.
    width
        How long they are, D.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.folder, self.width = folder, width
        self._places: dict[bytes, int] = {}
        self._parts: list[Floats] = []
        self._table: Floats | None = None
        for file in sorted(self.folder.glob("part-*.npz")):
            with np.load(file, allow_pickle=False) as arrays:
                self._remember(arrays["keys"], arrays["vectors"].astype(np.float32))

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def add(self, keys: Sequence[bytes], vectors: Floats) -> None:
        """Keep the vectors of new digests (N, D), on disk before they are told to anybody."""
        # In half the bits, now and when they are read again, so that both are the same.
        halved = vectors.astype(np.float16)
        marks = np.array(list(keys), dtype=f"S{BYTES}")
        self._write(marks, halved)
        self._remember(marks, halved.astype(np.float32))

    def of(self, keys: Sequence[bytes]) -> Floats:
        """Return vectors (N, D), nought for digests that are not known."""
        table = self._whole()
        return table[[self._places.get(key, len(table) - 1) for key in keys]]

    def _remember(self, keys: NDArray[np.bytes_], vectors: Floats) -> None:
        before = len(self._places)
        for at, key in enumerate(keys.tolist()):
            # numpy drops noughts at the end of bytes.
            self._places[key.ljust(BYTES, b"\x00")] = before + at
        self._parts.append(vectors)
        self._table = None

    def _whole(self) -> Floats:
        """Return all vectors, and a last row of noughts."""
        if self._table is None:
            nought = np.zeros((1, self.width), np.float32)
            self._table = np.concatenate([*self._parts, nought])
        return self._table

    def _write(self, keys: NDArray[np.bytes_], vectors: NDArray[np.float16]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        number = len(list(self.folder.glob("part-*.npz")))
        file = self.folder / f"part-{number:05d}.npz"
        beside = self.folder / f".{os.getpid()}-{file.name}"
        with beside.open("wb") as out:
            np.savez(out, keys=keys, vectors=vectors)
        beside.replace(file)
