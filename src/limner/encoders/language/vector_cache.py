"""Vectors of texts, kept in a folder: the same text is never read twice."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.texts import tidy_text

__all__ = ["TextReader", "VectorCache"]

Floats = NDArray[np.float32]
MOST = 2_000
"""Characters of a text that are read at most: nobody says more of an item, and reviews begin with
what they mean."""


class TextReader(Protocol):
    """Makes a vector of a text."""

    version: str
    """What tells its vectors from any other reader's."""
    width: int
    """The length of a vector, D."""

    def read(self, texts: Sequence[object]) -> Floats:
        """Return the vectors of texts (N, D)."""
        ...


class VectorCache:
    """A reader that remembers; killed at any moment it has lost nothing but what it was reading.

    Parameters
    ----------
    reader
        What reads a text that is met for the first time.
    folder
        Where vectors are kept: a folder of their own for each version of a reader.
    at_once
        After so many new texts their vectors are written.
    """

    def __init__(self, reader: TextReader, folder: Path, *, at_once: int = 4096) -> None:
        self.reader, self.folder, self.at_once = reader, folder / reader.version, at_once
        self.version, self.width = reader.version, reader.width
        self._places: dict[bytes, int] = {}
        self._parts: list[Floats] = []
        self._table: Floats | None = None
        for file in sorted(self.folder.glob("part-*.npz")):
            with np.load(file, allow_pickle=False) as arrays:
                self._remember(arrays["keys"], arrays["vectors"].astype(np.float32))

    def __len__(self) -> int:
        return len(self._places)

    def read(self, texts: Sequence[object]) -> Floats:
        """Return the vectors of texts (N, D), nought for those that say nothing."""
        tidy = [tidy_text(each, most=MOST) for each in texts]
        keys = [_key(each) for each in tidy]
        new = {
            key: text
            for key, text in zip(keys, tidy, strict=True)
            if text and key not in self._places
        }
        fresh = list(new.items())
        for at in range(0, len(fresh), self.at_once):
            some = fresh[at : at + self.at_once]
            # In half the bits, now and when they are read again, so that both are the same.
            vectors = self.reader.read([text for _, text in some]).astype(np.float16)
            marks = np.array([key for key, _ in some], dtype="S16")
            self._write(marks, vectors)
            self._remember(marks, vectors.astype(np.float32))
        table = self._whole()
        rows = np.array([self._places.get(key, len(table) - 1) for key in keys], np.int64)
        return np.asarray(table[rows])

    def _remember(self, keys: NDArray[np.bytes_], vectors: Floats) -> None:
        before = len(self._places)
        for at, key in enumerate(keys.tolist()):
            # numpy drops noughts at the end of bytes.
            self._places[key.ljust(16, b"\x00")] = before + at
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


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest()
