"""Tables and files of texts, as a user has them."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.errors import BadSource

__all__ = [
    "beside_of",
    "column_of",
    "labelled_table",
    "read_table",
    "read_texts",
    "texts_of",
    "unlabelled_texts",
]

TABLES = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson")


def read_table(file: Path) -> pl.DataFrame:
    """Read a table: Parquet, CSV, tabs, or JSON a line; bytes that are no UTF-8 become a mark.

    Raises
    ------
    BadSource
        If the file is not there, of no known kind, or cannot be read.
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        raise BadSource(f"{file} {what}", hint="is it spelt right?")
    try:
        kind = file.suffix.lower()
        if kind == ".parquet":
            return pl.read_parquet(file)
        if kind in {".csv", ".tsv"}:
            parted = "\t" if kind == ".tsv" else ","
            return pl.read_csv(
                file, separator=parted, encoding="utf8-lossy", infer_schema_length=None
            )
        if kind in {".json", ".jsonl", ".ndjson"}:
            text = file.read_bytes().decode("utf-8", "replace").lstrip()
            if text.startswith("["):
                return pl.read_json(text.encode())
            return pl.read_ndjson(text.encode(), infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        told = str(error).strip().splitlines() or [type(error).__name__]
        raise BadSource(f"{file} cannot be read as a table: {told[0][:200]}") from None
    raise BadSource(f"{file} must end in one of {', '.join(TABLES)}")


def read_texts(file: Path, columns: Sequence[str] = ()) -> list[tuple[object, ...]]:
    """Read texts, one or several a row: columns of a table, or each line of any other file.

    Raises
    ------
    BadSource
        If a column is not there, or a table has several and none was named.
    """
    if file.suffix.lower() not in TABLES:
        lines = file.read_bytes().decode("utf-8", "replace").splitlines()
        return [(line,) for line in lines]
    return texts_of(read_table(file), columns, file)


def texts_of(table: pl.DataFrame, columns: Sequence[str], file: Path) -> list[tuple[object, ...]]:
    """Return the texts of a table, one or several a row; without columns those of the only one.

    Raises
    ------
    BadSource
        If a column is not there or holds no text, or there are several and none was named.
    """
    if not columns:
        words = [name for name in table.columns if table[name].dtype == pl.String]
        if len(words) != 1:
            raise BadSource(
                f"{file} has {len(words)} columns of text: {', '.join(words)}", hint="--text COL"
            )
        columns = words
    found = [column_of(table, name, file) for name in columns]
    for each in found:
        if each.dtype.is_nested() or each.dtype in {pl.Binary, pl.Object}:
            raise BadSource(f"{file}: {each.name!r} must be text, it is {each.dtype}")
    return list(zip(*(each.cast(pl.String) for each in found), strict=True))


def labelled_table(file: Path, label: str) -> tuple[pl.DataFrame, int]:
    """Read the rows of a table that have a label, and how many have none.

    Raises
    ------
    BadSource
        As :func:`read_table` and :func:`column_of` have it, or if no row has a label.
    """
    table = read_table(file)
    labels = column_of(table, label, file)
    told = labels.is_not_null()
    if labels.dtype.is_float():
        told &= labels.is_not_nan()
    if not told.any():
        raise BadSource(f"{file}: the column {label!r} has no label")
    return table.filter(told), int((~told).sum())


def unlabelled_texts(file: Path, columns: Sequence[str] = ()) -> list[object]:
    """Read the texts of a file one by one, those of all columns, without empty ones.

    Raises
    ------
    BadSource
        If the file is not there, or holds none.
    """
    if not file.is_file():
        raise BadSource(f"{file} is not there", hint="is it spelt right?")
    found = [each for row in read_texts(file, columns) for each in row if each]
    if not found:
        raise BadSource(f"{file} holds no text", hint="give a file with texts, or none")
    return found


def column_of(table: pl.DataFrame, name: str, file: Path) -> pl.Series:
    """Return a column.

    Raises
    ------
    BadSource
        If there is none of that name; the hint offers the nearest.
    """
    if name not in table.columns:
        close = get_close_matches(name, table.columns, n=1)
        raise BadSource(
            f"{file} has no column {name!r}; it has {', '.join(table.columns)}",
            hint=f"did you mean {close[0]!r}?" if close else "",
        )
    return table[name]


def beside_of(table: pl.DataFrame, names: Sequence[str], file: Path) -> NDArray[np.float32] | None:
    """Return columns of numbers, or of lists of numbers, side by side (N, F); None without names.

    Raises
    ------
    BadSource
        If a column is not there, is no numbers, or its lists are not of one length.
    """
    found: list[NDArray[Any]] = []
    for name in names:
        column = column_of(table, name, file)
        if isinstance(column.dtype, pl.List | pl.Array):
            lengths = column.list.len() if isinstance(column.dtype, pl.List) else None
            if lengths is not None and lengths.drop_nulls().n_unique() > 1:
                raise BadSource(f"{file}: the lists of {name!r} must be of one length")
            length = _length(column)
            rows = [each if each is not None else [None] * length for each in column.to_list()]
            found.append(np.array(rows, np.float32).reshape(len(column), length))
        elif column.dtype.is_numeric() or column.dtype == pl.Boolean:
            found.append(column.cast(pl.Float32).to_numpy()[:, None].astype(np.float32))
        else:
            raise BadSource(
                f"{file}: {name!r} must be numbers or lists of numbers, it is {column.dtype}"
            )
    return np.concatenate(found, axis=1) if found else None


def _length(column: pl.Series) -> int:
    first = column.drop_nulls()
    return len(first[0]) if len(first) else 0
