"""Profiles in one SQLite file, which readers may read while it is written."""

import shutil
import sqlite3
import weakref
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from threading import Lock
from typing import Any, Self

from limner.errors import BadStore, DiskFull, NotFitted, UnknownCustomer
from limner.profiles.record import Profile
from limner.profiles.store import About

__all__ = ["SqliteStore"]

_APPLICATION = 0x4C4D4E52
"""``LMNR`` in the file's header: this is ours."""
_VERSION = 1
_PAGE_BYTES = 8_192
"""A profile is 5 to 20 kB: a few pages."""
_WAIT_S = 60.0
_NEIGHBOURS = 200
_SCANNED = 20_000
_ANEW = "move it away and learn the profiles anew: limner fit"
_TABLES = """
CREATE TABLE IF NOT EXISTS profiles (
    customer_id TEXT NOT NULL PRIMARY KEY,
    rfm_group TEXT NOT NULL,
    stage TEXT NOT NULL,
    as_of TEXT NOT NULL,
    profile TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, value TEXT);
"""

_WRITTEN = """
UPDATE main.customers SET drawings = drawings + 1
WHERE :all OR customer_id IN (SELECT customer_id FROM temp.fresh)
"""
"""A service that has told a portrait tells by this count that it is another."""
_GONE_OF_LIVING = """
DELETE FROM main.profiles WHERE customer_id NOT IN (SELECT customer_id FROM main.customers)
"""
_STALE = (
    """
UPDATE main.customers SET drawn = -1
WHERE seq > 0 OR customer_id NOT IN (SELECT customer_id FROM temp.fresh)
""",
    """
INSERT INTO main.meta VALUES ('edition', '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1
""",
)
"""Events may have moved into the log after it was read, so whoever had any is drawn anew; and what
is being drawn at this moment knows the profiles before, so it is of an older edition."""


class SqliteStore:
    """Profiles as JSON text in the table ``profiles``, what holds for all of them in ``meta``.

    Any tool that reads SQLite can ask it: ``json_extract(profile, '$.lifecycle.stage')``. The
    file is in write-ahead mode with full synchronisation, so what ``put`` returned from survives
    a power cut, and a reader sees the state before or after a ``put``, never between.

    Parameters
    ----------
    path
        The file, by habit ``profiles.db``; it is made if it is not there.
    read_only
        Whether to refuse to write, and to make no file.

    Raises
    ------
    NotFitted
        If there is no file and it may not be made.
    BadStore
        If the file is no profile store, or one of a newer Limner.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self.path = Path(path)
        self.read_only = read_only
        self._lock = Lock()
        if read_only and not self.path.is_file():
            raise NotFitted(
                f"there are no profiles yet at {self.path}", hint="learn them first: limner fit"
            )
        self._connection = self._open()
        self._close = weakref.finalize(self, self._connection.close)
        try:
            self._prepare()
        except BaseException:
            self._close()
            raise

    @property
    def about(self) -> About | None:
        """What holds for all profiles, or None before it was first written."""
        with self._lock, self._telling():
            rows = dict(self._connection.execute("SELECT name, value FROM meta"))
        return About.from_words(rows)

    def get(self, customer_id: str) -> Profile:
        """Return one profile.

        Raises
        ------
        UnknownCustomer
            If there is none of that id; the hint names the nearest.
        """
        query = "SELECT profile FROM profiles WHERE customer_id = ?"
        with self._lock, self._telling():
            row = self._connection.execute(query, (customer_id,)).fetchone()
            near = [] if row else self._nearest(customer_id)
        if row is None:
            raise UnknownCustomer(
                f"no profile has the customer id {customer_id!r}",
                hint=f"did you mean {near[0]!r}?" if near else "look at the ids in the log",
            )
        return Profile.from_json(row[0])

    def put(
        self, profiles: Iterable[Profile], *, about: About | None = None, replace: bool = False
    ) -> int:
        """Write profiles, each over its older self; all of them, or none; return how many.

        They are first gathered in a temporary table of SQLite, so the store is locked only for the
        moment of copying, however slowly the stream comes and however long it is.

        Where events come into the same file (:class:`~limner.profiles.live.LiveStore`), whoever is
        known from those alone keeps their portrait, and whoever had any is marked to be drawn
        anew.

        Raises
        ------
        DiskFull
            If there is no room; the store is as it was.
        BadStore
            If the store was opened for reading only, or another writer holds it for a minute.
        """
        if self.read_only:
            raise BadStore(
                f"{self.path} was opened for reading only", hint="open it without read_only"
            )
        rows = map(_row, profiles)
        with self._telling(), closing(self._open()) as connection:
            connection.execute("CREATE TEMP TABLE fresh AS SELECT * FROM profiles WHERE 0")
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO temp.fresh VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            living = _lives(connection)
            if replace:
                connection.execute(_GONE_OF_LIVING if living else "DELETE FROM main.profiles")
            written = connection.execute(
                "INSERT OR REPLACE INTO main.profiles SELECT * FROM temp.fresh ORDER BY rowid"
            ).rowcount
            if replace and living:
                for statement in _STALE:
                    connection.execute(statement)
            if living and _has_drawings(connection):
                connection.execute(_WRITTEN, {"all": replace})
            if about is not None:
                connection.executemany(
                    "INSERT OR REPLACE INTO main.meta VALUES (?, ?)", list(about.to_words().items())
                )
            connection.execute("COMMIT")
        return int(written)

    def __iter__(self) -> Iterator[Profile]:
        """Go through all profiles as they are at this moment, in the order of customer ids."""
        query = "SELECT profile FROM profiles ORDER BY customer_id"
        with self._telling(), closing(self._open()) as connection:
            for (text,) in connection.execute(query):
                yield Profile.from_json(text)

    def __len__(self) -> int:
        """Count the profiles."""
        with self._lock, self._telling():
            (count,) = self._connection.execute("SELECT count(*) FROM profiles").fetchone()
        return int(count)

    def close(self) -> None:
        """Let go of the file; closing twice is fine."""
        self._close()

    def __enter__(self) -> Self:
        """Return the store; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    def _open(self) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode={'ro' if self.read_only else 'rwc'}"
        try:
            connection = sqlite3.connect(
                address, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.OperationalError as error:
            raise BadStore(
                f"{self.path} cannot be opened: {error}", hint="does its folder exist?"
            ) from None
        try:
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.DatabaseError as error:
            connection.close()
            if "unable to open" in str(error) or "readonly" in str(error):
                raise BadStore(
                    f"{self.path} cannot be opened: {error}",
                    hint="may it and its folder be written to? ls -ld; the file may well be whole",
                ) from error
            raise BadStore(
                f"{self.path} is not a whole profile store: {error}", hint=_ANEW
            ) from error
        return connection

    def _prepare(self) -> None:
        """Make the tables in a new file; refuse one that is not ours or is too new."""
        with self._telling():
            ask = self._connection.execute
            (application,) = ask("PRAGMA application_id").fetchone()
            (version,) = ask("PRAGMA user_version").fetchone()
            (tables,) = ask("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and application != _APPLICATION:
                raise BadStore(
                    f"{self.path} is a database, but no profile store",
                    hint="name another file, or move this one away",
                )
            if version > _VERSION:
                raise BadStore(
                    f"{self.path} has schema version {version}, this Limner reads {_VERSION}",
                    hint="upgrade Limner, or learn the profiles anew in another workspace",
                )
            if version == _VERSION:
                return
            if self.read_only:
                raise NotFitted(
                    f"there are no profiles yet in {self.path}", hint="learn them first: limner fit"
                )
            ask(f"PRAGMA page_size = {_PAGE_BYTES}")
            ask("PRAGMA journal_mode = WAL")
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION};"
                f"PRAGMA user_version = {_VERSION}; COMMIT;"
            )

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say what SQLite's errors mean."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error):
                left = shutil.disk_usage(self.path.parent).free
                raise DiskFull(
                    f"no room to write {self.path}, {left} bytes are left",
                    hint="free some room and try again; the store is as it was",
                ) from error
            raise BadStore(
                f"{self.path} cannot be used: {error}",
                hint="is another process writing profiles?" if "locked" in str(error) else "",
            ) from error
        except sqlite3.DatabaseError as error:
            raise BadStore(
                f"{self.path} is not a whole profile store: {error}",
                hint=_ANEW,
            ) from error

    def _nearest(self, customer_id: str) -> list[str]:
        """Return the ids that look most like this one, by order and then by length."""
        ask: Any = self._connection.execute
        folded = "SELECT customer_id FROM profiles WHERE lower(trim(customer_id)) = lower(trim(?))"
        close = [row[0] for row in ask(folded + " LIMIT 1", (customer_id,))]
        if close:
            return close
        near = "SELECT customer_id FROM profiles WHERE customer_id {} ? ORDER BY customer_id {}"
        around = [
            row[0]
            for sign, order in ((">", "ASC"), ("<", "DESC"))
            for row in ask(f"{near.format(sign, order)} LIMIT {_NEIGHBOURS}", (customer_id,))
        ]
        alike = "SELECT customer_id FROM profiles WHERE length(customer_id) BETWEEN ? AND ? LIMIT ?"
        length = len(customer_id)
        return get_close_matches(customer_id, around, n=1, cutoff=0.7) or get_close_matches(
            customer_id,
            [row[0] for row in ask(alike, (length - 1, length + 1, _SCANNED))],
            n=1,
            cutoff=0.5,
        )


def _row(profile: Profile) -> tuple[str, str, str, str, str]:
    """Return a profile as a row of the table."""
    return (
        profile.customer_id,
        profile.lifecycle.rfm_group,
        profile.lifecycle.stage,
        profile.as_of.isoformat(),
        profile.to_json().decode(),
    )


def _lives(connection: sqlite3.Connection) -> bool:
    """Whether events come into the file, as they do where the service was begun."""
    asked = "SELECT count(*) FROM main.sqlite_master WHERE name IN ('customers', 'journal')"
    return bool(connection.execute(asked).fetchone()[0] == 2)  # both tables


def _has_drawings(connection: sqlite3.Connection) -> bool:
    """Whether portraits are counted; a store of before is brought up when a service opens it."""
    asked = "SELECT count(*) FROM pragma_table_info('customers') WHERE name = 'drawings'"
    return bool(connection.execute(asked).fetchone()[0])
