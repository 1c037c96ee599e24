"""Events, counters and portraits in a database; every change of them is one transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import local
from typing import Self, final
from weakref import WeakSet, finalize

import polars as pl
from sqlalchemy import Connection, bindparam, func, select, update

from limner.profiles.counters import Counters
from limner.profiles.database import tables as t
from limner.profiles.database.connections import telling, writing
from limner.profiles.database.identities import IdentityBook
from limner.profiles.database.key_rows import key_of, revoke_key, row_of_key
from limner.profiles.database.linking import take_evidence
from limner.profiles.database.opening import open_engine
from limner.profiles.database.persons import (
    page_of,
    pages_after,
    pages_of,
    stale_of,
    state_of_person,
)
from limner.profiles.database.portraits import EDITION, about_of, edition_of, put_portraits
from limner.profiles.database.reading import (
    attributes_of,
    catalogue_of,
    events_of,
    forget,
    oldest_of,
    timeline_of,
    totals_of,
    unknown,
)
from limner.profiles.database.suppressed import erased_since, let_in, without_erased
from limner.profiles.database.writing import (
    accept,
    customers_of,
    insert_many,
    moment_of,
    newest_of,
    one_of,
    parts,
    tell,
    us_of,
)
from limner.profiles.identity import IdentityConfig
from limner.profiles.live import (
    Arrival,
    Drawn,
    Key,
    Page,
    Receipt,
    Rejected,
    Stale,
    State,
    Step,
    Told,
)
from limner.profiles.record import Profile
from limner.profiles.store import About

__all__ = ["DatabaseStore"]


@final
class DatabaseStore:
    """A store that lives, in SQLite or PostgreSQL; see :class:`~limner.profiles.live.LiveStore`.

    Parameters
    ----------
    address
        A file of SQLite (by habit the workspace's ``profiles.db``), or ``postgresql://…``.
    pepper
        The secret under which erased people are known; a store that knows any needs it.
    identity
        Who counts as one person.

    Raises
    ------
    BadConfig
        If the address names no such database.
    BadStore
        If it cannot be opened, or holds something else.
    """

    def __init__(
        self,
        address: str | Path,
        *,
        pepper: bytes | None = None,
        identity: IdentityConfig | None = None,
    ) -> None:
        self.engine = open_engine(address)
        self.pepper = pepper
        self.identities = IdentityBook(self.engine, pepper, identity)
        sign = "?" if self.engine.dialect.name == "sqlite" else "%s"
        self._state = _STATE.replace("?", sign)
        self._own = local()
        self._readers: WeakSet[Connection] = WeakSet()  # those of threads that still are

    @property
    def about(self) -> About | None:
        """What holds for all portraits, or None before one was drawn."""
        with self._asking() as connection:
            return about_of(connection)

    def get(self, customer_id: str) -> Profile:
        """Return one portrait. Raises UnknownCustomer where none was drawn yet."""
        portrait = self.page(customer_id).portrait
        if portrait is None:
            raise unknown(customer_id)
        return Profile.from_json(portrait)

    def accept(
        self,
        arrival: Arrival,
        *,
        received_us: int,
        steps: Mapping[str, Step] | None = None,
        replayed: Sequence[int] = (),
        within: Callable[[Connection, Receipt], None] = lambda *_: None,
    ) -> Receipt:
        """Store what is new of an arrival and renew the counters; durable on return.

        An event that has an id is known by its customer and the id, one that has none by all that
        it says; what is known already changes nothing. In the same transaction streams step on,
        and refused rows go that were replayed; raises Overtaken where another was faster.
        ``within`` may write more in that transaction, or undo it by raising.
        """
        with writing(self.engine) as connection:
            arrival, erased = without_erased(connection, arrival, self.pepper)
            receipt = accept(
                connection, arrival, received_us=received_us, steps=steps, replayed=replayed
            )
            told = arrival.evidence
            if told is not None and len(told):
                changed = take_evidence(
                    connection, told, self.identities.config, received_us=received_us
                )
                receipt = receipt if changed is None else replace(receipt, token=changed)
            receipt = replace(receipt, erased=erased)
            within(connection, receipt)
            return receipt

    def offsets(self) -> Mapping[str, str]:
        """Return how far each stream was read, by its name."""
        with self._asking() as connection:
            return {row[0]: row[1] for row in connection.execute(select(t.offsets))}

    def page(self, customer_id: str) -> Page:
        """Return what is held of a person, by any of their names. Raises UnknownCustomer."""
        with self._asking() as connection:
            return page_of(connection, customer_id)

    def state(self, customer_id: str, purpose: str) -> State:
        """Return in which state a person is, and what they said."""
        with self._asking() as connection:
            cursor = connection.connection.cursor()
            cursor.execute(self._state, (purpose, customer_id))
            row = cursor.fetchone()
            if row is None or row[4] is not None:
                person = None if row is None else row[4]
                return state_of_person(connection, customer_id, purpose, person=person)
        return State(row[0], row[1], row[2], None if row[3] is None else bool(row[3]))

    def pages(self, *, after: str = "", limit: int = 100) -> list[Page]:
        """Return what is held of people by id, those after one."""
        with self._asking() as connection:
            return pages_after(connection, after, limit)

    def pages_of(self, customers: Sequence[str]) -> list[Page]:
        """Return what is held of some people, each once; who is not known is left out."""
        with self._asking() as connection:
            return pages_of(connection, customers)

    def token(self) -> int:
        """Return the number of the newest event."""
        with self._asking() as connection:
            return newest_of(connection)

    def stale(self, *, limit: int) -> list[Stale]:
        """Return the people whose portraits are stale, those that wait longest first."""
        with self._asking() as connection:
            return stale_of(connection, limit)

    def events_of(self, numbers: Sequence[int]) -> pl.DataFrame:
        """Return the events held of some customers, with the columns of the log."""
        with self._asking() as connection:
            return events_of(connection, numbers)

    def put_portraits(self, drawn: Drawn) -> int:
        """Write portraits; one that is older than what is there is left out.

        So two who draw cannot set a customer back. What was begun in an older edition is written,
        but stays stale; and nothing is, if somebody was erased since it was begun.
        """
        with writing(self.engine) as connection:
            if drawn.erasures is not None and erased_since(connection, drawn.erasures):
                return 0
            return put_portraits(connection, drawn)

    def edition(self) -> int:
        """Return how often every portrait was asked for anew."""
        with self._asking() as connection:
            return edition_of(connection)

    def mark_all_stale(self) -> None:
        """Have every portrait drawn anew, those that are being drawn at this moment too."""
        with writing(self.engine) as connection:
            tell(connection, EDITION, str(edition_of(connection) + 1))
            connection.execute(update(t.customers).values(drawn=-1))

    def timeline(self, customer_id: str, *, before: int | None, limit: int) -> list[Told]:
        """Return a customer's events, the newest to come in first. Raises UnknownCustomer."""
        with self._asking() as connection:
            ids = page_of(connection, customer_id).identities
            return timeline_of(connection, ids, before=before, limit=limit)

    def oldest(
        self, *, before: datetime, limit: int
    ) -> tuple[Sequence[tuple[int, int]], pl.DataFrame]:
        """Return events before a moment, those that came first, and by what they are forgotten."""
        with self._asking() as connection:
            return oldest_of(connection, before_us=us_of(before), limit=limit)

    def forget(self, numbers: Sequence[tuple[int, int]]) -> None:
        """Let go of events, as :meth:`oldest` named them; counters and marks stay."""
        with writing(self.engine) as connection:
            forget(connection, numbers)

    def rejects(self, *, after: int = 0, limit: int = 100) -> list[Rejected]:
        """Return refused rows in the order in which they came."""
        asked = select(t.rejects).where(t.rejects.c.no > after).order_by(t.rejects.c.no)
        with self._asking() as connection:
            return [Rejected(*row) for row in connection.execute(asked.limit(limit))]

    def catalogue(self, items: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the newest word on each item, or on some."""
        with self._asking() as connection:
            return catalogue_of(connection, items)

    def attributes(self, customers: Sequence[str]) -> pl.DataFrame:
        """Return what some customers told."""
        with self._asking() as connection:
            return attributes_of(connection, customers)

    def numbers(self) -> Mapping[str, int]:
        """Return the number of every customer, by id."""
        with self._asking() as connection:
            asked = select(t.customers.c.customer_id, t.customers.c.no)
            return {row[0]: row[1] for row in connection.execute(asked)}

    def numbers_of(self, customers: Sequence[str]) -> Mapping[str, int]:
        """Return the numbers of some customers, by id."""
        found: dict[str, int] = {}
        c = t.customers.c
        with self._asking() as connection:
            for part in parts(list(customers)):
                asked = select(c.customer_id, c.no).where(one_of(c.customer_id, part))
                found |= {row[0]: row[1] for row in connection.execute(asked)}
        return found

    def seed(
        self, counters: Mapping[str, Counters], marks: Sequence[bytes], *, upto: int
    ) -> list[str]:
        """Let counters be what they are said to be, and events and orders be known.

        They were counted as of the event numbered ``upto``; the counters of who did something
        since stay as they are. Return those customers, to be counted anew.
        """
        c = t.customers.c
        renew = (
            update(t.customers)
            .where(c.customer_id == bindparam("who"))
            .values(counters=bindparam("told"))
        )
        with writing(self.engine) as connection:
            counters = let_in(connection, counters, self.pepper)
            customers_of(connection, list(counters))
            since = select(c.customer_id).where(c.seq > upto).order_by(c.customer_id)
            busy = [who for (who,) in connection.execute(since) if who in counters]
            rows = [
                {"who": who, "told": counters[who].to_json()} for who in counters.keys() - set(busy)
            ]
            if rows:
                connection.execute(renew, rows)
            if marks:
                insert_many(connection, t.seen, [(mark,) for mark in marks], or_not=True)
        return busy

    def recall(self, name: str) -> str | None:
        """Return what the store was told to remember under a name."""
        with self._asking() as connection:
            asked = select(t.meta.c.value).where(t.meta.c.name == name)
            return connection.execute(asked).scalar_one_or_none()

    def remember(self, name: str, value: str) -> None:
        """Keep a word under a name."""
        with writing(self.engine) as connection:
            tell(connection, name, value)

    def totals(self) -> Mapping[str, int]:
        """Return how many events, customers, rejects and stale portraits there are."""
        with self._asking() as connection:
            return totals_of(connection)

    def newest(self) -> datetime | None:
        """Return the time of the newest event, none where there is none."""
        with self._asking() as connection:
            found = connection.execute(select(func.max(t.journal.c.time_us))).scalar_one()
        return None if found is None else moment_of(found)

    def add_key(self, key: Key) -> None:
        """Keep a key."""
        with writing(self.engine) as connection:
            connection.execute(t.keys.insert(), [row_of_key(key)])

    def key(self, key_id: str) -> Key | None:
        """Return a key, revoked or not; none if there is none."""
        with self._asking() as connection:
            row = connection.execute(select(t.keys).where(t.keys.c.id == key_id)).first()
        return None if row is None else key_of(row)

    def keys(self) -> list[Key]:
        """Return all keys, the oldest first."""
        asked = select(t.keys).order_by(t.keys.c.created_us, t.keys.c.id)
        with self._asking() as connection:
            return [key_of(row) for row in connection.execute(asked)]

    def revoke_key(self, key_id: str, *, at_us: int) -> bool:
        """Let a key hold until a moment; whether there was one that would have held longer."""
        with writing(self.engine) as connection:
            return revoke_key(connection, key_id, at_us=at_us)

    def replace_key(self, key_id: str, new: Key, *, at_us: int) -> bool:
        """Keep a new key, and let an old one hold until a moment; both, or neither."""
        with writing(self.engine) as connection:
            done = revoke_key(connection, key_id, at_us=at_us)
            if done:
                connection.execute(t.keys.insert(), [row_of_key(new)])
            return done

    def close(self) -> None:
        """Let go of the store; closing twice is fine."""
        while self._readers:
            self._readers.pop().close()
        self._own = local()
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Return the store; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        """Yield a connection that sees the newest state at every question."""
        with telling():
            mine: _Reader | None = getattr(self._own, "reader", None)
            if mine is None or mine.connection.closed or mine.connection.invalidated:
                fresh = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                mine = self._own.reader = _Reader(fresh)
                self._readers.add(fresh)
            yield mine.connection


class _Reader:
    """One thread's connection, which is given back when the thread ends."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        finalize(self, connection.close).atexit = False


_STATE = """SELECT c.seq, c.drawn, c.drawings, s.granted, m.person FROM customers c
LEFT JOIN consents s ON s.customer_id = c.customer_id AND s.purpose = ? LEFT JOIN members m
ON m.name = 'id:' || c.customer_id WHERE c.customer_id = ?"""
"""What is looked at before every answer, so it goes to the driver as it is."""
