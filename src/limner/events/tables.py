"""Files that are tables, one after another, as batches: Parquet, CSV and JSON lines."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import polars as pl

from limner.errors import BadSource
from limner.events.delimited import SEPARATORS, Stretch, detect_dialect, read_delimited
from limner.events.json_text import read_json_lines
from limner.events.look import files_of, look_at_text
from limner.events.mapping import Mapping
from limner.events.refusals import nothing_refused
from limner.events.shaping import check_columns, shape
from limner.events.source import RawBatch

__all__ = ["read_csv", "read_json", "read_parquet", "read_tables", "stretches_of_parquet"]

_LONGEST_BLOCK = 1 << 25

Prepare: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]


def read_tables(
    source: object, mapping: Mapping, *, batch_rows: int, prepare: Prepare | None = None
) -> Iterator[RawBatch]:
    """Go through the files of a source, each by what it is: Parquet, JSON lines or CSV.

    Parameters
    ----------
    prepare
        What to do to each stretch of rows, under the source's names, before it is mapped.

    Raises
    ------
    BadSource
        If there is no file, or one is empty, broken, or lacks a column of the mapping.
    """
    files = files_of(source)
    if not files:
        raise BadSource(f"{source} must be a file, but there is none", hint="is it spelt right?")
    for at, file in enumerate(files):
        with file.open("rb") as opened:
            magic = opened.read(4)
        if magic == b"PAR1":
            batches = read_parquet(file, mapping, batch_rows=batch_rows, prepare=prepare)
        elif not mapping.options.separator and look_at_text(file)[1]["dialect"] is None:
            batches = read_json(file, mapping, batch_rows=batch_rows, prepare=prepare)
        else:
            batches = read_csv(file, mapping, batch_rows=batch_rows, prepare=prepare)
        for batch in batches:
            yield batch.of_many(at, len(files))


def read_parquet(
    path: Path, mapping: Mapping, *, batch_rows: int, prepare: Prepare | None = None
) -> Iterator[RawBatch]:
    """Go through a Parquet file; raises BadSource if it is broken or lacks a column."""
    for stretch in stretches_of_parquet(path, batch_rows=batch_rows):
        yield _shaped(stretch, mapping, str(path), prepare)


def stretches_of_parquet(path: Path, *, batch_rows: int) -> Iterator[Stretch]:
    """Go through the rows of a Parquet file under their own names.

    Raises
    ------
    BadSource
        If the file is cut off or is no Parquet inside.
    """
    try:
        scan = pl.scan_parquet(path, glob=False)
        total = scan.select(pl.len()).collect().item()
        for first in range(0, max(total, 1), batch_rows):
            frame = scan.slice(first, batch_rows).collect()
            frame = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
            yield _numbered(frame, first + 1, min(1.0, (first + batch_rows) / max(total, 1)))
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise BadSource(
            f"{path} must be a whole Parquet file, but it is cut off or broken: {reason}",
            hint="copy or export the file again; nothing of it was taken",
        ) from None


def _numbered(frame: pl.DataFrame, first: int, progress: float) -> Stretch:
    line = pl.int_range(first, first + len(frame), eager=True).alias("_line")
    return Stretch(frame, line, nothing_refused(), progress)


def read_csv(
    path: Path, mapping: Mapping, *, batch_rows: int, prepare: Prepare | None = None
) -> Iterator[RawBatch]:
    """Go through a CSV; raises BadSource if it is broken as a whole or lacks a column."""
    options = mapping.options
    sample, known = look_at_text(
        path,
        encoding=options.encoding,
        separator=options.separator,
        header=options.header,
    )
    dialect = known["dialect"]
    if dialect is None:
        raise BadSource(f"{path} must be a CSV, got JSON lines", hint='reader = "json_lines"')
    if options.separator:
        _check_separator(path, sample, mapping, known["start"])
    if prepare is None:
        check_columns(sample.columns, mapping, name=str(path))
    width = max(1, len(known["start"]) // max(1, known["start"].count(b"\n")))
    block_bytes = max(1 << 10, min(_LONGEST_BLOCK, batch_rows * width))
    for stretch in read_delimited(
        path, dialect, encoding=known["encoding"], block_bytes=block_bytes
    ):
        for part in _cut(stretch, batch_rows):
            yield _shaped(part, mapping, str(path), prepare)


def _check_separator(path: Path, sample: pl.DataFrame, mapping: Mapping, start: bytes) -> None:
    """Refuse a separator that leaves out mapped columns if another one finds them."""
    if not set(mapping.source_columns()) - set(sample.columns) or sample.width > 1:
        return
    fits = {
        other: detect_dialect(start, separator=other).fields
        for other in SEPARATORS
        if other != mapping.options.separator
    }
    best = max(fits, key=lambda other: fits[other])
    if fits[best] > 1:
        raise BadSource(
            f"{path} must be cut into columns by {mapping.options.separator!r}, "
            f"but that gives {sample.width} column",
            hint=f"{best!r} gives {fits[best]} columns: options.separator = {best!r}",
        )


def _cut(stretch: Stretch, rows: int) -> Iterator[Stretch]:
    """Cut a stretch that is longer than a batch; the refused rows go with the last part."""
    last = max(0, (len(stretch.frame) - 1) // rows) * rows
    for at in range(0, last, rows):
        yield Stretch(
            stretch.frame[at : at + rows],
            stretch.line[at : at + rows],
            nothing_refused(),
            stretch.progress,
        )
    yield Stretch(stretch.frame[last:], stretch.line[last:], stretch.refused, stretch.progress)


def read_json(
    path: Path, mapping: Mapping, *, batch_rows: int, prepare: Prepare | None = None
) -> Iterator[RawBatch]:
    """Go through JSON lines; raises BadSource if the file is broken as a whole."""
    sample, known = look_at_text(path, encoding=mapping.options.encoding)
    wanted = mapping.source_columns()
    if prepare is None and sample.width and not set(wanted) & set(sample.columns):
        check_columns(sample.columns, mapping, name=str(path))
    schema = _schema_of(wanted)
    width = max(1, len(known["start"]) // max(1, known["start"].count(b"\n")))
    block_bytes = max(1 << 10, min(_LONGEST_BLOCK, batch_rows * width))
    for stretch in read_json_lines(
        path, schema, encoding=known["encoding"], block_bytes=block_bytes
    ):
        flat = Stretch(
            _by_path(stretch.frame, wanted), stretch.line, stretch.refused, stretch.progress
        )
        for part in _cut(flat, batch_rows):
            yield _shaped(part, mapping, str(path), prepare)


def _schema_of(paths: list[str]) -> dict[str, pl.DataType | type[pl.DataType]]:
    """Return the fields to take: each path, and the whole path as a name at the top."""
    tree: dict[str, dict] = {}  # type: ignore[type-arg]
    for path in paths:
        tree.setdefault(path, {})
        branch = tree
        for step in path.split("."):
            branch = branch.setdefault(step, {})
    return _struct(tree)


def _struct(tree: dict) -> dict[str, pl.DataType | type[pl.DataType]]:  # type: ignore[type-arg]
    return {name: pl.Struct(_struct(inner)) if inner else pl.String for name, inner in tree.items()}


def _by_path(frame: pl.DataFrame, paths: list[str]) -> pl.DataFrame:
    """Return one column of text a path."""
    columns = []
    for path in paths:
        found = (
            pl.col(path) if isinstance(frame.schema[path], pl.String) else pl.lit(None, pl.String)
        )
        steps = path.split(".")
        inner, dtype = pl.col(steps[0]), frame.schema[steps[0]]
        for step in steps[1:]:
            dtype = dtype.to_schema()[step]  # type: ignore[attr-defined]
            inner = inner.struct.field(step)
        if isinstance(dtype, pl.Struct):
            inner = inner.struct.json_encode()
        columns.append((pl.coalesce(found, inner) if len(steps) > 1 else inner).alias(path))
    return frame.select(columns) if columns else frame


def _shaped(stretch: Stretch, mapping: Mapping, file: str, prepare: Prepare | None) -> RawBatch:
    if prepare is not None:
        stretch = Stretch(prepare(stretch.frame), stretch.line, stretch.refused, stretch.progress)
    check_columns(stretch.frame.columns, mapping, name=file)
    return shape(stretch, mapping, file=file)
