"""Portraits written: none over a newer one, none fresh that was begun before all were asked for."""

from sqlalchemy import Connection, bindparam, select, update

from limner.profiles.database import tables as t
from limner.profiles.database.writing import insert_of, parts, tell_about
from limner.profiles.live import Drawn
from limner.profiles.store import About

__all__ = ["EDITION", "about_of", "edition_of", "put_portraits"]

EDITION = "edition"
"""Under this name the store counts how often every portrait was asked for anew."""
_STALE = -1


def edition_of(connection: Connection) -> int:
    """Return how often every portrait was asked for anew."""
    asked = select(t.meta.c.value).where(t.meta.c.name == EDITION)
    return int(connection.execute(asked).scalar_one_or_none() or 0)


def about_of(connection: Connection) -> About | None:
    """Return what holds for all portraits, or None before one was drawn."""
    rows = {row[0]: row[1] for row in connection.execute(select(t.meta.c.name, t.meta.c.value))}
    return About.from_words(rows)


def put_portraits(connection: Connection, drawn: Drawn) -> int:
    """Write portraits that are not older than what is there; return how many."""
    c = t.customers.c
    known: dict[str, int] = {}
    for part in parts([each.customer_id for each in drawn.profiles]):
        asked = select(c.customer_id, c.drawn).where(c.customer_id.in_(part))
        known |= {row[0]: row[1] for row in connection.execute(asked)}
    rows = [
        {
            "customer_id": each.customer_id,
            "rfm_group": each.lifecycle.rfm_group,
            "stage": each.lifecycle.stage,
            "as_of": each.as_of.isoformat(),
            "profile": each.to_json().decode(),
        }
        for each in drawn.profiles
        if known.get(each.customer_id, drawn.seen[each.customer_id] + 1)
        <= drawn.seen[each.customer_id]
    ]
    if rows:
        holds = drawn.edition is None or drawn.edition == edition_of(connection)
        add = insert_of(connection)(t.profiles)
        names = [column.name for column in t.profiles.c if column.name != "customer_id"]
        renew = add.on_conflict_do_update(
            index_elements=["customer_id"], set_={name: add.excluded[name] for name in names}
        )
        connection.execute(renew, rows)
        mark = update(t.customers).where(c.customer_id == bindparam("who"))
        connection.execute(
            mark.values(drawn=bindparam("upto")),
            [
                {
                    "who": row["customer_id"],
                    "upto": drawn.seen[row["customer_id"]] if holds else _STALE,
                }
                for row in rows
            ],
        )
    # whom nothing can be told of as of now is not asked for again before something happens
    silent = drawn.seen.keys() - {each.customer_id for each in drawn.profiles}
    if silent:
        mark = update(t.customers).where(
            c.customer_id == bindparam("who"), c.drawn < bindparam("upto")
        )
        told = [{"who": who, "upto": drawn.seen[who]} for who in sorted(silent)]
        connection.execute(mark.values(drawn=bindparam("upto")), told)
    if drawn.about is not None:
        tell_about(connection, drawn.about)
    return len(rows)
