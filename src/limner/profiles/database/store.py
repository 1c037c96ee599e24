"""Events, counters and portraits in a database; every change of them is one transaction."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Self, final

import polars as pl
from sqlalchemy import Connection, bindparam, func, select, update

from limner.errors import UnknownCustomer
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.profiles.counters import Counters
from limner.profiles.database import tables as t
from limner.profiles.database.opening import open_engine, telling
from limner.profiles.database.suppressed import erased_since, let_in, without_erased
from limner.profiles.database.writing import (
    EVENT,
    accept,
    customers_of,
    insert_many,
    insert_of,
    moment_of,
    newest_of,
    parts,
    take_turns,
    tell,
    tell_about,
)
from limner.profiles.live import Arrival, Key, Page, Receipt, Rejected, Stale, Told
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

    Raises
    ------
    BadConfig
        If the address names no such database.
    BadStore
        If it cannot be opened, or holds something else.
    """

    def __init__(self, address: str | Path, *, pepper: bytes | None = None) -> None:
        self.engine = open_engine(address)
        self.pepper = pepper
        self._reading: Connection | None = None
        self._lock = Lock()

    def accept(self, arrival: Arrival, *, received_us: int) -> Receipt:
        """Store what is new of an arrival and renew the counters; durable on return.

        An event that has an id is known by its customer and the id, one that has none by all that
        it says; what is known already changes nothing.
        """
        with self._writing() as connection:
            arrival, erased = without_erased(connection, arrival, self.pepper)
            return replace(accept(connection, arrival, received_us=received_us), erased=erased)

    def page(self, customer_id: str) -> Page:
        """Return what is held of a customer. Raises UnknownCustomer."""
        with self._asking() as connection:
            row = connection.execute(_PAGE, {"who": customer_id}).first()
        if row is None:
            raise _unknown(customer_id)
        return Page(*row)

    def pages(self, *, after: str = "", limit: int = 100) -> list[Page]:
        """Return what is held of customers by id, those after one."""
        with self._asking() as connection:
            return [Page(*row) for row in connection.execute(_PAGES, {"after": after, "n": limit})]

    def pages_of(self, customers: Sequence[str]) -> list[Page]:
        """Return what is held of some customers; who is not known is left out."""
        found = []
        with self._asking() as connection:
            for part in parts(list(dict.fromkeys(customers))):
                asked = _WHOLE.where(_C.customer_id.in_(part)).order_by(_C.customer_id)
                found += [Page(*row) for row in connection.execute(asked)]
        return found

    def token(self) -> int:
        """Return the number of the newest event."""
        with self._asking() as connection:
            return newest_of(connection)

    def stale(self, *, limit: int) -> list[Stale]:
        """Return the customers whose portraits are stale, those that wait longest first."""
        c = t.customers.c
        asked = (
            select(c.no, c.customer_id, c.seq, c.changed_us)
            .where(c.drawn < c.seq)
            .order_by(c.changed_us, c.no)
            .limit(limit)
        )
        with self._asking() as connection:
            return [Stale(*row) for row in connection.execute(asked)]

    def events_of(self, numbers: Sequence[int]) -> pl.DataFrame:
        """Return the events held of some customers, with the columns of the log."""
        c, j = t.customers.c, t.journal.c
        found: list[tuple[Any, ...]] = []
        with self._asking() as connection:
            for part in parts(list(numbers)):
                asked = (
                    select(c.customer_id, j.time_us, *(j[name] for name in EVENT))
                    .join_from(t.journal, t.customers, j.customer_no == c.no)
                    .where(j.customer_no.in_(part))
                )
                found += [tuple(row) for row in connection.execute(asked)]
        schema = {"customer_id": pl.String, "time": pl.Int64} | {
            name: EVENT_SCHEMA[name] for name in EVENT
        }
        return (
            pl.DataFrame(found, schema=schema, orient="row")
            .with_columns(pl.col("time").cast(EVENT_SCHEMA["time"]))
            .select(EVENT_SCHEMA.names())
        )

    def put_portraits(
        self,
        profiles: Iterable[Profile],
        *,
        seen: Mapping[str, int],
        about: About | None = None,
        unless: str | None = None,
    ) -> int:
        """Write portraits; ``seen`` says which event of each customer was the newest in it.

        One older than what is there is left out, so that two who draw cannot set a customer back;
        and all are, if somebody was erased since ``unless``.
        """
        rows = [
            {
                "customer_id": each.customer_id,
                "rfm_group": each.lifecycle.rfm_group,
                "stage": each.lifecycle.stage,
                "as_of": each.as_of.isoformat(),
                "profile": each.to_json().decode(),
            }
            for each in profiles
        ]
        if not rows:
            return 0
        c = t.customers.c
        mark = (
            update(t.customers)
            .where(c.customer_id == bindparam("who"), c.drawn <= bindparam("upto"))
            .values(drawn=bindparam("upto"))
        )
        names = [column.name for column in t.profiles.c if column.name != "customer_id"]
        with self._writing() as connection:
            if unless is not None and erased_since(connection, unless):
                return 0
            add = insert_of(connection)(t.profiles)
            renew = add.on_conflict_do_update(
                index_elements=["customer_id"], set_={name: add.excluded[name] for name in names}
            )
            drawn: dict[str, int] = {}
            for part in parts([row["customer_id"] for row in rows]):
                asked = select(c.customer_id, c.drawn).where(c.customer_id.in_(part))
                drawn |= {row[0]: row[1] for row in connection.execute(asked)}
            kept = [
                row
                for row in rows
                if drawn.get(row["customer_id"], -1) <= seen[row["customer_id"]]
                and row["customer_id"] in drawn
            ]
            if kept:
                connection.execute(renew, kept)
                connection.execute(
                    mark,
                    [{"who": row["customer_id"], "upto": seen[row["customer_id"]]} for row in kept],
                )
            if about is not None:
                tell_about(connection, about)
        return len(kept)

    def timeline(self, customer_id: str, *, before: int | None, limit: int) -> list[Told]:
        """Return a customer's events, the newest to come in first. Raises UnknownCustomer."""
        c, j = t.customers.c, t.journal.c
        with self._asking() as connection:
            no = connection.scalar(select(c.no).where(c.customer_id == customer_id))
            if no is None:
                raise _unknown(customer_id)
            asked = select(j.seq, j.received_us, j.time_us, *(j[name] for name in EVENT)).where(
                j.customer_no == no
            )
            if before is not None:
                asked = asked.where(j.seq < before)
            rows = connection.execute(asked.order_by(j.seq.desc()).limit(limit)).all()
        found = []
        for seq, received, time_us, *rest in rows:
            event = {"time": moment_of(time_us).isoformat()}
            event |= {
                name: value for name, value in zip(EVENT, rest, strict=True) if value is not None
            }
            found.append(Told(seq, received, event))
        return found

    def rejects(self, *, after: int = 0, limit: int = 100) -> list[Rejected]:
        """Return refused rows in the order in which they came."""
        asked = select(t.rejects).where(t.rejects.c.no > after).order_by(t.rejects.c.no)
        with self._asking() as connection:
            return [Rejected(*row) for row in connection.execute(asked.limit(limit))]

    def catalogue(self, items: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the newest word on each item, or on some."""
        whole = select(t.items)
        asked = [whole]
        if items is not None:
            asked = [whole.where(t.items.c.item_id.in_(part)) for part in parts(list(items))]
        with self._asking() as connection:
            rows = [tuple(row) for each in asked for row in connection.execute(each)]
        return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA, orient="row")

    def attributes(self, customers: Sequence[str]) -> pl.DataFrame:
        """Return what some customers told."""
        a = t.attributes.c
        rows = []
        with self._asking() as connection:
            for part in parts(list(customers)):
                asked = select(a.customer_id, a.name, a.value, a.known_us).where(
                    a.customer_id.in_(part)
                )
                rows += [
                    (who, name, value, moment_of(known) if known else None)
                    for who, name, value, known in connection.execute(asked)
                ]
        return pl.DataFrame(rows, schema=ATTRIBUTES_SCHEMA, orient="row")

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
                asked = select(c.customer_id, c.no).where(c.customer_id.in_(part))
                found |= {row[0]: row[1] for row in connection.execute(asked)}
        return found

    def seed(self, counters: Mapping[str, Counters], marks: Sequence[bytes]) -> None:
        """Let counters be what they are said to be, and events and orders be known."""
        renew = (
            update(t.customers)
            .where(t.customers.c.customer_id == bindparam("who"))
            .values(counters=bindparam("told"))
        )
        with self._writing() as connection:
            counters = let_in(connection, counters, self.pepper)
            customers_of(connection, list(counters))
            if counters:
                connection.execute(
                    renew, [{"who": who, "told": one.to_json()} for who, one in counters.items()]
                )
            if marks:
                insert_many(connection, t.seen, [(mark,) for mark in marks], or_not=True)

    def recall(self, name: str) -> str | None:
        """Return what the store was told to remember under a name."""
        with self._asking() as connection:
            asked = select(t.meta.c.value).where(t.meta.c.name == name)
            return connection.execute(asked).scalar_one_or_none()

    def remember(self, name: str, value: str) -> None:
        """Keep a word under a name."""
        with self._writing() as connection:
            tell(connection, name, value)

    def totals(self) -> Mapping[str, int]:
        """Return how many events, customers, rejects and stale portraits there are."""
        c = t.customers.c
        with self._asking() as connection:
            asked = {
                "customers": select(func.count()).select_from(t.customers),
                "events": select(func.count()).select_from(t.journal),
                "rejects": select(func.count()).select_from(t.rejects),
                "stale": select(func.count()).select_from(t.customers).where(c.drawn < c.seq),
            }
            told = {name: int(connection.scalar(each) or 0) for name, each in asked.items()}
            return {**told, "token": newest_of(connection)}

    def newest(self) -> datetime | None:
        """Return the time of the newest event, none where there is none."""
        with self._asking() as connection:
            found = connection.execute(select(func.max(t.journal.c.time_us))).scalar_one()
        return None if found is None else moment_of(found)

    def add_key(self, key: Key) -> None:
        """Keep a key."""
        plain = asdict(key) | {
            "scopes": json.dumps(key.scopes),
            "purposes": json.dumps(key.purposes),
        }
        with self._writing() as connection:
            connection.execute(t.keys.insert(), [plain])

    def key(self, key_id: str) -> Key | None:
        """Return a key, revoked or not; none if there is none."""
        with self._asking() as connection:
            row = connection.execute(select(t.keys).where(t.keys.c.id == key_id)).first()
        return None if row is None else _key(row)

    def keys(self) -> list[Key]:
        """Return all keys, the oldest first."""
        asked = select(t.keys).order_by(t.keys.c.created_us, t.keys.c.id)
        with self._asking() as connection:
            return [_key(row) for row in connection.execute(asked)]

    def revoke_key(self, key_id: str, *, at_us: int) -> bool:
        """Mark a key as revoked; whether there was one that still held."""
        k = t.keys.c
        asked = (
            update(t.keys).where(k.id == key_id, k.revoked_us.is_(None)).values(revoked_us=at_us)
        )
        with self._writing() as connection:
            return connection.execute(asked).rowcount > 0

    def close(self) -> None:
        """Let go of the store; closing twice is fine."""
        with self._lock:
            if self._reading is not None:
                self._reading.close()
                self._reading = None
        self.engine.dispose()

    def __enter__(self) -> Self:
        """Return the store; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the store."""
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Yield a transaction: all that happens within it, or nothing."""
        with telling(), self.engine.begin() as connection:
            take_turns(connection)
            yield connection

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        """Yield a connection that sees the newest state at every question."""
        with telling(), self._lock:
            if self._reading is None or self._reading.closed or self._reading.invalidated:
                self._reading = self.engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                )
            yield self._reading


_C, _P = t.customers.c, t.profiles.c
_WHOLE = select(
    _C.customer_id, _P.profile, _C.counters, _C.seq, _C.drawn, _C.changed_us
).outerjoin_from(t.customers, t.profiles, _C.customer_id == _P.customer_id)
_PAGE = _WHOLE.where(_C.customer_id == bindparam("who"))
_PAGES = (
    _WHOLE.where(_C.customer_id > bindparam("after")).order_by(_C.customer_id).limit(bindparam("n"))
)


def _unknown(customer_id: str) -> UnknownCustomer:
    told = f"nobody has the customer id {customer_id!r}"
    return UnknownCustomer(told, hint="look at the ids in the log")


def _key(row: Any) -> Key:  # noqa: ANN401 - a row of SQLAlchemy's
    plain = dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
    return Key(
        **plain
        | {
            "scopes": tuple(json.loads(plain["scopes"])),
            "purposes": tuple(json.loads(plain["purposes"])),
            "digest": bytes(plain["digest"]),
        }
    )
