"""The newest events of a store, in the order in which they came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

from sqlalchemy import Engine, select

from limner.profiles.database import tables as t
from limner.profiles.database.connections import telling
from limner.profiles.database.writing import EVENT, moment_of

__all__ = ["Came", "Tail"]


@dataclass(frozen=True, slots=True)
class Came:
    """One event: its number, whose it is, when it came (µs since 1970), and what it says."""

    seq: int
    customer_id: str
    received_us: int
    event: dict[str, Any]


@final
class Tail:
    """Reads events as they come, by their numbers.

    Parameters
    ----------
    engine
        The database.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def after(self, seq: int, *, limit: int) -> Sequence[Came]:
        """Return the events after a number, those that came first; what was compacted is not."""
        j, c = t.journal.c, t.customers.c
        asked = (
            select(j.seq, c.customer_id, j.received_us, j.time_us, *(j[name] for name in EVENT))
            .join_from(t.journal, t.customers, j.customer_no == c.no)
            .where(j.seq > seq)
            .order_by(j.seq)
            .limit(limit)
        )
        with telling(), self.engine.connect() as raw:
            rows = raw.execution_options(isolation_level="AUTOCOMMIT").execute(asked).all()
        found = []
        for number, who, received, time_us, *rest in rows:
            told = {"time": moment_of(time_us).isoformat().replace("+00:00", "Z")}
            told |= {name: each for name, each in zip(EVENT, rest, strict=True) if each is not None}
            found.append(Came(number, who, received, told))
        return found
