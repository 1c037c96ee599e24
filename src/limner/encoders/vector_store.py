"""Vectors by the digest of what they were made of, in a folder: nothing is read twice."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["VECTORS_FILE", "VectorStore", "digest"]

Floats = NDArray[np.float32]
VECTORS_FILE = "vectors.db"
"""What the file of a store is called in its folder."""
_BYTES = 16
_AT_ONCE = 500
_PATIENCE_S = 60.0
"""So long another process may be writing."""
_TABLE = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"


def digest(content: bytes) -> bytes:
    """Return what a content is known by."""
    return hashlib.blake2b(content, digest_size=_BYTES).digest()


class VectorStore:
    """Vectors (D,) by digest, in a file of SQLite; several processes may use it at once.

    Parameters
    ----------
    folder
        Where they are kept.
    width
        How long they are, D.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.file, self.width = Path(folder) / VECTORS_FILE, width

    def __len__(self) -> int:
        with self._open() as held:
            return int(held.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def __contains__(self, key: bytes) -> bool:
        return bool(self.known([key]))

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Return those of some digests that have a vector."""
        with self._open() as held:
            return {key for key, _ in _rows(held, keys, "NULL")}

    def add(self, keys: Sequence[bytes], vectors: Floats) -> None:
        """Keep the vectors of new digests (N, D), on disk before they are told to anybody."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # In half the bits, for what models mean is not in the last digits.
        rows = [
            (key, one.tobytes())
            for key, one in zip(keys, vectors.astype("<f2", order="C"), strict=True)
        ]
        with self._open(make=True) as held, held:
            held.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)

    def of(self, keys: Sequence[bytes]) -> Floats:
        """Return vectors (N, D), nought for digests that are not known."""
        found = np.zeros((len(keys), self.width), np.float32)
        places: dict[bytes, list[int]] = {}
        for at, key in enumerate(keys):
            places.setdefault(key, []).append(at)
        with self._open() as held:
            for key, vector in _rows(held, list(places), "vector"):
                found[places[key]] = np.frombuffer(vector, "<f2")
        return found

    def forget(self, keys: Collection[bytes]) -> int:
        """Let go of the vectors of some digests, also on disk; return how many there were."""
        with self._open() as held:
            held.execute("PRAGMA synchronous = EXTRA")  # else a power cut brings the journal back
            with held:
                gone = [(key,) for key in keys]
                return held.executemany("DELETE FROM vectors WHERE key = ?", gone).rowcount

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[sqlite3.Connection]:
        """Open the file; where there is none yet, an empty one in memory does."""
        place = self.file if make or self.file.is_file() else ":memory:"
        with closing(sqlite3.connect(place, timeout=_PATIENCE_S)) as held:
            held.execute("PRAGMA secure_delete = ON")  # what moves leaves no copy either
            held.execute(_TABLE)
            yield held


def _rows(
    held: sqlite3.Connection, keys: Sequence[bytes], what: str
) -> Iterator[tuple[bytes, bytes]]:
    for at in range(0, len(keys), _AT_ONCE):
        some = keys[at : at + _AT_ONCE]
        signs = ",".join("?" * len(some))
        yield from held.execute(f"SELECT key, {what} FROM vectors WHERE key IN ({signs})", some)  # noqa: S608 - signs alone
