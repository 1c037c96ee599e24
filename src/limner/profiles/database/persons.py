"""Persons as they are read: whichever of a person's ids is asked for, all of them are told of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from limner.events.evidence import KINDS, name_of
from limner.profiles.counters import Counters
from limner.profiles.database import tables as t
from limner.profiles.database.reading import unknown
from limner.profiles.database.writing import one_of, parts
from limner.profiles.identity import key_of
from limner.profiles.live import Page, Stale, State

__all__ = [
    "customers_of",
    "everybody_moved",
    "find_person",
    "ids_of",
    "page_of",
    "pages_after",
    "pages_of",
    "persons_of",
    "stale_of",
    "state_of_person",
]

_M, _C, _P = t.members.c, t.customers.c, t.profiles.c


def persons_of(connection: Connection, customers: Iterable[str]) -> dict[str, str]:
    """Return by which id the person of each is known, of those who have several ids or had."""
    found: dict[str, str] = {}
    for part in parts([f"id:{who}" for who in dict.fromkeys(customers)]):
        asked = select(_M.name, _M.person).where(one_of(_M.name, part))
        found |= {row[0][3:]: row[1] for row in connection.execute(asked)}
    return found


def ids_of(connection: Connection, persons: Iterable[str]) -> dict[str, list[str]]:
    """Return all ids of persons, in the order of texts; who has one alone has that."""
    found: dict[str, list[str]] = defaultdict(list)
    wanted = list(dict.fromkeys(persons))
    for part in parts(wanted):
        asked = select(_M.person, _M.name).where(one_of(_M.person, part), _M.name.like("id:%"))
        for person, name in connection.execute(asked):
            found[person].append(name[3:])
    return {person: sorted(found.get(person, [person])) for person in wanted}


def everybody_moved(connection: Connection) -> dict[str, str]:
    """Return the ids that are told of under another, and under which."""
    asked = select(_M.name, _M.person).where(_M.name.like("id:%"), _M.name != "id:" + _M.person)
    return {row[0][3:]: row[1] for row in connection.execute(asked)}


def find_person(connection: Connection, asked: str) -> str:
    """Return by which id somebody is known who is asked for by an id, or by ``type:value``.

    What is no such name, or one that nobody has, is taken for an id as it stands.
    """
    kind, colon, value = asked.partition(":")
    keys = [f"id:{asked}"]
    if colon and kind in KINDS:
        keys.insert(0, key_of(name_of(kind, value)))
    rows = connection.execute(select(_M.name, _M.person).where(_M.name.in_(keys)))
    found: dict[str, str] = {row[0]: row[1] for row in rows}
    for key in keys:
        if key in found:
            return found[key]
    if keys[0].startswith("id:") and colon and kind in KINDS:
        known = connection.execute(select(_C.no).where(_C.customer_id == asked)).first()
        return asked if known is not None else keys[0][3:]
    return asked


def state_of_person(
    connection: Connection, asked: str, purpose: str, *, person: str | None = None
) -> State:
    """Return in which state a person is, and what they said.

    A refusal under any of the ids holds for all. ``person`` is by which id the person is known,
    where that is known already. Raises UnknownCustomer.
    """
    person = person or find_person(connection, asked)
    told = {"person": person, "purpose": purpose}
    row = connection.execute(_STATE, told).first()
    if row is None or row[0] is None:  # somebody with one id, who was asked for by another name
        row = connection.execute(_STATE_OF_ONE, told).first()
    if row is None:
        raise unknown(asked)
    granted = None if row[3] is None else bool(row[3])
    return State(row[0], row[1], int(row[2]), granted)  # PostgreSQL sums whole numbers as decimals


def page_of(connection: Connection, asked: str) -> Page:
    """Return what is held of a person, by any name. Raises UnknownCustomer."""
    pages = _pages(connection, [find_person(connection, asked)])
    if not pages:
        raise unknown(asked)
    return pages[0]


def pages_of(connection: Connection, customers: Sequence[str]) -> list[Page]:
    """Return what is held of some people, each person once; who is not known is left out."""
    person = persons_of(connection, customers)
    return _pages(connection, sorted({person.get(who, who) for who in customers}))


def pages_after(connection: Connection, after: str, limit: int) -> list[Page]:
    """Return what is held of people in the order of the ids by which they are known."""
    return _pages(connection, [row[0] for row in connection.execute(_NEXT, _told(after, limit))])


def customers_of(connection: Connection, ids: Sequence[str]) -> Mapping[str, Any]:
    """Return number, id, newest event and when it changed, of those ids of which something came."""
    found: dict[str, Any] = {}
    for part in parts(list(ids)):
        asked = select(_C.no, _C.customer_id, _C.seq, _C.changed_us)
        found |= {
            row[1]: row for row in connection.execute(asked.where(one_of(_C.customer_id, part)))
        }
    return found


def stale_of(connection: Connection, limit: int) -> list[Stale]:
    """Return people whose portraits are stale, each person once, those that wait longest first."""
    rows = connection.execute(_STALE, {"n": limit}).all()
    person = persons_of(connection, [row[1] for row in rows])
    if not person:
        return [Stale(*row) for row in rows]
    whole = ids_of(connection, set(person.values()))
    everyone = customers_of(connection, [each for ids in whole.values() for each in ids])
    found: dict[str, Stale] = {}
    for row in rows:
        name = person.get(row[1], row[1])
        if name in found:
            continue
        if name not in whole:
            found[name] = Stale(*row)
            continue
        ids = {each: everyone[each] for each in whole[name] if each in everyone}
        own = ids.get(name) or row
        found[name] = Stale(
            own[0],
            name,
            max(each[2] for each in ids.values()),
            row[3],
            tuple((each[0], each[1]) for who, each in ids.items() if who != name),
        )
    return list(found.values())


def _pages(connection: Connection, people: Sequence[str]) -> list[Page]:
    """Return a page a person that is known, in the order in which they are asked for."""
    whole = {name: ids for name, ids in _several(connection, people).items() if len(ids) > 1}
    rows: dict[str, Any] = {}
    wanted = [each for name in people for each in whole.get(name, [name])]
    for part in parts(wanted):
        for row in connection.execute(_WHOLE.where(one_of(_C.customer_id, part))):
            rows[row[0]] = row
    exact: dict[str, tuple[str, str]] = {}
    for part in parts(list(whole)):
        asked = select(t.people).where(one_of(t.people.c.person, part))
        exact |= {row[0]: (row[1], row[2]) for row in connection.execute(asked)}
    found = []
    for name in people:
        own = [rows[each] for each in whole.get(name, [name]) if each in rows]
        if name not in whole:
            for _, portrait, counters, seq, drawn, changed, drawings in own:
                one = Page(name, portrait, counters, seq, drawn, changed, drawings, (name,))
                found.append(one)
        elif own:
            found.append(_together(name, whole[name], own, exact.get(name)))
    return found


def _together(
    name: str, ids: Sequence[str], rows: Sequence[Any], exact: tuple[str, str] | None
) -> Page:
    """Return the page of a person with several ids.

    What was counted of all ids together when the portrait was drawn holds as long as that is
    fresh; until then the ids' counters are added up, less what was told under several of them.
    """
    seq, drawn = max(row[3] for row in rows), min(row[4] for row in rows)
    if exact is not None and drawn >= seq:
        counters = exact[0]
    else:
        total = Counters()
        for row in rows:
            total = total.add(Counters.from_json(row[2]))
        if exact is not None:
            total = total.less(Counters.from_json(exact[1]))
        counters = total.to_json()
    portrait = next((row[1] for row in rows if row[0] == name), None)
    changed = max(row[5] for row in rows)
    drawings = sum(row[6] for row in rows)
    return Page(name, portrait, counters, seq, drawn, changed, drawings, tuple(ids))


def _several(connection: Connection, people: Sequence[str]) -> dict[str, list[str]]:
    known = persons_of(connection, people)
    return ids_of(connection, known.values()) if known else {}


def _told(after: str, limit: int) -> dict[str, Any]:
    return {"after": after, "n": limit}


_STATE = text(
    """SELECT max(c.seq), min(c.drawn), sum(c.drawings), min(s.granted) FROM members m
    JOIN customers c ON c.customer_id = substr(m.name, 4)
    LEFT JOIN consents s ON s.customer_id = c.customer_id AND s.purpose = :purpose
    WHERE m.person = :person AND m.name LIKE 'id:%'"""
)
_STATE_OF_ONE = text(
    """SELECT c.seq, c.drawn, c.drawings, s.granted FROM customers c LEFT JOIN consents s
    ON s.customer_id = c.customer_id AND s.purpose = :purpose WHERE c.customer_id = :person"""
)
_WHOLE = select(
    *(_C.customer_id, _P.profile, _C.counters, _C.seq, _C.drawn, _C.changed_us, _C.drawings)
).outerjoin_from(t.customers, t.profiles, _C.customer_id == _P.customer_id)
_MOVED = t.members.alias("moved")
_NEXT = (
    select(_C.customer_id)
    .where(
        _C.customer_id > bindparam("after"),
        ~select(_MOVED.c.name)
        .where(
            _MOVED.c.name == "id:" + _C.customer_id,
            _MOVED.c.person != _C.customer_id,
        )
        .exists(),
    )
    .order_by(_C.customer_id)
    .limit(bindparam("n"))
)
_STALE = (
    select(_C.no, _C.customer_id, _C.seq, _C.changed_us)
    .where(_C.drawn < _C.seq)
    .order_by(_C.changed_us, _C.no)
    .limit(bindparam("n"))
)
