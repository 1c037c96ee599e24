"""Those of whom it may be told for a purpose, gone through by id or drawn by chance."""

import random
from collections.abc import Sequence
from typing import Any, final

from sqlalchemy import Engine, Select, and_, func, select

from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking
from limner.profiles.database.writing import one_of, parts
from limner.profiles.live import Page

__all__ = ["DatabasePopulation"]

_TRIES = 20
"""So many numbers are tried for each customer wanted; those of erased people are free for ever."""


@final
class DatabasePopulation:
    """The customers of a living store of whom it may be told for a purpose.

    Whoever forbade it is not among them; neither is, where consent must be given first, whoever
    said nothing.

    Parameters
    ----------
    engine
        The database.
    purpose
        For what.
    unasked
        Whether it may be told of those who said nothing.
    """

    def __init__(self, engine: Engine, purpose: str, *, unasked: bool) -> None:
        self.engine, self.purpose, self.unasked = engine, purpose, unasked

    def size(self) -> int:
        """Count them."""
        return int(self._ask(self._among(select(func.count())))[0][0])

    def withheld(self) -> int:
        """Count the others."""
        everybody = self._ask(select(func.count()).select_from(t.customers))[0][0]
        return max(0, int(everybody) - self.size())

    def pages(
        self,
        *,
        after: str = "",
        limit: int = 500,
        stages: Sequence[str] | None = None,
        groups: Sequence[str] | None = None,
    ) -> list[Page]:
        """Return what is held of some by id, those after one.

        ``stages`` and ``groups`` are those alone that are wanted; ``""`` stands for whoever has no
        portrait.
        """
        p, c = t.profiles.c, t.customers.c
        asked = self._among(_PAGE).where(c.customer_id > after)
        if stages is not None:
            asked = asked.where(func.coalesce(p.stage, "").in_(list(stages)))
        if groups is not None:
            asked = asked.where(func.coalesce(p.rfm_group, "").in_(list(groups)))
        return [Page(*row) for row in self._ask(asked.order_by(c.customer_id).limit(limit))]

    def sample(self, n: int, *, seed: int) -> list[Page]:
        """Return n of them by chance, each set of n as likely as any other; all, if no more."""
        if self.size() <= n:
            return self.pages(limit=n)
        c = t.customers.c
        last = int(self._ask(select(func.max(c.no)))[0][0] or 0)
        order = random.Random(seed).sample(range(1, last + 1), min(last, n * _TRIES))  # noqa: S311
        found: list[Page] = []
        for part in parts(order):
            rows = self._ask(self._among(_PAGE.add_columns(c.no)).where(one_of(c.no, part)))
            known = {row[-1]: Page(*row[:-1]) for row in rows}
            found += [known[no] for no in part if no in known]
            if len(found) >= n:
                break
        return found[:n]

    def of(self, customer_id: str) -> Page | None:
        """Return what is held of one of them, none if it is nobody."""
        rows = self._ask(self._among(_PAGE).where(t.customers.c.customer_id == customer_id))
        return Page(*rows[0]) if rows else None

    def _among(self, asked: Select[Any]) -> Select[Any]:
        """Return a question that is asked of these customers alone."""
        c, s = t.customers.c, t.consents.c
        said = and_(s.customer_id == c.customer_id, s.purpose == self.purpose)
        return asked.select_from(_PEOPLE.outerjoin(t.consents, said)).where(
            func.coalesce(s.granted, int(self.unasked)) == 1
        )

    def _ask(self, asked: Select[Any]) -> list[Any]:
        with asking(self.engine) as connection:
            return list(connection.execute(asked))


_PEOPLE = t.customers.outerjoin(t.profiles, t.profiles.c.customer_id == t.customers.c.customer_id)
_PAGE = select(
    t.customers.c.customer_id,
    t.profiles.c.profile,
    t.customers.c.counters,
    t.customers.c.seq,
    t.customers.c.drawn,
    t.customers.c.changed_us,
    t.customers.c.drawings,
)
