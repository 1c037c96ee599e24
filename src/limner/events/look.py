"""A first look at a source: what form it has, and its first rows."""

from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Any, Literal, TypeAlias

import polars as pl

from limner.errors import BadSource
from limner.events.delimited import Dialect, detect_dialect, header_of, parse_block
from limner.events.frames import first_rows
from limner.events.json_text import flatten, sample_json_lines
from limner.events.streams import ByteStream, detect_encoding, to_utf8

__all__ = ["SAMPLE_ROWS", "Form", "Head", "files_of", "look", "look_at_text"]

SAMPLE_ROWS = 20_000
"""How many rows the first look takes from a table, at most."""

_SAMPLE_BYTES = 1 << 20

Form: TypeAlias = Literal["parquet", "delimited", "json_lines", "frame", "sql", "folder", "name"]
"""What a source is before anybody asks what it means. ``name`` is a word that is no path."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first look at a source: enough to say what it is, never all of it."""

    source: Any
    """What was given: a path, an address, a data frame."""
    name: str
    """What to call it in messages."""
    form: Form
    start: bytes = b""
    """The first bytes, decompressed and in UTF-8, at most 1 MiB; none for what is no text."""
    frame: pl.DataFrame | None = None
    """The first rows where the source is a table; every column of a CSV is text."""
    files: tuple[Path, ...] = ()
    """The files of the source, in the order in which they are read."""
    size_bytes: int | None = None
    """How large the files are as they lie on the disk, together."""
    dialect: Dialect | None = None
    """How a CSV is written."""
    encoding: str = ""
    """How a text is encoded."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, none if the source is no table."""
        return () if self.frame is None else tuple(self.frame.columns)


def files_of(source: object) -> list[Path]:
    """Return the files of a path, a pattern or a folder, sorted; none if it is no path.

    Hidden files, and files whose names begin with ``_``, are left out of folders.
    """
    if not isinstance(source, str | Path):
        return []
    path = Path(source).expanduser()
    if path.is_dir():
        found = [file for file in path.rglob("*") if file.is_file()]
        return sorted(file for file in found if file.name[0] not in "._")
    if not path.exists() and has_magic(str(path)):
        found = [Path(file) for file in glob(str(path), recursive=True)]  # noqa: PTH207 - absolute too
        return sorted(file for file in found if file.is_file())
    return [path] if path.exists() else []


def look(source: Any) -> Head:  # noqa: ANN401
    """Take a first look at a source: what form it has, and its first rows.

    Raises
    ------
    BadSource
        If there is nothing to read at that path, or its first file is empty or broken.
    """
    if not isinstance(source, str | Path):
        return _look_at_frame(source)
    address = str(source)
    if "://" in address:
        return Head(source, address, "sql")
    files = files_of(source)
    if not files:
        path = Path(source).expanduser()
        if path.is_dir() or has_magic(address):
            raise BadSource(f"{address} must hold files, but there are none")
        if isinstance(source, Path) or path.suffix or "/" in address:
            raise BadSource(
                f"{address} must be a file or folder, but there is none", hint="is it spelt right?"
            )
        return Head(source, address, "name")
    size = sum(file.stat().st_size for file in files)
    if Path(source).expanduser().is_dir() and len({file.suffix for file in files}) > 1:
        return Head(source, address, "folder", files=tuple(files), size_bytes=size)
    return _look_at_file(source, files, size)


def _look_at_frame(source: object) -> Head:
    return Head(source, type(source).__name__, "frame", frame=first_rows(source, SAMPLE_ROWS))


def _look_at_file(source: str | Path, files: list[Path], size: int) -> Head:
    first, name = files[0], str(source)
    with first.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        frame = _first_of_parquet(first)
        return Head(source, name, "parquet", frame=frame, files=tuple(files), size_bytes=size)
    frame, known = look_at_text(first)
    form: Form = "delimited" if known["dialect"] else "json_lines"
    return Head(source, name, form, frame=frame, files=tuple(files), size_bytes=size, **known)


def look_at_text(
    path: Path, *, encoding: str = "", separator: str = "", header: bool | None = None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """Return the first rows of a CSV or of JSON lines, and ``start``, ``encoding``, ``dialect``.

    What is given is obeyed, what is not is found out.

    Raises
    ------
    BadSource
        If the file is empty, no text, or broken while packed.
    """
    with ByteStream(path) as stream:
        raw = stream.read(_SAMPLE_BYTES)
    encoding = encoding or detect_encoding(raw, name=str(path))
    start = to_utf8(raw, encoding)
    text = start.lstrip()
    if not text:
        raise BadSource(f"{path} must hold rows, but it is empty", hint="export it again")
    known: dict[str, Any] = {"start": start, "encoding": encoding, "dialect": None}
    if text.startswith(b"{") and not separator:
        return flatten(sample_json_lines(start, rows=SAMPLE_ROWS // 10)), known
    if text.startswith(b"[") and ".json" in path.suffixes:
        raise BadSource(
            f"{path} must hold one JSON object a line, got one array",
            hint=f"jq -c '.[]' {path.name} > {path.stem}.jsonl",
        )
    dialect = detect_dialect(start, separator=separator, header=header)
    frame = _sample_delimited(start, dialect, whole=len(raw) < _SAMPLE_BYTES)
    return frame, {**known, "dialect": dialect}


def _sample_delimited(start: bytes, dialect: Dialect, *, whole: bool) -> pl.DataFrame:
    """Return the first rows of a CSV as text, from its first bytes in UTF-8."""
    names, body, _ = header_of(start, dialect)
    if not whole:
        body = body[: body.rfind(b"\n") + 1]
    stretch, _, _ = parse_block(body, names, dialect.separator, last=True)
    return stretch.frame.head(SAMPLE_ROWS)


def _first_of_parquet(path: Path) -> pl.DataFrame:
    """Return rows from the start, the middle and the end of a Parquet file.

    Raises
    ------
    BadSource
        If the file is cut off or is no Parquet inside.
    """
    try:
        lazy = pl.scan_parquet(path, glob=False)
        rows = lazy.select(pl.len()).collect().item()
        if rows <= SAMPLE_ROWS:
            return lazy.collect()
        third = SAMPLE_ROWS // 3
        return pl.concat([lazy.slice(at, third).collect() for at in (0, rows // 2, rows - third)])
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadSource(
            f"{path} must be a whole Parquet file, but it is cut off or broken: {reason}",
            hint="copy or export the file again; nothing of it was taken",
        ) from None
