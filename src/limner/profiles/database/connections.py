"""Connections to the store: to ask by, and to write by; and what it means when either fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from limner.errors import BadStore, DiskFull, ReadOnly

__all__ = ["asking", "take_turns", "telling", "writing"]


@contextmanager
def asking(engine: Engine) -> Iterator[Connection]:
    """Yield a connection that sees the newest state at every question."""
    with telling(), engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a transaction: all that happens within it, or nothing."""
    with telling(), engine.begin() as connection:
        take_turns(connection)
        yield connection


def take_turns(connection: Connection) -> None:
    """Let writers pass one by one; SQLite does so by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(0x4C4D4E52)))


@contextmanager
def telling() -> Iterator[None]:
    """Say what a database's errors mean."""
    try:
        yield
    except OperationalError as error:
        told = str(error.orig)
        if "is full" in told or "No space left" in told:
            raise DiskFull(
                "the store has no room to write",
                hint="free some room and send it again; the store is as it was",
            ) from error
        _say_read_only(error)
        raise BadStore(
            f"the store cannot be used: {told.strip()}",
            hint="is another process writing to it?" if "locked" in told else "",
        ) from error
    except DBAPIError as error:
        _say_read_only(error)
        raise BadStore(f"the store cannot be used: {str(error.orig).strip()}") from error


def _say_read_only(error: DBAPIError) -> None:
    """Say of a store that may only be read that it is so."""
    told = str(error.orig)
    if "readonly" in told or "read-only" in told:
        raise ReadOnly(
            "the store can be read, but not written",
            hint="may this user write the file and its folder? is the server a replica?",
        ) from error
