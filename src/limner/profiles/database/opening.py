"""Open a database with the habits that keep what was acknowledged, and bring its tables up."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.schema import CreateSchema

from limner.errors import BadConfig, BadStore, MissingExtra
from limner.profiles.database.migrating import Migrated, migrate
from limner.profiles.stores.sqlite import SqliteStore

__all__ = ["of_tenant", "open_engine"]

_WAIT_S = 60
_PATH = "-csearch_path="
_CACHE_KIB = 16 * 1024
"""Of each connection, which keeps it; what else was read lies in the system's own cache."""
_CONNECTIONS = 64
"""More than there are threads that ask at once, each over a connection of its own."""
_STATEMENTS = 64
"""So many statements each connection of SQLite keeps ready: those that are used all the time."""


def open_engine(
    address: str | Path, *, told: Callable[[Migrated], None] = lambda _: None
) -> Engine:
    """Open a database, and bring its tables up to what this version expects.

    Parameters
    ----------
    address
        A file of SQLite, or an address such as ``postgresql://user@host/shop``.
    told
        Is told what had to be done to the tables.

    Raises
    ------
    BadConfig
        If the address names no database that profiles may live in.
    BadStore
        If it cannot be opened, holds something else, or is of a newer version.
    MissingExtra
        If the driver is not installed.
    """
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        if not url.database or url.database == ":memory:":
            raise BadConfig("a store must outlive the process, so it needs a file, got none")
        SqliteStore(url.database).close()  # says what a file that is not ours is
        ours = {
            "timeout": _WAIT_S,
            "check_same_thread": False,
            "cached_statements": _STATEMENTS,
        }
        engine = create_engine(
            url,
            connect_args=ours,
            max_overflow=_CONNECTIONS,
            pool_use_lifo=True,  # few connections, and so few caches, where few suffice
            hide_parameters=True,
        )
        event.listen(engine, "connect", _steady_file)
        event.listen(engine, "begin", _begin_to_write)
    else:
        try:
            engine = create_engine(
                url, pool_pre_ping=True, max_overflow=_CONNECTIONS, hide_parameters=True
            )
        except ModuleNotFoundError:
            raise MissingExtra("PostgreSQL", "psycopg", "serve") from None
    try:
        _make_schema(engine, url)
        told(migrate(engine, where=_shown(url)))
    except DBAPIError as error:
        engine.dispose()
        raise BadStore(
            f"{_shown(url)} cannot be opened: {_first_line(error)}",
            hint="does the server run, and may this user make tables?",
        ) from None
    except BaseException:
        engine.dispose()
        raise
    return engine


def of_tenant(address: str, tenant: str) -> str:
    """Return where a tenant's tables are within a database: of PostgreSQL, a schema of its own."""
    url = _url(address)
    if url.get_backend_name() == "sqlite":
        return address
    told = {"options": f"{_PATH}limner_{tenant}"}
    return url.update_query_dict(told).render_as_string(hide_password=False)


def _schema_of(url: URL) -> str | None:
    """Return the schema that an address made by :func:`of_tenant` names, none if it names none."""
    told = url.query.get("options", "")
    return told.removeprefix(_PATH) if isinstance(told, str) and told.startswith(_PATH) else None


def _make_schema(engine: Engine, url: URL) -> None:
    """Make the schema of a tenant, where the address names one."""
    schema = _schema_of(url)
    if schema is not None:
        with engine.begin() as connection:
            connection.execute(CreateSchema(schema, if_not_exists=True))


def _url(address: str | Path) -> URL:
    if isinstance(address, Path) or "://" not in address:
        return URL.create("sqlite", database=str(address))
    try:
        url = make_url(address)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        backend, url = "", URL.create("none")
    if backend not in {"sqlite", "postgresql"}:
        raise BadConfig(
            f"a store must be SQLite or PostgreSQL, got {str(address).partition('://')[0]!r}",
            hint="for instance profiles.db, or postgresql://user@host/shop",
        )
    if backend == "postgresql" and "+" not in url.drivername:
        url = url.set(drivername="postgresql+psycopg")
    return url


def _steady_file(connection: sqlite3.Connection, _: Any) -> None:  # noqa: ANN401
    """Let nothing be acknowledged that a power cut could take away."""
    connection.isolation_level = None
    for setting in (
        "journal_mode = WAL",
        "synchronous = FULL",
        f"cache_size = -{_CACHE_KIB}",
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {setting}")


def _begin_to_write(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
    """Take the right to write at once; taken later, two writers would wait for each other."""
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _shown(url: URL) -> str:
    return url.database or "" if url.get_backend_name() == "sqlite" else url.render_as_string()


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip() or type(error).__name__).splitlines()[0]
