"""A query on a database: DuckDB, SQLite, PostgreSQL. It only reads, batch by batch."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, final
from urllib.parse import SplitResult, parse_qs, parse_qsl, unquote, urlencode, urlsplit

import polars as pl

from limner.errors import BadSource, MissingExtra
from limner.events.delimited import Stretch
from limner.events.look import SAMPLE_ROWS, Head
from limner.events.mapping import Mapping, Options
from limner.events.refusals import nothing_refused
from limner.events.shaping import check_columns, shape
from limner.events.source import RawBatch
from limner.events.suggestion import suggest_mapping

__all__ = ["Sql"]

_READS = ("select", "with", "from", "values", "table")


@final
class Sql:
    """Reads ``sql+duckdb:///shop.db?table=orders``; also ``sql+sqlite`` and ``sql+postgresql``.

    What to read stands in the address (``?table=`` or ``?query=``) or in the mapping's options.
    The connection is opened for reading alone.
    """

    def sniff(self, head: Head) -> float:
        """Return 0.9 for an address of one of the three databases."""
        return 0.9 if head.form == "sql" and _kind_of(urlsplit(head.name)) else 0.0

    def suggest(self, head: Head) -> Mapping:
        """Return what the names and first values of the columns suggest."""
        options = Options()
        first = next(_frames(str(head.source), options, rows=SAMPLE_ROWS))
        return suggest_mapping(first, "sql", options=options)

    def read(
        self, source: object, mapping: Mapping, *, batch_rows: int = 1_000_000
    ) -> Iterator[RawBatch]:
        """Go through the rows of the query.

        Raises
        ------
        BadSource
            If the address, the table or the query is wrong, or a column is missing.
        MissingExtra
            If the database's package is not installed.
        """
        name, first = _without_password(str(source)), 1
        for frame in _frames(str(source), mapping.options, rows=batch_rows):
            check_columns(frame.columns, mapping, name=name)
            line = pl.int_range(first, first + len(frame), eager=True).alias("_line")
            first += len(frame)
            yield shape(Stretch(frame, line, nothing_refused(), 0.5), mapping, file=name)


def _kind_of(address: SplitResult) -> str:
    scheme = address.scheme.removeprefix("sql+").split("+")[0]
    return {"postgres": "postgresql"}.get(scheme, scheme) if scheme in _OPENERS else ""


def _without_password(source: str) -> str:
    address = urlsplit(source)
    if address.password:
        source = source.replace(f":{address.password}@", ":…@")
    return source


def _frames(source: str, options: Options, *, rows: int) -> Iterator[pl.DataFrame]:
    address = urlsplit(source)
    kind, name = _kind_of(address), _without_password(source)
    if not kind:
        raise BadSource(
            f"{name} must be the address of DuckDB, SQLite or PostgreSQL",
            hint="for instance sql+duckdb:///shop.db?table=orders",
        )
    query = _query(address, options, name)
    yield from _OPENERS[address.scheme.removeprefix("sql+").split("+")[0]](
        address, query, rows, name
    )


def _query(address: SplitResult, options: Options, name: str) -> str:
    asked = parse_qs(address.query)
    query = options.query or next(iter(asked.get("query", [])), "")
    table = options.table or next(iter(asked.get("table", [])), "")
    if not query and not table:
        raise BadSource(f"{name} must say what to read", hint="add ?table=NAME or ?query=SELECT …")
    if not query:
        parts = [part.replace('"', '""') for part in table.split(".")]
        return "SELECT * FROM " + ".".join(f'"{part}"' for part in parts)  # noqa: S608 - quoted
    plain = query.strip().rstrip(";")
    if not plain.lower().startswith(_READS) or ";" in plain:
        raise BadSource(
            f"{name} must be read by one query that only reads, got {plain[:60]!r}",
            hint="begin it with SELECT or WITH",
        )
    return plain


def _existing(address: SplitResult, name: str) -> Path:
    path = Path(
        unquote(address.path.removeprefix("/") if address.path.startswith("//") else address.path)
    )
    if not path.is_file() and address.path.startswith("/"):
        near = Path(unquote(address.path[1:]))  # three slashes are relative, four absolute
        path = near if near.is_file() else path
    if not path.is_file():
        raise BadSource(f"{name} must be a database, but there is no file {path}")
    return path


def _from_sqlite(address: SplitResult, query: str, rows: int, name: str) -> Iterator[pl.DataFrame]:
    path = _existing(address, name)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            cursor = database.execute(query)
            yield from _fetched(cursor, rows)
    except sqlite3.Error as error:
        raise BadSource(f"{name} cannot be read: {error}") from None


def _from_duckdb(address: SplitResult, query: str, rows: int, name: str) -> Iterator[pl.DataFrame]:
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtra("reading from DuckDB", "duckdb", "sql") from None
    in_memory = address.path in ("", "/")
    path = ":memory:" if in_memory else str(_existing(address, name))
    try:
        with closing(duckdb.connect(path, read_only=not in_memory)) as database:
            reader = database.sql(query).to_arrow_reader(rows)
            given = False
            for batch in reader:
                given = True
                yield _plain(pl.DataFrame(batch))
            if not given:
                yield _plain(pl.DataFrame(reader.schema.empty_table()))
    except duckdb.Error as error:
        raise BadSource(f"{name} cannot be read: {str(error).splitlines()[0]}") from None


def _from_postgresql(
    address: SplitResult, query: str, rows: int, name: str
) -> Iterator[pl.DataFrame]:
    try:
        import psycopg  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingExtra("reading from PostgreSQL", "psycopg", "sql") from None
    asked = parse_qsl(address.query)
    rest = urlencode([(key, value) for key, value in asked if key not in ("table", "query")])
    plain = address._replace(scheme="postgresql", query=rest, fragment="").geturl()
    try:
        with psycopg.connect(plain) as database:
            database.read_only = True
            with database.cursor(name="limner") as cursor:
                cursor.itersize = rows
                cursor.execute(query.encode())
                yield from _fetched(cursor, rows)
    except psycopg.Error as error:
        raise BadSource(f"{name} cannot be read: {str(error).strip().splitlines()[0]}") from None


def _fetched(cursor: Any, rows: int) -> Iterator[pl.DataFrame]:  # noqa: ANN401 - of any database
    """Turn what a cursor fetches into frames; a column of mixed types becomes text."""
    names = [column[0] for column in cursor.description]
    part, given = cursor.fetchmany(rows), False
    while part or not given:
        given = True
        columns = zip(*part, strict=True) if part else ([] for _ in names)
        yield pl.DataFrame([_series(*column) for column in zip(names, columns, strict=True)])
        part = cursor.fetchmany(rows)


def _series(name: str, values: Any) -> pl.Series:  # noqa: ANN401
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        texts = [None if value is None else str(value) for value in values]
        return pl.Series(name, texts, dtype=pl.String)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


_OPENERS = {
    "duckdb": _from_duckdb,
    "sqlite": _from_sqlite,
    "postgres": _from_postgresql,
    "postgresql": _from_postgresql,
}
