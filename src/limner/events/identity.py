"""Which source this is: its name, and the digest that tells it from all others."""

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl

__all__ = ["Fingerprint", "digest_of_files", "name_of", "size_of"]


def name_of(source: Any) -> str:  # noqa: ANN401
    """Return what to call a source in reports; a password in an address is left out."""
    if isinstance(source, str | Path):
        return re.sub(r"://[^@/]*@", "://", str(source))
    return f"{type(source).__module__.split('.')[0]} {type(source).__name__}"


def size_of(files: Iterable[Path]) -> int:
    """Return how large files are together, in bytes."""
    return sum(file.stat().st_size for file in files)


def digest_of_files(files: Sequence[Path]) -> str:
    """Return size and BLAKE2b digest of the content of files, whatever they are called."""
    parts = []
    for file in files:
        digest = blake2b(digest_size=16)
        with file.open("rb") as opened:
            while piece := opened.read(1 << 20):
                digest.update(piece)
        parts.append(digest.hexdigest())
    whole = parts[0] if len(parts) == 1 else _joined(sorted(parts))
    return f"{size_of(files)}:{whole}"


def _joined(parts: Iterable[str]) -> str:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(part.encode())
    return digest.hexdigest()


class Fingerprint:
    """A digest of frames as they come, for sources that are no files."""

    def __init__(self) -> None:
        self._digest, self._bytes = blake2b(digest_size=16), 0

    def write(self, piece: bytes) -> int:
        """Take bytes in; a frame writes itself here."""
        self._digest.update(piece)
        self._bytes += len(piece)
        return len(piece)

    def add(self, frame: pl.DataFrame | None) -> None:
        """Take a frame in."""
        if frame is not None:
            self.write(frame.rechunk().write_ipc(None, compression="uncompressed").getvalue())

    def result(self) -> str:
        """Return size and digest of all so far."""
        return f"{self._bytes}:{self._digest.hexdigest()}"
