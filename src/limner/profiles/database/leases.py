"""Which process does what only one may do, believed to live for as long as it says so again."""

import time
from collections.abc import Callable
from typing import final

from sqlalchemy import Engine, delete, select

from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking, writing
from limner.profiles.database.writing import brought, insert_of

__all__ = ["Leases"]


@final
class Leases:
    """Leases in a store, which run out when whoever holds them dies.

    What is done under a lease must be harmless when two do it for a moment, since clocks differ
    and processes stand still; it saves doing things twice, it does not forbid it.

    Parameters
    ----------
    engine
        The database.
    clock
        Tells microseconds since 1970.
    """

    def __init__(
        self, engine: Engine, *, clock: Callable[[], int] = lambda: time.time_ns() // 1000
    ) -> None:
        self.engine, self.clock = engine, clock

    def holder(self, name: str) -> str | None:
        """Return who holds a lease that has not run out."""
        lease = t.leases.c
        asked = select(lease.holder).where(lease.name == name, lease.until_us > self.clock())
        with asking(self.engine) as connection:
            return connection.execute(asked).scalar_one_or_none()

    def take(self, name: str, holder: str, *, seconds: float) -> bool:
        """Take a lease or hold on to it, for so many seconds; whether it is ours.

        Where another holds it nothing is written.
        """
        if self.holder(name) not in {None, holder}:
            return False
        lease = t.leases.c
        with writing(self.engine) as connection:
            now = self.clock()
            asked = select(lease.holder).where(lease.name == name, lease.until_us > now)
            if connection.execute(asked).scalar_one_or_none() not in {None, holder}:
                return False
            add = insert_of(connection)(t.leases)
            renew = add.on_conflict_do_update(
                index_elements=["name"],
                set_={"holder": brought("holder"), "until_us": brought("until_us")},
            )
            until = now + round(seconds * 1e6)
            connection.execute(renew, [{"name": name, "holder": holder, "until_us": until}])
            return True

    def give_back(self, name: str, holder: str) -> None:
        """Let go of a lease, so that another need not wait until it has run out."""
        lease = t.leases.c
        with writing(self.engine) as connection:
            own = (lease.name == name) & (lease.holder == holder)
            connection.execute(delete(t.leases).where(own))
