"""What a store knew at an earlier moment: events by when they happened and by when they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import polars as pl
from sqlalchemy import Engine, func, select

from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking
from limner.profiles.database.reading import events_of
from limner.profiles.database.writing import one_of, parts

__all__ = ["History", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest of a customer's events that was known: its number in the store, and when it came.

    Both are 0 where all that was known is in the log.
    """

    seq: int
    received_us: int


@final
class History:
    """Asks a store for what was known before a moment. It keeps nothing of its own.

    Parameters
    ----------
    engine
        The database, brought up by :func:`~limner.profiles.database.opening.open_engine`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def events(
        self, numbers: Sequence[int], *, before_us: int, known_us: int | None
    ) -> pl.DataFrame:
        """Return events of customers that happened before a moment and had come by another.

        Parameters
        ----------
        numbers
            The customers' numbers.
        before_us
            Events strictly before it, in microseconds since 1970.
        known_us
            Of those the ones that came strictly before it; none: whenever they came.
        """
        j = t.journal.c
        wanted = [j.time_us < before_us]
        if known_us is not None:
            wanted.append(j.received_us < known_us)
        with asking(self.engine) as connection:
            return events_of(connection, numbers, *wanted)

    def newest(self, number: int, *, before_us: int, known_us: int | None) -> Seen:
        """Return which of a customer's events was the newest to come, of those in the store."""
        j = t.journal.c
        asked = select(func.max(j.seq), func.max(j.received_us)).where(
            j.customer_no == number, j.time_us < before_us
        )
        if known_us is not None:
            asked = asked.where(j.received_us < known_us)
        with asking(self.engine) as connection:
            seq, received = connection.execute(asked).one()
        return Seen(seq or 0, received or 0)

    def not_yet(
        self, *, before_us: int, known_us: int, customers: Sequence[str] | None = None
    ) -> dict[str, set[bytes]]:
        """Return what is in the log and had happened, but came later: marks by customer.

        Parameters
        ----------
        before_us, known_us
            As for :meth:`events`.
        customers
            Of whom; none: of everybody.
        """
        a = t.arrivals.c
        asked = select(a.customer_id, a.key).where(a.time_us < before_us, a.received_us >= known_us)
        whole = [asked]
        if customers is not None:
            whole = [asked.where(one_of(a.customer_id, part)) for part in parts(list(customers))]
        found: dict[str, set[bytes]] = {}
        with asking(self.engine) as connection:
            for each in whole:
                for who, key in connection.execute(each):
                    found.setdefault(who, set()).add(bytes(key))
        return found
