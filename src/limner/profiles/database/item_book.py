"""Items that a store was told of: which no model has read, and what was made of the others."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from sqlalchemy import Connection, Engine, and_, delete, exists, or_, select, update

from limner.events.item_vectors import ItemVectors
from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking, writing
from limner.profiles.database.writing import insert_many, one_of, parts, tell

__all__ = ["ItemBook", "Unread", "tell_of_vectors"]

_MARK = "item vectors"
"""Under this name the store has another word each time that a vector came or went."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Items of which something is told that no model has read: ids, each with a mark of its word.

    Whatever is told of an item later has another mark.
    """

    marks: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.marks)

    @property
    def ids(self) -> list[str]:
        """The items (U,)."""
        return list(self.marks)


@final
class ItemBook:
    """The items of a living store, as far as models read them.

    Parameters
    ----------
    engine
        Its database.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def unread(self, *, limit: int) -> Unread:
        """Return some items whose words or pictures no model has read."""
        i = t.items.c
        asked = select(i.item_id, i.unread).where(i.unread.is_not(None)).limit(limit)
        with asking(self.engine) as connection:
            return Unread(dict(connection.execute(asked).all()))

    def keep(self, unread: Unread, vectors: Mapping[str, ItemVectors]) -> int:
        """Keep what was made of items, by the name of what was read of them; return of how many.

        Of items that were not read in vain, but have nothing to be read, nothing is kept. Those of
        which something else was told meanwhile are still unread, and those that went stay away.
        """
        i, v = t.items.c, t.item_vectors.c
        with writing(self.engine) as connection:
            same: set[str] = set()
            for part in parts(unread.ids):
                held = connection.execute(
                    select(i.item_id, i.unread).where(one_of(i.item_id, part))
                )
                same |= {item for item, mark in held if mark == unread.marks[item]}
            for part in parts(sorted(same)):
                connection.execute(update(t.items).where(one_of(i.item_id, part)), {"unread": None})
                for look in vectors:
                    gone = and_(v.look == look, one_of(v.item_id, part))
                    connection.execute(delete(t.item_vectors).where(gone))
            rows = [
                (item, look, each.version, vector.astype("<f4").tobytes())
                for look, each in vectors.items()
                for item, vector in zip(each.ids.tolist(), each.vectors, strict=True)
                if item in same
            ]
            if rows:
                insert_many(connection, t.item_vectors, rows, or_not=True)
            if same:
                tell_of_vectors(connection)
        return len(same)

    def read_anew(self, versions: Mapping[str, str]) -> None:
        """Let all items be read that have no vectors of these versions, by name."""
        i, v = t.items.c, t.item_vectors.c
        lacking = [
            ~exists().where(v.item_id == i.item_id, v.look == look, v.version == version)
            for look, version in versions.items()
        ]
        with writing(self.engine) as connection:
            wanted = update(t.items).where(i.unread.is_(None), or_(*lacking))
            connection.execute(wanted.values(unread=secrets.randbits(62)))

    def vectors(
        self, widths: Mapping[str, tuple[str, int]], items: Sequence[str] | None = None
    ) -> dict[str, ItemVectors]:
        """Return the vectors of all items, or of some, that have them.

        Parameters
        ----------
        widths
            Of which versions and how long, by name; those of others are left out.
        items
            Which items; none: all.
        """
        v = t.item_vectors.c
        found = {}
        with asking(self.engine) as connection:
            for look, (version, width) in widths.items():
                asked = select(v.item_id, v.vector).where(v.look == look, v.version == version)
                some = (
                    [asked]
                    if items is None
                    else [asked.where(one_of(v.item_id, part)) for part in parts(list(items))]
                )
                rows = [row for each in some for row in connection.execute(each)]
                ids = np.array([item for item, _ in rows], np.str_)
                whole = b"".join(vector for _, vector in rows)
                numbers = np.frombuffer(whole, "<f4").astype(np.float32)
                found[look] = ItemVectors(ids, numbers.reshape(len(rows), width), version)
        return found

    def mark(self) -> str | None:
        """Return another word each time that a vector came or went."""
        m = t.meta.c
        with asking(self.engine) as connection:
            told: str | None = connection.execute(
                select(m.value).where(m.name == _MARK)
            ).scalar_one_or_none()
        return told


def tell_of_vectors(connection: Connection) -> None:
    """Say that vectors of items came or went, within a transaction."""
    tell(connection, _MARK, secrets.token_hex(8))
