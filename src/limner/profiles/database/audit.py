"""Who did what to whose data, in a chain: a row that is changed, lost or moved is found."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from sqlalchemy import Connection, Engine, select

from limner.events.suppression import Suppression
from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking, take_turns, telling
from limner.profiles.database.writing import insert_many, tell

__all__ = ["AuditLog", "AuditRow", "Entry", "Verdict"]

_HEAD = "audit_head"
_START = bytes(32)
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done. ``customer_id`` is hashed before it is kept; none: nobody's data."""

    at_us: int
    actor: str
    action: str
    customer_id: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of the log; ``subject`` is a keyed hash of the customer's id, or empty."""

    no: int
    at_us: int
    actor: str
    action: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of verifying: how many rows follow each other, and what is wrong after them.

    ``head`` is ``number:hash`` of the last good row. Whoever noted it elsewhere can have it looked
    for later.
    """

    rows: int
    head: str
    trouble: str = ""

    @property
    def good(self) -> bool:
        """Whether the log is what was written."""
        return not self.trouble


@final
class AuditLog:
    """A log in a database to which rows are only added, each tied to the one before.

    The ties are HMAC-SHA256 under a key of the workspace, so whoever can write to the database
    alone can make no row that fits; the newest tie stands apart, so that rows missing at the end
    are missed.

    Parameters
    ----------
    engine
        The database.
    pepper
        The secret of the workspace.
    """

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self.engine = engine
        self._key = hmac.digest(pepper, b"limner audit", "sha256")
        self._names = Suppression(pepper)

    def pseudonym(self, customer_id: str) -> str:
        """Return by what a customer is called in the log: 32 hexadecimal digits."""
        return self._names.digest(customer_id).hex()

    def append(self, entries: Sequence[Entry]) -> None:
        """Add rows; durable on return."""
        if not entries:
            return
        with telling(), self.engine.begin() as connection:
            self.append_within(connection, entries)

    def append_within(self, connection: Connection, entries: Sequence[Entry]) -> None:
        """Add rows within somebody's transaction."""
        take_turns(connection)
        no, link = self._head(connection)
        rows: list[tuple[Any, ...]] = []
        for each in entries:
            no += 1
            subject = "" if each.customer_id is None else self.pseudonym(each.customer_id)
            said = (no, each.at_us, each.actor, each.action, subject, each.detail)
            link = self._link(link, said)
            rows.append((*said, link))
        insert_many(connection, t.audit, rows)
        tell(connection, _HEAD, f"{no}:{link.hex()}:{self._seal(no, link).hex()}")

    def about(self, customer_id: str) -> list[AuditRow]:
        """Return what was done to a customer's data, the oldest first."""
        a = t.audit.c
        asked = (
            select(a.no, a.at_us, a.actor, a.action, a.subject, a.detail)
            .where(a.subject == self.pseudonym(customer_id))
            .order_by(a.no)
        )
        with asking(self.engine) as connection:
            return [AuditRow(*row) for row in connection.execute(asked)]

    def verify(self, noted: str | None = None) -> Verdict:
        """Go through the whole log.

        Parameters
        ----------
        noted
            A ``head`` that was noted before, which must still be in the log.
        """
        a = t.audit.c
        before, link, found = 0, _START, noted is None
        while True:
            with asking(self.engine) as connection:
                # The head first: rows that are added meanwhile may be more, but never fewer.
                told = connection.execute(_TOLD).scalar_one_or_none()
                rows = connection.execute(
                    select(t.audit).where(a.no > before).order_by(a.no).limit(_AT_ONCE)
                ).all()
            for *said, tie in rows:
                if said[0] != before + 1:
                    return Verdict(before, _written(before, link), f"row {before + 1} is missing")
                if bytes(tie) != self._link(link, said):
                    trouble = f"row {said[0]} is not what was written, or not in its place"
                    return Verdict(before, _written(before, link), trouble)
                before, link = said[0], bytes(tie)
                found = found or noted == _written(before, link)
            if len(rows) < _AT_ONCE:
                last, _, sealed = self._read(told)
                if last < before and rows:
                    continue
                return self._end(before, link, last, sealed=sealed, found=found, noted=noted)

    def _end(
        self, no: int, link: bytes, last: int, *, sealed: bool, found: bool, noted: str | None
    ) -> Verdict:
        head = _written(no, link)
        if last > no:
            return Verdict(no, head, f"rows {no + 1} to {last} are missing at the end")
        if last < no or not sealed:
            return Verdict(no, head, "the mark of the newest row is not what was written")
        if not found:
            return Verdict(no, head, f"the head {noted} is not in the log")
        return Verdict(no, head)

    def _head(self, connection: Connection) -> tuple[int, bytes]:
        no, link, _ = self._read(connection.execute(_TOLD).scalar_one_or_none())
        return no, link

    def _read(self, told: str | None) -> tuple[int, bytes, bool]:
        """Return number and tie of the newest row as they stand apart, and whether we wrote so."""
        if told is None:
            return 0, _START, True
        try:
            number, link, seal = told.split(":")
            no, tie = int(number), bytes.fromhex(link)
            return no, tie, hmac.compare_digest(bytes.fromhex(seal), self._seal(no, tie))
        except ValueError:
            return 0, _START, False

    def _link(self, before: bytes, said: Sequence[Any]) -> bytes:
        text = json.dumps(list(said), ensure_ascii=False, separators=(",", ":"))
        return hmac.digest(self._key, before + text.encode("utf-8", "surrogatepass"), "sha256")

    def _seal(self, no: int, link: bytes) -> bytes:
        return hmac.digest(self._key, b"head" + str(no).encode() + link, "sha256")


_TOLD = select(t.meta.c.value).where(t.meta.c.name == _HEAD)


def _written(no: int, link: bytes) -> str:
    return f"{no}:{link.hex()}"
