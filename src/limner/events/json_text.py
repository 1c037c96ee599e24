"""JSON lines in whole blocks: fields by their path, every one as text."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from limner.errors import BadSource
from limner.events.delimited import Stretch
from limner.events.refusals import REFUSED_SCHEMA, ROW_BYTES
from limner.events.streams import ByteStream, utf8_blocks

__all__ = ["flatten", "read_json_lines", "sample_json_lines"]

Schema: TypeAlias = dict[str, pl.DataType | type[pl.DataType]]


def sample_json_lines(start: bytes, *, rows: int) -> list[dict[str, Any]]:
    """Return the first objects of JSON lines; lines that are no object are left out."""
    found: list[dict[str, Any]] = []
    lines = start[: start.rfind(b"\n") + 1] or start
    for line in lines.split(b"\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
        if len(found) == rows:
            break
    return found


def flatten(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Return objects as a table of text: nested fields by their path, lists as JSON."""
    flat = [dict(_leaves(row, "")) for row in rows]
    names = list(dict.fromkeys(name for row in flat for name in row))
    return pl.DataFrame(
        {name: [row.get(name) for row in flat] for name in names},
        schema=dict.fromkeys(names, pl.String),
    )


def _leaves(value: Mapping[str, Any], path: str) -> Iterator[tuple[str, str | None]]:
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _leaves(inner, f"{path}{name}.")
        elif inner is None or isinstance(inner, str):
            yield f"{path}{name}", _clean(inner) if inner is not None else None
        else:
            yield f"{path}{name}", _clean(json.dumps(inner, ensure_ascii=False))


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")


def read_json_lines(
    path: Path,
    schema: Schema,
    *,
    encoding: str = "utf-8",
    block_bytes: int = 1 << 25,
) -> Iterator[Stretch]:
    """Go through JSON lines block by block.

    A line that is no JSON object is refused; a blank line is no row.

    Parameters
    ----------
    schema
        The fields to take, at any depth. Where a field is to be text, a number becomes its
        digits and an object its JSON.

    Raises
    ------
    BadSource
        If the file is empty, or cut off while packed.
    """
    rest, line, empty = b"", 1, True
    with ByteStream(path) as stream:
        for block in utf8_blocks(stream, encoding, block_bytes=block_bytes):
            rest += block
            empty = False
            used = rest.rfind(b"\n") + 1
            if not used:
                continue
            whole, rest = rest[:used], rest[used:]
            stretch, passed = parse_json_block(whole, schema, line=line, file=str(path))
            line += passed
            yield Stretch(stretch.frame, stretch.line, stretch.refused, stream.progress)
        if empty:
            raise BadSource(f"{path} must hold rows, but it is empty", hint="export it again")
        stretch, _ = parse_json_block(rest, schema, line=line, file=str(path))
        if len(stretch.frame) or len(stretch.refused) or line == 1:
            yield Stretch(stretch.frame, stretch.line, stretch.refused, 1.0)


def parse_json_block(block: bytes, schema: Schema, *, line: int, file: str) -> tuple[Stretch, int]:
    """Parse whole lines; return the rows, and how many lines there were."""
    passed = block.count(b"\n") + (0 if not block or block.endswith(b"\n") else 1)
    frame = _fast(block, schema)
    if frame is not None and len(frame) == passed:
        numbers = pl.Series("_line", np.arange(line, line + passed), pl.Int64)
        return Stretch(frame, numbers, pl.DataFrame(schema=REFUSED_SCHEMA)), passed
    return _line_by_line(block.split(b"\n"), schema, line=line, file=file), passed


def _fast(block: bytes, schema: Schema, *, lenient: bool = False) -> pl.DataFrame | None:
    """Let Polars parse the block; None if anything in it is not as it should be.

    If lenient, a field that is text where an object should be is null.
    """
    if not block:
        return pl.DataFrame(schema=schema)
    if not block.startswith(b"{") or b"\n\n" in block:
        return None
    if block.count(b"\n{") != block.count(b"\n", 0, len(block) - 1):
        return None
    try:
        return pl.read_ndjson(block, schema=schema, ignore_errors=lenient)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _line_by_line(lines: Sequence[bytes], schema: Schema, *, line: int, file: str) -> Stretch:
    """Find the lines that are no objects, then parse the others together."""
    good: list[bytes] = []
    numbers: list[int] = []
    refused: list[tuple[str, str, str, int, str]] = []
    for number, raw in enumerate(lines, line):
        text = raw.strip()
        if not text:
            continue
        trouble = _trouble(text)
        if trouble:
            reason, detail = trouble
            row = text[:ROW_BYTES].decode("utf-8", "replace")
            refused.append((reason, detail, file, number, row))
        else:
            good.append(text)
            numbers.append(number)
    frame = _fast(b"\n".join(good), schema, lenient=True)
    if frame is None or len(frame) != len(good):
        frame, kept = _one_at_a_time(good, schema)
        for at in np.flatnonzero(~kept):
            detail = "the line is JSON, but its fields cannot be taken as text"
            row = good[at][:ROW_BYTES].decode("utf-8", "replace")
            refused.append(("broken_json", detail, file, numbers[at], row))
        numbers = [number for number, keep in zip(numbers, kept, strict=True) if keep]
    return Stretch(
        frame,
        pl.Series("_line", numbers, pl.Int64),
        pl.DataFrame(refused, schema=REFUSED_SCHEMA, orient="row"),
    )


def _trouble(text: bytes) -> tuple[str, str] | None:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        return "bad_encoding", "the line holds bytes that are not UTF-8"
    except (ValueError, RecursionError) as error:
        return "broken_json", f"the line must be a JSON object: {error}"
    if not isinstance(value, dict):
        return "broken_json", f"the line must be a JSON object, got {type(value).__name__}"
    return None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _one_at_a_time(good: Sequence[bytes], schema: Schema) -> tuple[pl.DataFrame, Any]:
    frames, kept = [pl.DataFrame(schema=schema)], np.zeros(len(good), np.bool_)
    for at, text in enumerate(good):
        frame = _fast(text, schema, lenient=True)
        if frame is not None and len(frame) == 1:
            frames.append(frame)
            kept[at] = True
    return pl.concat(frames), kept
