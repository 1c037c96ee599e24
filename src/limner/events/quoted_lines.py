"""CSV whose quotes are out of order, read line by line so that one bad quote costs one line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from limner.events.refusals import REFUSED_SCHEMA, ROW_BYTES

__all__ = ["ParsedLines", "parse_lines"]

_LINES_OF_A_RECORD = 200


@dataclass(frozen=True, slots=True)
class ParsedLines:
    """What came of a block, how many bytes were used and how many lines those are."""

    frame: pl.DataFrame
    line: pl.Series
    refused: pl.DataFrame
    used: int
    lines: int


def parse_lines(
    block: bytes,
    names: Sequence[str],
    separator: str,
    *,
    line: int,
    file: str,
    last: bool,
) -> ParsedLines:
    """Parse whole lines of UTF-8, each ended by a newline.

    A line is taken as it should be read; else, if a quote is open at its end, together with the
    lines below it; else with its quotes taken as they stand. What has the wrong number of fields
    even so is refused. With ``last`` false, a record that may go on below the block is left.
    """
    raw = block.split(b"\n")[:-1]
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    refused: list[tuple[str, str, str, int, str]] = []
    at = 0
    while at < len(raw):
        if not raw[at]:
            at += 1
            continue
        fields, taken, open_end = _record(raw, at, separator, len(names))
        if open_end and not last and len(raw) - at < _LINES_OF_A_RECORD and at > 0:
            break
        text = b"\n".join(raw[at : at + taken])
        decoded = text.decode("utf-8", "replace")
        if "\ufffd" in decoded:
            detail = "the row holds bytes that its encoding does not have"
            refused.append(("bad_encoding", detail, file, line + at, decoded[:ROW_BYTES]))
        elif len(fields) != len(names):
            detail = f"a row must have {len(names)} fields, this one has {len(fields)}"
            refused.append(("broken_row", detail, file, line + at, decoded[:ROW_BYTES]))
        else:
            rows.append([field or None for field in fields])
            numbers.append(line + at)
        at += taken
    schema = dict.fromkeys(names, pl.String)
    return ParsedLines(
        pl.DataFrame(rows, schema=schema, orient="row"),
        pl.Series("_line", numbers, pl.Int64),
        pl.DataFrame(refused, schema=REFUSED_SCHEMA, orient="row"),
        sum(len(part) + 1 for part in raw[:at]),
        at,
    )


def _record(
    raw: Sequence[bytes], at: int, separator: str, fields: int
) -> tuple[list[str], int, bool]:
    """Return the fields of the record that begins here, its lines, and whether it hangs open."""
    text = raw[at].decode("utf-8", "replace")
    if '"' not in text:
        return text.split(separator), 1, False
    strict, hangs = _strict(text, separator)
    if strict is not None and len(strict) == fields:
        return strict, 1, False
    below = min(len(raw), at + _LINES_OF_A_RECORD)
    longer = text
    for end in range(at + 1, below) if hangs else ():
        longer += "\n" + raw[end].decode("utf-8", "replace")
        if b'"' not in raw[end]:
            continue
        found, still = _strict(longer, separator)
        if found is not None and len(found) == fields:
            return found, end - at + 1, False
        if not still:
            break
    else:
        if hangs and below == len(raw):
            return text.split(separator), 1, True
    return text.split(separator), 1, False


@lru_cache
def _field(separator: str) -> re.Pattern[str]:
    sep = re.escape(separator)
    return re.compile(rf'(?:"((?:[^"]|"")*)"|((?!")[^{sep}]*))(?:{sep}|\Z)')


def _strict(text: str, separator: str) -> tuple[list[str] | None, bool]:
    """Split as RFC 4180 says; None if that cannot be, and whether a quote is still open."""
    fields: list[str] = []
    at = 0
    pattern = _field(separator)
    while True:
        match = pattern.match(text, at)
        if match is None:
            rest = text[at + 1 :].replace('""', "")
            return None, text[at : at + 1] == '"' and '"' not in rest
        quoted, plain = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        if match.end() == len(text) and not match.group(0).endswith(separator):
            return fields, False
        at = match.end()
        if at == len(text):
            return [*fields, ""], False
