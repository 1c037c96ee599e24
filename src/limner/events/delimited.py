"""CSV in whole blocks: every record is found, counted and numbered before it is parsed.

The fast way looks at bytes with numpy and lets Polars parse them. Only a block whose quotes are
out of order is read line by line, and then only that block.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.errors import BadSource
from limner.events.quoted_lines import parse_lines
from limner.events.refusals import REFUSED_SCHEMA, ROW_BYTES
from limner.events.streams import ByteStream, utf8_blocks

__all__ = ["Dialect", "Stretch", "detect_dialect", "header_of", "parse_block", "read_delimited"]

SEPARATORS = ",;\t|"
_NEWLINE, _QUOTE = 10, 34
_LONGEST_RECORD = 1 << 24
_REPLACED = "\ufffd".encode()

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV is written."""

    separator: str
    header: bool
    fields: int
    """How many fields a whole record has."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a source under their own names, and where they stood."""

    frame: pl.DataFrame
    line: pl.Series
    """The line or row of each row of the frame (Int64, from 1)."""
    refused: pl.DataFrame
    progress: float = 1.0


def detect_dialect(start: bytes, *, separator: str = "", header: bool | None = None) -> Dialect:
    """Say how a CSV is written, from its first bytes in UTF-8.

    The separator is the one with which most of the first records have as many fields as the first
    one; more fields win among equals. The first record is a header if none of its fields is a
    number, a moment or empty, and none comes twice.
    """
    text = start.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    if not separator:
        fits = {candidate: _fit(_records(text, candidate)) for candidate in SEPARATORS}
        separator = max(fits, key=lambda candidate: fits[candidate])
    records = _records(text, separator)
    first = records[0] if records else []
    if header is None:
        header = _is_header(first)
    return Dialect(separator, header, len(first))


def _records(text: str, separator: str) -> list[list[str]]:
    # Cut at the last line, which may be half; a text of one line is whole.
    lines = text[: text.rfind("\n") + 1] or text
    found: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(lines, newline=""), delimiter=separator):
            if record:
                found.append(record)
            if len(found) == 200:
                break
    except csv.Error:
        pass
    return found


def _fit(records: Sequence[Sequence[str]]) -> float:
    counts = Counter(len(record) for record in records)
    fields = len(records[0]) if records else 0
    if fields < 2:
        return 0.0
    return counts[fields] / len(records) * (1 + 0.1 * log(fields))


def _is_header(first: Sequence[str]) -> bool:
    fields = [field.strip() for field in first]
    if not all(fields) or len(set(fields)) < len(fields):
        return False
    return not any(any(c.isdigit() for c in field) and _is_value(field) for field in fields)


def _is_value(field: str) -> bool:
    digits = sum(c.isdigit() for c in field)
    others = sum(c.isalpha() for c in field.replace("T", "").replace("Z", ""))
    return digits > others


def _column_names(first: Sequence[str], *, header: bool) -> list[str]:
    """Return the names of the columns: those of the header, each made single, or column_1, …"""
    if not header:
        return [f"column_{at}" for at in range(1, len(first) + 1)]
    names: list[str] = []
    for at, field in enumerate(first, 1):
        name = field.strip() or f"column_{at}"
        single, again = name, 2
        while single in names:
            single, again = f"{name}_{again}", again + 1
        names.append(single)
    return names


def read_delimited(
    path: Path, dialect: Dialect, *, encoding: str, block_bytes: int = 1 << 25
) -> Iterator[Stretch]:
    """Go through a CSV block by block; every column is text, an empty field is null.

    Raises
    ------
    BadSource
        If the file is empty, or cut off while packed.
    """
    rest, line, names = b"", 1, list[str]()
    with ByteStream(path) as stream:
        for block in utf8_blocks(stream, encoding, block_bytes=block_bytes):
            rest += block
            if not names:
                names, rest, line = header_of(rest, dialect, line=line)
            stretch, used, passed = parse_block(
                rest, names, dialect.separator, line=line, file=str(path)
            )
            rest, line = rest[used:], line + passed
            if used:
                yield _with_progress(stretch, stream.progress)
        if not names:
            raise BadSource(f"{path} must hold rows, but it is empty", hint="export it again")
        stretch, _, _ = parse_block(
            rest, names, dialect.separator, line=line, file=str(path), last=True
        )
        yield _with_progress(stretch, 1.0)


def _with_progress(stretch: Stretch, progress: float) -> Stretch:
    return Stretch(stretch.frame, stretch.line, stretch.refused, progress)


def header_of(block: bytes, dialect: Dialect, *, line: int = 1) -> tuple[list[str], bytes, int]:
    """Cut the header off the first block; blank lines above it are no rows.

    Returns
    -------
    The names of the columns, none if the block is blank; the rest of the block; and the number of
    its first line.
    """
    while block.startswith(b"\n"):
        block, line = block[1:], line + 1
    if not block:
        return [], block, line
    text = block[: 1 << 20].decode("utf-8", "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=dialect.separator)
    try:
        first = next(reader)
        lines = reader.line_num
    except csv.Error:
        first, lines = text.split("\n", 1)[0].split(dialect.separator), 1
    names = _column_names(first, header=dialect.header)
    if not dialect.header:
        return names, block, line
    end = -1
    for _ in range(lines):
        end = block.find(b"\n", end + 1)
        if end < 0:
            return names, b"", line + lines
    return names, block[end + 1 :], line + lines


def parse_block(
    block: bytes,
    names: Sequence[str],
    separator: str,
    *,
    line: int = 1,
    file: str = "",
    last: bool = False,
) -> tuple[Stretch, int, int]:
    """Parse the whole records of a block.

    Parameters
    ----------
    block
        UTF-8 (if it is not, the rows in question are refused) that begins with a record.
    names
        The names of the columns.
    line
        The number of the first line.
    file
        What to call the source in refused rows.
    last
        Whether the block ends the source, so that its last line is whole.

    Returns
    -------
    The rows; how many bytes were used; and how many lines those are.
    """
    if last and block and not block.endswith(b"\n"):
        block += b"\n"
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == _NEWLINE)
    separators = np.flatnonzero(data == ord(separator)) if ord(separator) < 128 else None
    ends, in_order = newlines, separators is not None
    if in_order and b'"' in block:
        quotes = np.flatnonzero(data == _QUOTE)
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        used = int(ends[-1]) + 1 if len(ends) else 0
        separators = separators[np.searchsorted(quotes, separators) % 2 == 0]
        in_order = _quotes_in_order(data, quotes[quotes < used], ord(separator))
        hanging = len(block) - used
        in_order = in_order and not (last and hanging) and hanging < _LONGEST_RECORD
    used = int(ends[-1]) + 1 if len(ends) else 0
    if not used and in_order:
        return _nothing(names), 0, 0
    if not in_order:
        used = len(block) if last else int(newlines[-1]) + 1 if len(newlines) else 0
        parsed = parse_lines(block[:used], names, separator, line=line, file=file, last=last)
        return Stretch(parsed.frame, parsed.line, parsed.refused), parsed.used, parsed.lines
    passed = int(np.searchsorted(newlines, used))
    starts = np.concatenate([[0], ends[:-1] + 1])
    numbers = line + (
        np.searchsorted(newlines, starts) if ends is not newlines else np.arange(len(ends))
    )
    inner = separators[separators < used]
    found = np.diff(np.searchsorted(inner, ends), prepend=0)
    filled = ends > starts
    whole = filled & (found == len(names) - 1)
    broken = _wrongly_coded(block[:used], starts, ends)
    good = whole & ~broken
    refused = _refuse(block, starts, ends, numbers, filled & ~good, found, len(names), broken, file)
    if not good.all():
        keep = np.repeat(good, ends - starts + 1)
        body = data[:used][keep].tobytes()
    else:
        body = block if used == len(block) else block[:used]
    frame = _parse(body, names, separator, quoted=b'"' in body)
    if len(frame) != good.sum():  # pragma: no cover - Polars sees records as we do
        parsed = parse_lines(block[:used], names, separator, line=line, file=file, last=True)
        return Stretch(parsed.frame, parsed.line, parsed.refused), used, passed
    return Stretch(frame, pl.Series("_line", numbers[good], pl.Int64), refused), used, passed


def _nothing(names: Sequence[str]) -> Stretch:
    frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return Stretch(frame, pl.Series("_line", [], pl.Int64), pl.DataFrame(schema=REFUSED_SCHEMA))


def _quotes_in_order(data: NDArray[np.uint8], quotes: Ints, separator: int) -> bool:
    """Say whether quotes only open at the start of a field and close at its end."""
    if not len(quotes):
        return True
    before = np.where(quotes > 0, data[quotes - 1], _NEWLINE)
    after = data[np.minimum(quotes + 1, len(data) - 1)]
    fine_open = np.isin(before[0::2], (separator, _NEWLINE, _QUOTE))
    fine_close = np.isin(after[1::2], (separator, _NEWLINE, _QUOTE))
    return bool(fine_open.all() and fine_close.all())


def _wrongly_coded(block: bytes, starts: Ints, ends: Ints) -> Flags:
    """Return which records are not UTF-8, or held something that their encoding does not have."""
    bad = np.zeros(len(starts), np.bool_)
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        for at in range(len(starts)):
            try:
                block[starts[at] : ends[at]].decode("utf-8")
            except UnicodeDecodeError:
                bad[at] = True
    at = block.find(_REPLACED)
    while at >= 0:
        bad[np.searchsorted(ends, at)] = True
        at = block.find(_REPLACED, at + 1)
    return bad


def _refuse(
    block: bytes,
    starts: Ints,
    ends: Ints,
    numbers: Ints,
    which: Flags,
    found: Ints,
    fields: int,
    broken: Flags,
    file: str,
) -> pl.DataFrame:
    """Keep the text of records that are not whole; they are few, so this goes one by one."""
    rows = []
    for at in np.flatnonzero(which):
        text = block[starts[at] : min(ends[at], starts[at] + ROW_BYTES)].decode("utf-8", "replace")
        if broken[at]:
            reason, detail = "bad_encoding", "the row holds bytes that its encoding does not have"
        else:
            reason = "broken_row"
            detail = f"a row must have {fields} fields, this one has {found[at] + 1}"
        rows.append((reason, detail, file, int(numbers[at]), text))
    return pl.DataFrame(rows, schema=REFUSED_SCHEMA, orient="row")


def _parse(body: bytes, names: Sequence[str], separator: str, *, quoted: bool) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String)
    if not body:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(
        body,
        has_header=False,
        schema=schema,
        separator=separator,
        quote_char='"' if quoted else None,
        infer_schema=False,
        rechunk=False,
    )
