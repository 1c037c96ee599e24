"""Take one customer out of the tables, and leave no byte of them in the file."""

import json
import secrets
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, or_, select, update

from limner.errors import BadStore
from limner.events.evidence import of_id, value_of
from limner.events.suppression import names_in
from limner.profiles.database import tables as t
from limner.profiles.database.connections import asking
from limner.profiles.database.consents import forget_consents
from limner.profiles.database.item_book import tell_of_vectors
from limner.profiles.database.jobs import forget_in_jobs
from limner.profiles.database.linking import all_links, names_of, renew_persons
from limner.profiles.database.persons import ids_of, persons_of
from limner.profiles.database.segments import hush_segments, segments_naming
from limner.profiles.database.writing import insert_many, newest_of, one_of, parts, tell
from limner.profiles.identity import IdentityConfig, key_of
from limner.profiles.live import ERASURES

__all__ = [
    "count_erasure",
    "erase_rows",
    "forget_alone",
    "forget_links",
    "ids_held",
    "named_rejects",
    "named_segments",
    "scrub",
]

_PATIENCE_S = 60.0
_TOLD = "attributes."
"""Below it rules name what customers told."""
_PASSING_KIB = 1024
"""So much of a file is kept at a time while it is vacuumed."""
_AT_ONCE_MS = 500
"""So long one try waits for readers, in milliseconds."""
_TOUCHED = (
    *(t.profiles, t.customers, t.journal, t.seen, t.rejects, t.attributes, t.consents),
    *(t.arrivals, t.jobs, t.pseudonyms, t.segments, t.items, t.item_vectors),
    *(t.links, t.members, t.people),
)


def erase_rows(
    connection: Connection,
    customer_id: str,
    *,
    marks: Collection[bytes],
    config: IdentityConfig | None = None,
) -> dict[str, int]:
    """Take a customer out of all tables; return how many rows went, by table.

    Parameters
    ----------
    connection
        Within a transaction.
    customer_id
        Whom.
    marks
        Hashes of the customer's events and orders, which go too.
    config
        Who counts as one person.
    """
    c = t.customers.c
    no = connection.execute(select(c.no).where(c.customer_id == customer_id)).scalar_one_or_none()
    done: dict[str, int] = {}
    if no is not None:
        done["journal"] = _delete(connection, t.journal, t.journal.c.customer_no == no)
        named = t.pseudonyms.c.customer_no == no
        done["pseudonyms"] = _delete(connection, t.pseudonyms, named)
    done["customers"] = _delete(connection, t.customers, c.customer_id == customer_id)
    done["profiles"] = _delete(connection, t.profiles, t.profiles.c.customer_id == customer_id)
    told = t.attributes.c.customer_id == customer_id
    own = _own_words(connection, customer_id)
    done["segments"] = hush_segments(connection, own, field=_TOLD)
    done["attributes"] = _delete(connection, t.attributes, told)
    came = t.arrivals.c.customer_id == customer_id
    done["arrivals"] = _delete(connection, t.arrivals, came)
    done["consents"] = forget_consents(connection, customer_id)
    done |= forget_links(connection, customer_id, config)
    gone = 0
    for part in parts(sorted(marks)):
        gone += _delete(connection, t.seen, one_of(t.seen.c.key, part))
    done["seen"] = gone
    found = [row.no for row in named_rejects(connection, customer_id)]
    for part in parts(found):
        hush = update(t.rejects).where(one_of(t.rejects.c.no, part)).values(detail="", row="")
        connection.execute(hush)
    done["rejects"] = len(found)
    done["jobs"] = forget_in_jobs(connection, customer_id)
    return {name: count for name, count in done.items() if count}


def forget_links(
    connection: Connection, customer_id: str, config: IdentityConfig | None = None
) -> dict[str, int]:
    """Take away what links an id with others, and who that made of it; return how many rows went.

    A name that several known users share stays shared once one of them is gone: a mark without any
    name stands in their place, so that nothing of theirs is told of the others.
    """
    names, key = names_of(f"id:{customer_id}"), f"id:{customer_id}"
    links = all_links(connection, names)
    near = {name for link in links for name in (link.a, link.b) if key_of(name) != key}
    known = any(f"user_id:{customer_id}" in (link.a, link.b) for link in links)
    shared = {
        key_of(name) for name in near if known and len(_users_beside(connection, name) | {key}) > 1
    }
    gone = 0
    for link in links:
        c = t.links.c
        one = delete(t.links).where(c.a == link.a, c.b == link.b, c.rule == link.rule)
        gone += connection.execute(one).rowcount
    marks = []
    for name in sorted(near):
        if key_of(name) in shared:
            a, b = sorted((f"erased:{secrets.token_hex(8)}", name))
            marks.append((a, b, "erased", 0, ""))
    if marks:
        insert_many(connection, t.links, marks)
    person = persons_of(connection, [customer_id]).get(customer_id, customer_id)
    others = [each for each in ids_of(connection, [person])[person] if each != customer_id]
    member = t.members.c
    lost = _delete(connection, t.members, member.name == key)
    lost += _delete(connection, t.people, t.people.c.person == customer_id)
    now = time.time_ns() // 1000
    renew_persons(connection, near, config or IdentityConfig(), received_us=now)
    _tell_anew(connection, others, now)
    return {"links": gone, "members": lost}


def _tell_anew(connection: Connection, ids: Sequence[str], now_us: int) -> None:
    """Forget what was told of those who were one with somebody: it was told of both."""
    if not ids:
        return
    number, c = newest_of(connection) + 1, t.customers.c
    for part in parts(list(ids)):
        changed = update(t.customers).where(one_of(c.customer_id, part))
        connection.execute(changed.values(seq=number, changed_us=now_us))
        connection.execute(delete(t.profiles).where(one_of(t.profiles.c.customer_id, part)))
        connection.execute(delete(t.people).where(one_of(t.people.c.person, part)))
    tell(connection, "token", str(number))


def _users_beside(connection: Connection, name: str) -> set[str]:
    """Return the known users whom evidence links with a name that is no known user itself."""
    links = all_links(connection, names_of(key_of(name)))
    own = {key_of(name)}
    users = {
        key_of(each)
        for link in links
        for each in (link.a, link.b)
        if each.startswith(("user_id:", "erased:"))
    }
    return set() if own & users else users


def named_rejects(connection: Connection, customer_id: str) -> list[Any]:
    """Return the refused rows that name a customer."""
    r = t.rejects.c
    spelt = {customer_id, json.dumps(customer_id, ensure_ascii=False)[1:-1]}
    # A backslash may hide any letter, so rows with one are read too.
    likely = or_(*(r.row.contains(each, autoescape=True) for each in spelt), r.row.contains("\\"))
    rows = connection.execute(select(t.rejects).where(likely).order_by(r.no))
    return [row for row in rows if customer_id in names_in(row.row)]


def forget_alone(
    connection: Connection, items: Collection[str], currencies: Collection[str]
) -> dict[str, int]:
    """Forget items and currencies that the erased alone had, as far as no event names them still.

    Of the items go what came of them over HTTP, and their places among what is popular. Portraits
    that count in such a currency are drawn anew.
    """
    items = set(items) - _left(connection, "item_id", items)
    currencies = set(currencies) - _left(connection, "currency", currencies)
    done = {"items": 0, "popular": 0}
    done["segments/items"] = hush_segments(connection, items, field="items")
    for part in parts(sorted(items)):
        done["items"] += _delete(connection, t.items, one_of(t.items.c.item_id, part))
        _delete(connection, t.item_vectors, one_of(t.item_vectors.c.item_id, part))
    if done["items"]:
        tell_of_vectors(connection)
    m = t.meta.c
    told = dict(
        connection.execute(select(m.name, m.value).where(m.name.in_(["popular", "currency"]))).all()
    )
    known = json.loads(told.get("popular") or "[]")
    kept = [each for each in known if each["item_id"] not in items]
    if len(kept) < len(known):
        done["popular"] = len(known) - len(kept)
        tell(connection, "popular", json.dumps(kept))
    if told.get("currency") in currencies:
        tell(connection, "currency", None)
    for each in sorted(currencies):
        _draw_anew(connection, each)
    return {name: count for name, count in done.items() if count}


def named_segments(connection: Connection, customer_id: str) -> list[Any]:
    """Return the segments that name a customer, or what they alone told."""
    return segments_naming(connection, _own_words(connection, customer_id), field=_TOLD)


def _own_words(connection: Connection, customer_id: str) -> set[str]:
    """Return a customer's id and what nobody else told: an e-mail, but not a town of many."""
    a = t.attributes.c
    own = connection.execute(select(a.value).where(a.customer_id == customer_id))
    values = {row[0] for row in own}
    shared: set[str] = set()
    for part in parts(sorted(values)):
        others = select(a.value).where(one_of(a.value, part), a.customer_id != customer_id)
        shared.update(row[0] for row in connection.execute(others.distinct()))
    return {customer_id, *(values - shared)}


def _draw_anew(connection: Connection, currency: str) -> None:
    """Let portraits of others be drawn anew that count in a currency which nobody has any more."""
    p, c = t.profiles.c, t.customers.c
    spelt = json.dumps(currency, ensure_ascii=False)
    named = p.profile.contains(f'"currency":{spelt}', autoescape=True)
    people = [row[0] for row in connection.execute(select(p.customer_id).where(named))]
    for part in parts(people):
        connection.execute(delete(t.profiles).where(one_of(p.customer_id, part)))
        stale = update(t.customers).where(one_of(c.customer_id, part))
        connection.execute(stale.values(drawn=-1, drawings=c.drawings + 1))


def _left(connection: Connection, column: str, values: Collection[str]) -> set[str]:
    """Return which of some values the events of the store still name."""
    found: set[str] = set()
    held = t.journal.c[column]
    for part in parts(sorted(values)):
        found.update(row[0] for row in connection.execute(select(held).where(one_of(held, part))))
    return found


def count_erasure(connection: Connection) -> None:
    """Say that somebody was erased, to whoever compares with the shop as a whole."""
    tell(connection, ERASURES, str(time.time_ns()))


def scrub(engine: Engine) -> None:
    """Write the tables anew, so that nothing of deleted rows is left in their files.

    SQLite's file is vacuumed, and its write-ahead log emptied. On PostgreSQL the tables are
    rewritten; the server's own log is not ours.

    Raises
    ------
    BadStore
        If another process reads for so long that the write-ahead log cannot be emptied.
    """
    with asking(engine) as connection:
        if engine.dialect.name == "postgresql":
            names: Iterable[str] = [table.name for table in (*_TOUCHED, t.requests, t.meta)]
            connection.exec_driver_sql(f"VACUUM (FULL) {', '.join(names)}")
            return
        cached = connection.exec_driver_sql("PRAGMA cache_size").scalar_one()
        try:  # all of the file goes through it once, and nothing is asked for twice
            connection.exec_driver_sql(f"PRAGMA cache_size = -{_PASSING_KIB}")
            connection.exec_driver_sql("VACUUM")
        finally:
            connection.exec_driver_sql(f"PRAGMA cache_size = {cached}")
        waits = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_AT_ONCE_MS}")
        begun = time.monotonic()
        try:
            while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]:
                if time.monotonic() - begun > _PATIENCE_S:
                    raise BadStore(
                        "the write-ahead log could not be emptied: another process is reading",
                        hint="let it end, then finish: limner privacy erase",
                    )
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {waits}")


def _delete(connection: Connection, table: Any, wanted: Any) -> int:  # noqa: ANN401 - SQLAlchemy's
    return int(connection.execute(delete(table).where(wanted)).rowcount)


def ids_held(connection: Connection) -> set[str]:
    """Return the ids of everybody whom some table names."""
    found: set[str] = set()
    for column in (
        t.customers.c.customer_id,
        t.profiles.c.customer_id,
        t.attributes.c.customer_id,
        t.consents.c.customer_id,
        t.arrivals.c.customer_id,
        t.requests.c.customer_id,
    ):
        found.update(row[0] for row in connection.execute(select(func.distinct(column))) if row[0])
    for a, b in connection.execute(select(t.links.c.a, t.links.c.b)):
        found.update(value_of(name) for name in (a, b) if of_id(name))
    for (row,) in connection.execute(select(t.rejects.c.row)):
        found |= names_in(row)
    return found
