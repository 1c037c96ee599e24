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
_LONGEST_HEADER = 1 << 16
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
    rest, line, names, given = b"", 1, list[str](), False
    with ByteStream(path) as stream:
        for block in utf8_blocks(stream, encoding, block_bytes=block_bytes):
            rest += block
            if not names and len(rest) < _LONGEST_HEADER:
                continue
            if not names:
                names, rest, line = header_of(rest, dialect, line=line)
            stretch, used, passed = parse_block(
                rest, names, dialect.separator, line=line, file=str(path)
            )
            rest, line = rest[used:], line + passed
            if used and (len(stretch.frame) or len(stretch.refused)):
                given = True
                yield _with_progress(stretch, stream.progress)
        if not names:
            names, rest, line = header_of(rest, dialect, line=line)
        if not names:
            raise BadSource(f"{path} must hold rows, but it is empty", hint="export it again")
        stretch, _, _ = parse_block(
            rest, names, dialect.separator, line=line, file=str(path), last=True
        )
        if len(stretch.frame) or len(stretch.refused) or not given:
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
    text = block[:_LONGEST_HEADER].decode("utf-8", "replace")
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
    found = _find_marks(block, separator)
    used = 0 if found is None else found.used
    hanging = len(block) - used
    if found is None or (last and hanging) or hanging >= _LONGEST_RECORD:
        used = block.rfind(b"\n") + 1
        parsed = parse_lines(block[:used], names, separator, line=line, file=file, last=last)
        return Stretch(parsed.frame, parsed.line, parsed.refused), parsed.used, parsed.lines
    if not used:
        return _nothing(names), 0, 0
    body = block if used == len(block) else block[:used]
    passed = body.count(b"\n")
    if found.regular(len(names)) and _well_coded(body):
        frame = _parse(body, names, separator)
        if len(frame) == found.records:
            return Stretch(frame, found.lines(body, line), _nothing(names).refused), used, passed
    records = _Records(body, found, line, file)
    stretch = records.parse(names, separator)
    if stretch is None:
        parsed = parse_lines(body, names, separator, line=line, file=file, last=True)
        stretch = Stretch(parsed.frame, parsed.line, parsed.refused)
    return stretch, used, passed


@dataclass(frozen=True, slots=True)
class _Marks:
    """Where fields and records end in a block: separators and newlines outside quotes."""

    at: Ints
    is_end: Flags
    """Which of the marks end a record."""
    used: int
    """How many bytes the whole records have."""

    @property
    def records(self) -> int:
        return int(np.count_nonzero(self.is_end))

    @property
    def ends(self) -> Ints:
        return self.at[self.is_end]

    def regular(self, fields: int) -> bool:
        """Say whether every record has so many fields; of one field it could be blank."""
        whole, rest = divmod(len(self.at), fields)
        every = fields > 1 and rest == 0 and bool(self.is_end[fields - 1 :: fields].all())
        return every and self.records == whole

    def lines(self, body: bytes, line: int) -> pl.Series:
        """Return the number of the line on which each record begins."""
        if body.count(b"\n") == self.records:
            return pl.int_range(line, line + self.records, eager=True).alias("_line")
        newlines = np.flatnonzero(np.frombuffer(body, np.uint8) == _NEWLINE)
        starts = np.concatenate([[0], self.ends[:-1] + 1])
        return pl.Series("_line", line + np.searchsorted(newlines, starts), pl.Int64)


def _find_marks(block: bytes, separator: str) -> _Marks | None:
    """Find where fields and records end; None if quotes stand where RFC 4180 has none."""
    if ord(separator) >= 128:
        return None
    data = np.frombuffer(block, np.uint8)
    is_separator, is_newline = data == ord(separator), data == _NEWLINE
    is_mark = is_separator | is_newline
    quoted = b'"' in block
    if quoted:
        is_quote = data == _QUOTE
        inside = (np.add.accumulate(is_quote, dtype=np.uint8) & 1).view(np.bool_)
        may_touch = is_mark | is_quote
        opens, closes = is_quote & inside, is_quote & ~inside
        is_mark &= ~inside
    at = np.flatnonzero(is_mark)
    is_end = data[at] == _NEWLINE
    last = np.flatnonzero(is_end)[-1:]
    used = int(at[last[0]]) + 1 if len(last) else 0
    if quoted:
        # A quote may open where a field begins, and close where one ends.
        fine = not (opens[1:used] & ~may_touch[: max(0, used - 1)]).any()
        fine = fine and not (closes[: max(0, used - 1)] & ~may_touch[1:used]).any()
        if not fine:
            return None
    kept = int(last[0]) + 1 if len(last) else 0
    return _Marks(at[:kept], is_end[:kept], used)


class _Records:
    """The records of a block of which some are blank, broken or wrongly coded."""

    def __init__(self, body: bytes, marks: _Marks, line: int, file: str) -> None:
        self._body, self._file = body, file
        self._ends = marks.ends
        self._starts = np.concatenate([[0], self._ends[:-1] + 1])
        self._fields = np.diff(np.flatnonzero(marks.is_end), prepend=-1)
        self._lines = marks.lines(body, line)

    def parse(self, names: Sequence[str], separator: str) -> Stretch | None:
        """Parse the whole records and refuse the broken ones; blank ones are no rows."""
        filled = self._ends > self._starts
        miscoded = self._miscoded()
        good = filled & (self._fields == len(names)) & ~miscoded
        keep = np.repeat(good, self._ends - self._starts + 1)
        body = np.frombuffer(self._body, np.uint8)[keep].tobytes()
        frame = _parse(body, names, separator)
        if len(frame) != np.count_nonzero(good):
            return None
        rows = [
            self._refused(int(at), len(names), miscoded=bool(miscoded[at]))
            for at in np.flatnonzero(filled & ~good)
        ]
        refused = pl.DataFrame(rows, schema=REFUSED_SCHEMA, orient="row")
        return Stretch(frame, self._lines.filter(pl.Series(good)), refused)

    def _miscoded(self) -> Flags:
        """Return which records are not UTF-8, or held what their encoding does not have."""
        bad = np.zeros(len(self._starts), np.bool_)
        if _well_coded(self._body):
            return bad
        for at, (start, end) in enumerate(zip(self._starts, self._ends, strict=True)):
            bad[at] = not _well_coded(self._body[start:end])
        return bad

    def _refused(self, at: int, fields: int, *, miscoded: bool) -> tuple[str, str, str, int, str]:
        start, end = int(self._starts[at]), int(self._ends[at])
        text = self._body[start : min(end, start + ROW_BYTES)].decode("utf-8", "replace")
        reason = "bad_encoding" if miscoded else "broken_row"
        detail = (
            "the row holds bytes that its encoding does not have"
            if miscoded
            else f"a row must have {fields} fields, this one has {self._fields[at]}"
        )
        return reason, detail, self._file, int(self._lines[at]), text


def _well_coded(text: bytes) -> bool:
    """Say whether bytes are UTF-8 and no sign in them was lost on the way."""
    if text.isascii():
        return True
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return _REPLACED not in text


def _nothing(names: Sequence[str]) -> Stretch:
    frame = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    return Stretch(frame, pl.Series("_line", [], pl.Int64), pl.DataFrame(schema=REFUSED_SCHEMA))


def _parse(body: bytes, names: Sequence[str], separator: str) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String)
    if not body:
        return pl.DataFrame(schema=schema)
    return pl.read_csv(
        body,
        has_header=False,
        schema=schema,
        separator=separator,
        quote_char='"' if b'"' in body else None,
        infer_schema=False,
    )
