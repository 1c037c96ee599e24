"""The files of a workspace beside its log and its database, searched for people and cleared."""

import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from limner.encoders.language.texts import tidy_text
from limner.encoders.vector_store import VECTORS_FILE, VectorStore, digest
from limner.events.durable import sync_file, sync_folder
from limner.events.holding import HELD

__all__ = ["Cleared", "clear_files", "files_of", "held_in_files", "named_in_files"]

_LOG = "log"
_PASSING = ("tmp", HELD)
_READINGS = "models/**/readings"
_TEXT_VECTORS = f"models/text/**/{VECTORS_FILE}"
_OLD_VECTORS = "models/text/**/part-*.npz"
_MOST_LETTERS = 2_000
"""So many characters of a text are read into a vector."""
_NO_TEXT = frozenset(
    {".parquet", ".db", ".db-wal", ".db-shm", ".safetensors", ".npz", ".npy", ".onnx", ".tar"}
    | {".jpg", ".jpeg", ".png", ".webp", ".gif"}
)
_PIECE = 1 << 22
_FRESH = ".erasing-"
"""What is written in the place of a file is called so until it takes that place."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A file that held people: where, what of them, and how many rows went."""

    path: str
    what: str
    rows: int


def clear_files(
    folder: Path, customers: Collection[str], texts: Collection[str]
) -> Iterator[Cleared]:
    """Take people out of the tables of a workspace, and away what is made of them.

    On return no power cut brings back what went. Parquet files with a column ``customer_id`` are
    written anew without them (what was read of reviews, blocks that were embedded into the
    workspace). What models said of customers one by one is a store of answers that is made again,
    and goes as a whole; of the vectors of texts those of what these people wrote go.

    Parameters
    ----------
    folder
        The workspace.
    customers
        Whom.
    texts
        What they wrote.
    """
    for half in files_of(folder):
        if half.name.startswith(_FRESH):  # an erasure ended while it wrote: the old file stands
            half.unlink()
    names = pl.Series(sorted(customers), dtype=pl.String)
    for file in _tables(folder):
        rows = pl.read_parquet(file, glob=False)
        stay = rows.filter(~pl.col("customer_id").cast(pl.String).is_in(names.implode()))
        if len(stay) < len(rows):
            _replace(file, stay)
            yield Cleared(_within(folder, file), "rows", len(rows) - len(stay))
    for kept in sorted(folder.glob(_READINGS)):
        if kept.is_dir():
            answers = len(list(kept.iterdir()))
            shutil.rmtree(kept)
            sync_folder(kept.parent)
            yield Cleared(_within(folder, kept), "answers of models, made again", answers)
    keys = {digest(tidy_text(text, most=_MOST_LETTERS).encode("utf-8")) for text in texts}
    for old in folder.glob(_OLD_VECTORS):  # which nothing reads any more
        old.unlink()
        sync_folder(old.parent)
    for file in sorted(folder.glob(_TEXT_VECTORS)) if keys else ():
        gone = VectorStore(file.parent, 0).forget(keys)
        if gone:
            yield Cleared(_within(folder, file), "vectors of texts", gone)


def files_of(folder: Path) -> list[Path]:
    """Return the files of a workspace, in order, but for what is written or read just now.

    Scratch files of the log and states of it that are kept for a while come and go; links are
    left out.
    """
    found = []
    for above, folders, files in os.walk(folder):  # which heeds that folders go meanwhile
        here = Path(above)
        if here == folder / _LOG:
            folders[:] = [name for name in folders if name not in _PASSING]
        found += [here / name for name in files]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def held_in_files(folder: Path, customer_id: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows on a customer in the tables of a workspace, by file."""
    found = {}
    for file in _tables(folder):
        own = pl.col("customer_id").cast(pl.String) == customer_id
        rows = pl.scan_parquet(file, glob=False).filter(own).collect()
        if len(rows):
            found[_within(folder, file)] = rows.rows(named=True)
    return found


def named_in_files(folder: Path, customers: Collection[str]) -> dict[str, set[str]]:
    """Return the text files of a workspace in which people's ids stand, by customer.

    They are the shop's own files, which nobody but the shop writes anew. A short id may stand
    there for something else.
    """
    spelt = {who.encode("utf-8", "surrogatepass"): who for who in customers if who}
    found: dict[str, set[str]] = {}
    if not spelt:
        return found
    longest = max(map(len, spelt))
    within = rb"(?<![\w@.+-])(" + b"|".join(map(re.escape, sorted(spelt))) + rb")(?![\w@+-])"
    pattern = re.compile(within)
    for file in files_of(folder):
        if file.suffix.lower() in _NO_TEXT:
            continue
        before = b""
        with suppress(FileNotFoundError), file.open("rb") as source:  # it went meanwhile
            while piece := source.read(_PIECE):
                text = before + piece
                for match in pattern.finditer(text):
                    found.setdefault(spelt[match[1]], set()).add(_within(folder, file))
                before = text[-longest - 2 :]
    return found


def _tables(folder: Path) -> Iterator[Path]:
    for file in files_of(folder):
        own = file.relative_to(folder).parts[0] == _LOG or file.name.startswith(_FRESH)
        if own or file.suffix != ".parquet":
            continue
        if "customer_id" in pq.read_schema(file).names:
            yield file


def _replace(file: Path, rows: pl.DataFrame) -> None:
    told = pq.read_metadata(file).metadata or {}
    own = {
        key.decode(): value.decode("utf-8", "replace")
        for key, value in told.items()
        if not key.startswith(b"ARROW:")
    }
    fresh = file.with_name(f"{_FRESH}{file.name}")
    try:
        rows.rechunk().write_parquet(fresh, metadata=own)
        sync_file(fresh)
        fresh.replace(file)
        sync_folder(file.parent)
    finally:
        fresh.unlink(missing_ok=True)


def _within(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
