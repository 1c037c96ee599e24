"""Vectors of texts, kept in a folder: the same text is never read twice."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.texts import tidy_text
from limner.encoders.vector_store import VectorStore, digest

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
        self.reader, self.at_once = reader, at_once
        self.version, self.width = reader.version, reader.width
        self._store = VectorStore(folder / reader.version, reader.width)

    def __len__(self) -> int:
        return len(self._store)

    def read(self, texts: Sequence[object]) -> Floats:
        """Return the vectors of texts (N, D), nought for those that say nothing."""
        tidy = [tidy_text(each, most=MOST) for each in texts]
        keys = [digest(each.encode("utf-8")) for each in tidy]
        wanted = {key: text for key, text in zip(keys, tidy, strict=True) if text}
        known = self._store.known(list(wanted))
        new = {key: text for key, text in wanted.items() if key not in known}
        fresh = list(new.items())
        for at in range(0, len(fresh), self.at_once):
            some = fresh[at : at + self.at_once]
            vectors = self.reader.read([text for _, text in some])
            self._store.add([key for key, _ in some], vectors)
        return self._store.of(keys)
