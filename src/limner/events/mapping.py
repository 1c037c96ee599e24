"""How a source's columns become ours, written down so that people can read and change it."""

import json
import re
import tomllib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from limner.config import Config
from limner.errors import BadConfig
from limner.events.event import CATALOGUE_SCHEMA, EVENT_SCHEMA

__all__ = [
    "EVENT_NAMES",
    "Mapping",
    "Options",
    "read_mapping",
    "render_mapping",
    "write_mapping",
]

EVENT_NAMES: tuple[str, ...] = (*EVENT_SCHEMA.names(), "total")
"""What ``columns`` may name: the columns of the log, and ``total``, what the whole line cost, from
which a reader works out ``price`` as total over quantity."""

Scalar: TypeAlias = str | int | float | bool


class Options(Config):
    """What a reader must know beside the names of the columns. Empty means: find out by looking.

    The reader obeys ``separator``, ``encoding``, ``header``, ``decimal_comma``, ``table`` and
    ``query``; cleaning obeys ``time_zone``, ``time_format`` and ``day_first``.
    """

    separator: str = Field("", max_length=1)
    """What stands between two fields of a line of CSV."""
    encoding: str = ""
    """How the text of a CSV or of JSON lines is encoded, for instance ``utf-8`` or ``gb18030``."""
    header: bool | None = None
    """Whether the first line of a CSV names the columns."""
    time_zone: str = "UTC"
    """The zone of times that do not name one, by its IANA name."""
    time_format: str = ""
    """How times are written, in the letters of ``strftime``."""
    day_first: bool | None = None
    """Whether 03/04/2025 is the third of April; empty: judged from the file."""
    decimal_comma: bool = False
    """Whether 1.234,50 means one thousand two hundred and thirty-four and a half."""
    table: str = ""
    """The table to read from a database."""
    query: str = ""
    """The query to run on a database; it may only read."""


class Mapping(Config):
    """How the columns of one kind of source become the columns of the log."""

    reader: str
    """Who reads it: the name of a file in ``events/readers``."""
    files: tuple[str, ...] = ()
    """For which files it holds, as names or patterns such as ``orders-*.csv``; empty: for any."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Our name of an event's column, and the source's."""
    constants: dict[str, Scalar] = Field(default_factory=dict)
    """Our name of a column, and the one value that it has in every row."""
    kinds: dict[str, str] = Field(default_factory=dict)
    """The source's word for a kind of event, and ours; a word not named here is kept as it is."""
    casts: dict[str, Literal["text", "decimal"]] = Field(default_factory=dict)
    """Our name of a column, and how to take it: ``decimal`` reads ``€ 1,234.50`` as a number."""
    properties: tuple[str, ...] = ()
    """The source's columns that are kept, as they are, in ``properties``."""
    catalogue: dict[str, str] = Field(default_factory=dict)
    """Our name of a column of the catalogue, and the source's."""
    attributes: dict[str, str] = Field(default_factory=dict)
    """The name of a customer's attribute, and the source's column."""
    known_at: str = ""
    """The source's column that says when the attributes became known; empty: not on record."""
    options: Options = Options()
    """What the reader must know beside the names."""

    @field_validator("columns", "constants", "casts")
    @classmethod
    def _our_names(cls, table: dict[str, Any]) -> dict[str, Any]:
        _check_names(table, EVENT_NAMES)
        return table

    @field_validator("catalogue")
    @classmethod
    def _catalogue_names(cls, table: dict[str, str]) -> dict[str, str]:
        _check_names(table, CATALOGUE_SCHEMA.names())
        return table

    @model_validator(mode="after")
    def _once(self) -> Self:
        both = sorted(set(self.columns) & set(self.constants))
        if both:
            raise ValueError(f"{both[0]} stands both in columns and in constants")
        return self

    @property
    def has_events(self) -> bool:
        """Whether rows are events; if not they only tell of items or of customers."""
        return "time" in self.columns

    def source_columns(self) -> list[str]:
        """Return every column of the source that the mapping names, each once, in order."""
        named = [
            *self.columns.values(),
            *self.catalogue.values(),
            *self.attributes.values(),
            *([self.known_at] if self.known_at else []),
            *self.properties,
        ]
        return list(dict.fromkeys(named))


def _check_names(table: Iterable[str], known: Sequence[str]) -> None:
    for name in table:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            wish = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
            raise ValueError(f"{name} is not a column of ours; {wish}")


def read_mapping(path: Path | str) -> list[Mapping]:
    """Read a mapping file: one ``[[source]]`` table for each kind of source.

    Raises
    ------
    BadConfig
        If there is no such file, it is no TOML, or a name or value in it is wrong.
    """
    path = Path(path)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadConfig(
            f"{path} cannot be read: {error.strerror}",
            hint="write one: limner doctor FILE --write mapping.toml",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(
            f"{path} must be TOML: {error}",
            hint="write one: limner doctor FILE --write mapping.toml",
        ) from None
    stray = sorted(set(tables) - {"source"})
    sources = tables.get("source")
    if stray or not isinstance(sources, list) or not sources:
        came = f"a table [{stray[0]}]" if stray else "none"
        raise BadConfig(
            f"{path} must hold [[source]] tables, got {came}",
            hint='begin each source with [[source]] and reader = "..."',
        )
    where = f"{path} [[source]]"
    return [Mapping.read(table, where=f"{where} {at}") for at, table in enumerate(sources, 1)]


def write_mapping(
    mappings: Iterable[Mapping],
    path: Path | str,
    *,
    notes: Sequence[Sequence[str]] = (),
) -> None:
    """Write mappings as TOML with a comment for whoever will change them.

    Parameters
    ----------
    mappings
        One for each kind of source.
    path
        The file to write; what was there before is replaced.
    notes
        For each mapping, lines to put above it as comments.
    """
    Path(path).write_text(render_mapping(mappings, notes=notes), encoding="utf-8")


def render_mapping(mappings: Iterable[Mapping], *, notes: Sequence[Sequence[str]] = ()) -> str:
    """Return mappings as the text of a TOML file; see :func:`write_mapping`."""
    parts = [
        "# How each source's columns become ours. Left: our name; right: the source's.",
        "# Change what is wrong, then: limner ingest FILE --map THIS_FILE",
    ]
    for at, mapping in enumerate(mappings):
        above = notes[at] if at < len(notes) else ()
        parts += ["", *(f"# {line}" for note in above for line in _plain(note))]
        parts += _table(mapping)
    return "\n".join(parts) + "\n"


_COMMENTS = {
    "columns": "our column = theirs",
    "constants": "the same in every row",
    "kinds": "their word = our kind of event",
    "casts": "how to take a column's values",
    "catalogue": "what rows say about items",
    "attributes": "what rows say about customers",
    "options": "how to read the source",
}


def _table(mapping: Mapping) -> list[str]:
    lines = ["[[source]]", f"reader = {_value(mapping.reader)}"]
    for name in ("files", "properties"):
        values = ", ".join(_value(value) for value in getattr(mapping, name))
        lines += [f"{name} = [{values}]"] if values else []
    if mapping.known_at:
        lines.append(f"known_at = {_value(mapping.known_at)}")
    tables = {name: getattr(mapping, name) for name in _COMMENTS if name != "options"}
    tables["options"] = mapping.options.model_dump(exclude_defaults=True)
    for name, table in tables.items():
        if table:
            lines += ["", f"[source.{name}]  # {_COMMENTS[name]}"]
            lines += [f"{_key(key)} = {_value(value)}" for key, value in table.items()]
    return lines


def _plain(note: str) -> list[str]:
    """Cut a note into lines that are safe in a comment."""
    return ["".join(c if c >= " " and c != "\x7f" else " " for c in x) for x in note.splitlines()]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Scalar) -> str:
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    # JSON's strings, numbers and booleans are TOML's too, but for the character DEL.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
