"""What customers ask of a store: to see what is held, to be erased, and what may be told."""

import json
import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, final

from sqlalchemy import Connection, Engine, Row, select, update

from limner.errors import BadConfig
from limner.events.suppression import Suppression
from limner.profiles.database import erasing
from limner.profiles.database import tables as t
from limner.profiles.database.audit import AuditLog, Entry
from limner.profiles.database.connections import telling, writing
from limner.profiles.database.consents import consents_of, tell_consents
from limner.profiles.database.linking import all_links, names_of
from limner.profiles.database.persons import find_person
from limner.profiles.database.suppressed import add_digests, lift_digests
from limner.profiles.database.writing import moment_of
from limner.profiles.identity import IdentityConfig

__all__ = ["PrivacyBook", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked: ``access`` or ``erase``.

    ``state`` is ``open`` (access), or ``running``, ``scrubbing`` and ``done`` of an erasure; the
    ``customer_id`` is none once the customer is erased. ``receipt`` says what became of it.
    """

    id: str
    kind: Literal["access", "erase"]
    state: str
    subject: str
    customer_id: str | None
    allow_return: bool
    created_us: int
    changed_us: int
    receipt: Mapping[str, Any] | None


@final
class PrivacyBook:
    """The requests, consents and the list of erased people of a living store.

    Parameters
    ----------
    engine
        Its database.
    pepper
        The secret of the workspace.
    """

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self.engine = engine
        self.names = Suppression(pepper)
        self.audit = AuditLog(engine, pepper)
        self._reading: Connection | None = None
        self._lock = Lock()

    def open(
        self,
        request_id: str,
        kind: str,
        customer_id: str,
        *,
        actor: str,
        allow_return: bool = False,
        others: Sequence[str] = (),
    ) -> Request:
        """Write down what was asked; of an erasure also whom to keep out. Durable on return.

        ``others`` are further ids of the same person: each gets a request of its own, in the same
        transaction.
        """
        now = _now()
        wanted = [customer_id, *others]
        numbers = [request_id, *(f"{request_id[0]}{secrets.token_hex(8)}" for _ in others)]
        together = json.dumps({"counts": {}, "together_with": numbers}) if others else None
        rows = [
            {
                "id": number,
                "kind": kind,
                "state": "running" if kind == "erase" else "open",
                "subject": self.names.digest(who).hex(),
                "customer_id": who,
                "allow_return": int(allow_return),
                "created_us": now,
                "changed_us": now,
                "receipt": together,
            }
            for number, who in zip(numbers, wanted, strict=True)
        ]
        with writing(self.engine) as connection:
            connection.execute(t.requests.insert(), rows)
            if kind == "erase":
                add_digests(connection, [self.names.digest(who) for who in wanted], at_us=now)
            self.audit.append_within(
                connection,
                [
                    Entry(now, actor, f"privacy.{kind}", who, number)
                    for number, who in zip(numbers, wanted, strict=True)
                ],
            )
        found = self.request(request_id)
        assert found is not None
        return found

    def request(self, request_id: str) -> Request | None:
        """Return what was asked, none if nothing was under that id."""
        with self._asking() as connection:
            row = connection.execute(
                select(t.requests).where(t.requests.c.id == request_id)
            ).first()
        return None if row is None else _request(row)

    def unfinished(self) -> list[Request]:
        """Return the erasures that were begun and not finished, the oldest first."""
        r = t.requests.c
        asked = select(t.requests).where(r.state.in_(["running", "scrubbing"]))
        with self._asking() as connection:
            return [_request(row) for row in connection.execute(asked.order_by(r.created_us))]

    def held(self, customer_id: str) -> dict[str, list[dict[str, Any]]]:
        """Return all rows on a customer, by table, each as it stands there."""
        c = t.customers.c
        tables = (t.customers, t.profiles, t.attributes, t.arrivals, t.consents, t.requests)
        with self._asking() as connection:
            found = {
                table.name: [
                    dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
                    for row in connection.execute(
                        select(table).where(table.c.customer_id == customer_id)
                    )
                ]
                for table in tables
            }
            no = select(c.no).where(c.customer_id == customer_id).scalar_subquery()
            events = select(t.journal).where(t.journal.c.customer_no == no)
            found["journal"] = [
                dict(row._mapping)  # noqa: SLF001
                for row in connection.execute(events.order_by(t.journal.c.seq))
            ]
            found["rejects"] = [
                dict(row._mapping)  # noqa: SLF001
                for row in erasing.named_rejects(connection, customer_id)
            ]
            found["segments"] = [
                dict(row._mapping)  # noqa: SLF001
                for row in erasing.named_segments(connection, customer_id)
            ]
            found["links"] = [
                link._asdict() for link in all_links(connection, names_of(f"id:{customer_id}"))
            ]
        found["audit"] = [
            {name: getattr(row, name) for name in row.__slots__}
            for row in self.audit.about(customer_id)
        ]
        return {name: rows for name, rows in found.items() if rows}

    def erase(
        self,
        request: Request,
        *,
        marks: Collection[bytes],
        items: Collection[str] = (),
        currencies: Collection[str] = (),
        config: IdentityConfig | None = None,
    ) -> dict[str, int]:
        """Take a customer out of all tables; return how many rows went, by table.

        ``items`` and ``currencies`` are those of the customer's events that the log knows of
        nobody else.
        """
        assert request.customer_id is not None
        with writing(self.engine) as connection:
            done = erasing.erase_rows(connection, request.customer_id, marks=marks, config=config)
            done |= erasing.forget_alone(connection, items, currencies)
            erasing.count_erasure(connection)
            self._note(connection, request, {f"database/{name}": n for name, n in done.items()})
        return done

    def note(self, request: Request, counts: Mapping[str, int]) -> None:
        """Keep how many rows of each store go; what was noted before a kill is not lost."""
        with writing(self.engine) as connection:
            self._note(connection, request, counts)

    def _note(self, connection: Connection, request: Request, counts: Mapping[str, int]) -> None:
        r = t.requests.c
        told = connection.execute(select(r.receipt).where(r.id == request.id)).scalar_one()
        receipt = json.loads(told) if told else {"counts": {}}
        known = receipt["counts"]
        known |= {name: max(n, known.get(name, 0)) for name, n in counts.items()}
        connection.execute(
            update(t.requests).where(r.id == request.id).values(receipt=json.dumps(receipt))
        )

    def forget(
        self,
        request: Request,
        receipt: Mapping[str, Any],
        *,
        items: Collection[str] = (),
        currencies: Collection[str] = (),
    ) -> None:
        """Keep the receipt, and let the id go from all requests; only the file is left to clean.

        What was compared with the shop while the log still held the customer is forgotten too.
        """
        r = t.requests.c
        now = _now()
        with writing(self.engine) as connection:
            erasing.forget_alone(connection, items, currencies)
            erasing.count_erasure(connection)
            told = connection.execute(select(r.receipt).where(r.id == request.id)).scalar_one()
            noted = json.loads(told) if told else {"counts": {}}
            written = json.dumps({**receipt, **noted})
            connection.execute(
                update(t.requests)
                .where(r.id == request.id)
                .values(state="scrubbing", changed_us=now, receipt=written)
            )
            connection.execute(
                update(t.requests)
                .where(r.subject == request.subject, r.state != "running")
                .values(customer_id=None)
            )

    def answered(self, request: Request) -> None:
        """Say that access was given for good; the request lets the id go."""
        done = update(t.requests).where(t.requests.c.id == request.id)
        with writing(self.engine) as connection:
            connection.execute(done.values(state="done", customer_id=None, changed_us=_now()))

    def finish(self, request: Request, *, actor: str) -> Request:
        """Say that an erasure is done; who may return is taken off the list."""
        r = t.requests.c
        now = _now()
        with writing(self.engine) as connection:
            told = connection.execute(select(r.receipt).where(r.id == request.id)).scalar_one()
            receipt = json.loads(told) | {"erased_at": moment_of(now).isoformat()}
            connection.execute(
                update(t.requests)
                .where(r.id == request.id)
                .values(state="done", changed_us=now, receipt=json.dumps(receipt))
            )
            if request.allow_return:
                lift_digests(connection, [bytes.fromhex(request.subject)])
            entry = Entry(now, actor, "privacy.erased", None, request.id)
            self.audit.append_within(connection, [entry])
        found = self.request(request.id)
        assert found is not None
        return found

    def scrub(self) -> None:
        """Leave nothing of deleted rows in the database's files."""
        erasing.scrub(self.engine)

    def ids_held(self) -> set[str]:
        """Return the ids of everybody whom some table names, and what may be one in rejects."""
        with self._asking() as connection:
            return erasing.ids_held(connection)

    def digests(self) -> set[bytes]:
        """Return the hashes of those who were erased."""
        with self._asking() as connection:
            return {bytes(row[0]) for row in connection.execute(select(t.suppressed.c.digest))}

    def add_digests(self, digests: Collection[bytes]) -> None:
        """Put hashes on the list of those who were erased."""
        with writing(self.engine) as connection:
            add_digests(connection, sorted(digests), at_us=_now())

    def consents(self, customers: Sequence[str]) -> dict[str, dict[str, bool]]:
        """Return what customers said, by customer and purpose; who said nothing is left out."""
        with self._asking() as connection:
            return consents_of(connection, customers)

    def tell_consents(
        self, customer_id: str, told: Mapping[str, bool | None], *, actor: str
    ) -> None:
        """Keep what a customer said. Raises BadConfig for somebody who was erased."""
        with writing(self.engine) as connection:
            if ":" in customer_id:
                customer_id = find_person(connection, customer_id)
            digest = self.names.digest(customer_id)
            asked = select(t.suppressed.c.digest).where(t.suppressed.c.digest == digest)
            if connection.execute(asked).first() is not None:
                raise BadConfig(
                    "this customer was erased, and nothing is kept of them",
                    hint="limner privacy erase ID --allow-return lets somebody come back",
                )
            tell_consents(connection, customer_id, told)
            entry = Entry(_now(), actor, "consent", customer_id, json.dumps(dict(told)))
            self.audit.append_within(connection, [entry])

    def close(self) -> None:
        """Let go of the database; closing twice is fine."""
        with self._lock:
            if self._reading is not None:
                self._reading.close()
                self._reading = None

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        """Yield a connection that sees the newest state; kept, since every reading asks."""
        with telling(), self._lock:
            if self._reading is None or self._reading.closed or self._reading.invalidated:
                connection = self.engine.connect()
                self._reading = connection.execution_options(isolation_level="AUTOCOMMIT")
            yield self._reading


def _request(row: Row[Any]) -> Request:
    plain = dict(row._mapping)  # noqa: SLF001 - this is how a row is asked
    told = plain["receipt"]
    return Request(
        **plain
        | {
            "allow_return": bool(plain["allow_return"]),
            "receipt": None if told is None else json.loads(told),
        }
    )


def _now() -> int:
    return time.time_ns() // 1000
