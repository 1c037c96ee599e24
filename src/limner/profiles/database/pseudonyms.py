"""Whose a pseudonym is: looked up in a table that follows the customers."""

from collections.abc import Sequence
from typing import final

from sqlalchemy import Connection, Engine, select

from limner.errors import BadStore, DiskFull
from limner.profiles.database import tables as t
from limner.profiles.database.connections import take_turns, telling
from limner.profiles.database.writing import insert_many, one_of, parts, tell
from limner.profiles.pseudonyms import Pseudonyms, rotation_of

__all__ = ["PseudonymIndex"]

_AT_ONCE = 10_000


@final
class PseudonymIndex:
    """Finds whom pseudonyms name, of one rotation and the one before it.

    The table is brought up when somebody asks for a pseudonym that it does not know; nothing is
    written when events come in. Where the store cannot be written, whoever is not in it yet is
    looked for one by one.

    Parameters
    ----------
    engine
        The database of a living store.
    pepper
        The secret of the workspace.
    rotation
        Which names are given now.
    """

    def __init__(self, engine: Engine, pepper: bytes, *, rotation: int = 1) -> None:
        self.engine = engine
        known = {rotation, max(1, rotation - 1)}
        self._names = {each: Pseudonyms(pepper, rotation=each) for each in known}
        self.names = self._names[rotation]

    def resolve(self, pseudonyms: Sequence[str]) -> dict[str, str]:
        """Return the ids of whom pseudonyms name; one that names nobody is left out."""
        found: dict[str, str] = {}
        for rotation, names in self._names.items():
            wanted = {
                bytes.fromhex(each.rpartition("_")[2]): each
                for each in pseudonyms
                if rotation_of(each) == rotation
            }
            if not wanted:
                continue
            with telling(), self.engine.connect() as raw:
                connection = raw.execution_options(isolation_level="AUTOCOMMIT")
                held = _held(connection, list(wanted))
                behind = _behind(connection, names)
            missing = wanted.keys() - held.keys()
            if missing and behind:
                held |= self._follow(names, missing)
            found |= {wanted[digest]: who for digest, who in held.items()}
        return found

    def _follow(self, names: Pseudonyms, missing: set[bytes]) -> dict[bytes, str]:
        """Bring the table up, and return whom of the missing it now knows."""
        found: dict[bytes, str] = {}
        writing = True
        after: int | None = None
        while True:
            with telling(), self.engine.connect() as raw:
                connection = raw.execution_options(isolation_level="AUTOCOMMIT")
                begun = _upto(connection, names) if after is None else after
                c = t.customers.c
                asked = select(c.no, c.customer_id).where(c.no > begun).order_by(c.no)
                rows = connection.execute(asked.limit(_AT_ONCE)).all()
            if not rows:
                return found
            made = [(names.digest(who), no) for no, who in rows]
            whose = {digest: who for (digest, _), (_, who) in zip(made, rows, strict=True)}
            found |= {digest: whose[digest] for digest in missing & whose.keys()}
            after = rows[-1][0]
            if writing:
                try:
                    self._keep(names, made, after)
                except (BadStore, DiskFull):
                    writing = False

    def _keep(self, names: Pseudonyms, made: list[tuple[bytes, int]], upto: int) -> None:
        with telling(), self.engine.begin() as connection:
            take_turns(connection)
            c = t.customers.c
            still: set[int] = set()  # whoever was erased meanwhile is not to come back
            for part in parts([no for _, no in made]):
                still.update(
                    row[0] for row in connection.execute(select(c.no).where(one_of(c.no, part)))
                )
            rows = [(digest, no) for digest, no in made if no in still]
            if rows:
                insert_many(connection, t.pseudonyms, rows, or_not=True)
            if upto > _upto(connection, names):
                tell(connection, _mark(names), str(upto))


def _held(connection: Connection, digests: list[bytes]) -> dict[bytes, str]:
    p, c = t.pseudonyms.c, t.customers.c
    whole = select(p.digest, c.customer_id).join_from(
        t.pseudonyms, t.customers, p.customer_no == c.no
    )
    return {
        bytes(row[0]): row[1]
        for part in parts(digests)
        for row in connection.execute(whole.where(one_of(p.digest, part)))
    }


def _behind(connection: Connection, names: Pseudonyms) -> bool:
    c = t.customers.c
    asked = select(c.no).where(c.no > _upto(connection, names)).limit(1)
    return connection.execute(asked).first() is not None


def _upto(connection: Connection, names: Pseudonyms) -> int:
    """Return the number of the newest customer whose pseudonym is in the table."""
    asked = select(t.meta.c.value).where(t.meta.c.name == _mark(names))
    return int(connection.execute(asked).scalar_one_or_none() or 0)


def _mark(names: Pseudonyms) -> str:
    return f"pseudonyms:{names.rotation}"
