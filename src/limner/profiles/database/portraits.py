"""Portraits written: none over a newer one, none fresh that was begun before all were asked for."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, bindparam, delete, select, update

from limner.profiles.database import tables as t
from limner.profiles.database.persons import customers_of, ids_of, persons_of
from limner.profiles.database.writing import (
    brought,
    insert_many,
    insert_of,
    one_of,
    parts,
    tell_about,
)
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
    """Write portraits that are not older than what is there; return how many.

    Whoever is another person by now than when they were drawn is left out, and stays stale.
    """
    drawn = _as_they_are(connection, drawn)
    c = t.customers.c
    known: dict[str, int] = {}
    for part in parts([each.customer_id for each in drawn.profiles]):
        asked = select(c.customer_id, c.drawn).where(one_of(c.customer_id, part))
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
            index_elements=["customer_id"], set_={name: brought(name) for name in names}
        )
        connection.execute(renew, rows)
        mark = update(t.customers).where(c.customer_id == bindparam("who"))
        connection.execute(
            mark.values(drawn=bindparam("upto"), drawings=c.drawings + 1),
            [
                {"who": who, "upto": drawn.seen[row["customer_id"]] if holds else _STALE}
                for row in rows
                for who in drawn.persons.get(row["customer_id"], [row["customer_id"]])
            ],
        )
        _keep_together(connection, [row["customer_id"] for row in rows], drawn)
    # whom nothing can be told of as of now is not asked for again before something happens
    silent = drawn.seen.keys() - {each.customer_id for each in drawn.profiles}
    if silent:
        mark = update(t.customers).where(
            c.customer_id == bindparam("who"), c.drawn < bindparam("upto")
        )
        told = [
            {"who": each, "upto": drawn.seen[who]}
            for who in sorted(silent)
            for each in drawn.persons.get(who, [who])
        ]
        connection.execute(mark.values(drawn=bindparam("upto")), told)
        _keep_together(connection, sorted(silent), drawn)
    if drawn.about is not None:
        tell_about(connection, drawn.about)
    return len(rows)


def _as_they_are(connection: Connection, drawn: Drawn) -> Drawn:
    """Return what was drawn of those who are the same persons still."""
    asked = {each for who in drawn.seen for each in drawn.persons.get(who, [who])}
    known = persons_of(connection, sorted(asked))
    if not known and not drawn.persons:
        return drawn
    now = ids_of(connection, {*known.values(), *drawn.seen})
    # an id of which nothing came but that it is somebody's is not drawn, and asks for nothing
    several = [each for ids in now.values() if len(ids) > 1 for each in ids]
    there = customers_of(connection, several).keys()
    same = {
        who
        for who in drawn.seen
        if known.get(who, who) == who
        and {who, *(there & set(now[who]))} == {who, *drawn.persons.get(who, ())}
    }
    return replace(
        drawn,
        profiles=[each for each in drawn.profiles if each.customer_id in same],
        seen={who: seq for who, seq in drawn.seen.items() if who in same},
    )


def _keep_together(connection: Connection, people: Sequence[str], drawn: Drawn) -> None:
    """Keep what was counted of all ids of persons together."""
    rows = [
        (who, whole.to_json(), twice.to_json())
        for who in people
        if (told := drawn.together.get(who)) is not None
        for whole, twice in [told]
    ]
    for part in parts([row[0] for row in rows]):
        connection.execute(delete(t.people).where(one_of(t.people.c.person, part)))
    if rows:
        insert_many(connection, t.people, rows)
