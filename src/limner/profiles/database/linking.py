"""Evidence taken in: who is who is worked out anew for whom it touches, within one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import polars as pl
from sqlalchemy import Connection, delete, or_, select, tuple_, update

from limner.events.evidence import (
    DECISIONS,
    EVIDENCE_SCHEMA,
    ID_KINDS,
    means_nobody,
    once,
    value_of,
)
from limner.profiles.database import tables as t
from limner.profiles.database.persons import ids_of
from limner.profiles.database.writing import (
    brought,
    customers_of,
    insert_many,
    insert_of,
    moment_of,
    newest_of,
    one_of,
    parts,
    tell,
    us_of,
)
from limner.profiles.identity import IdentityConfig, Link, Persons, key_of, resolve

__all__ = [
    "all_links",
    "around",
    "framed",
    "heed_limits",
    "heeded",
    "names_of",
    "renew_persons",
    "take_evidence",
]

_RULES = 10
"""At most so many rules may link two names."""
_AT_ONCE = 50_000
"""So many links are read at once before each name is asked for alone."""
_LIMITS = "identity"
"""Under this name the store says by which settings it was worked out who is who."""
_L = t.links.c


def take_evidence(
    connection: Connection,
    evidence: pl.DataFrame,
    config: IdentityConfig,
    *,
    received_us: int,
) -> int | None:
    """Keep what is new of some evidence; return the number of the change if persons changed.

    Parameters
    ----------
    connection
        Within a transaction that writes.
    evidence
        Columns of :data:`~limner.events.evidence.EVIDENCE_SCHEMA`.
    config
        The limits.
    received_us
        When it came, in microseconds since 1970.
    """
    rows = [
        Link(a, b, rule, us_of(at), call or "")
        for a, b, rule, at, call in once(evidence).iter_rows()
    ]
    known = _known(connection, rows)
    fresh = [each for each in rows if _is_news(each, known)]
    if not fresh:
        return None
    keep = insert_of(connection)(t.links)
    renew = keep.on_conflict_do_update(
        index_elements=["a", "b", "rule"],
        set_={"at_us": brought("at_us"), "call": brought("call")},
    )
    connection.execute(renew, [each._asdict() for each in fresh])
    # what only moved in time may still move limits and names
    touched = {name for each in fresh for name in (each.a, each.b)}
    return renew_persons(connection, touched, config, received_us=received_us)


def _known(connection: Connection, rows: Sequence[Link]) -> Mapping[tuple[str, str, str], Link]:
    found: dict[tuple[str, str, str], Link] = {}
    for part in parts([(each.a, each.b, each.rule) for each in rows]):
        asked = select(t.links).where(one_of(tuple_(_L.a, _L.b, _L.rule), part))
        found |= {(row[0], row[1], row[2]): Link(*row) for row in connection.execute(asked)}
    return found


def _is_news(link: Link, known: Mapping[tuple[str, str, str], Link]) -> bool:
    before = known.get((link.a, link.b, link.rule))
    if before is None:
        return True
    now, then = (link.at_us, link.call), (before.at_us, before.call)
    return now > then if link.rule in DECISIONS else now < then


def renew_persons(
    connection: Connection,
    touched: Iterable[str],
    config: IdentityConfig,
    *,
    received_us: int,
) -> int | None:
    """Work out anew who is who around some names; return the number of the change, if any.

    Whoever is another person than before counts as changed: their portrait is stale.
    """
    touched = set(touched)
    keys = {key_of(name) for name in touched}
    before = _members(connection, keys)
    known = set(before.values())
    keys |= _of_persons(connection, known)
    persons, complete = around(connection, keys, config, changed={key_of(each) for each in touched})
    ids = {key for key in complete if key.startswith("id:")}
    whole: dict[str, set[str]] = {}
    for key in sorted(complete):
        # what is nobody's may still be one with what was told to be the same
        if (person := persons.person.get(key)) is not None:
            whole.setdefault(person, set()).add(key)
    held = _members(connection, complete)
    rows: dict[str, str] = {}
    for key in complete:
        person = persons.person.get(key, value_of(key))
        several = sum(each.startswith("id:") for each in whole.get(person, ())) > 1
        if key in ids:
            if several or key in held:
                rows[key] = person
        elif key in persons.person:
            rows[key] = person
    changed = _changed(held, rows, ids)
    _write_members(connection, held, rows)
    if not changed:
        return None
    return _mark(connection, changed, rows, received_us)


def heed_limits(connection: Connection, config: IdentityConfig, *, received_us: int) -> None:
    """Work out anew who is who, since other settings hold than when that was last done."""
    names = {name for link in all_links(connection) for name in (link.a, link.b)}
    if names:
        renew_persons(connection, names, config, received_us=received_us)
    tell(connection, _LIMITS, config.model_dump_json())


def heeded(connection: Connection, config: IdentityConfig) -> bool:
    """Whether it was last worked out with these settings who is who."""
    asked = select(t.meta.c.value).where(t.meta.c.name == _LIMITS)
    return connection.execute(asked).scalar_one_or_none() == config.model_dump_json()


def _changed(held: Mapping[str, str], rows: Mapping[str, str], ids: Collection[str]) -> set[str]:
    """Return the ids whose person has other ids than before."""

    def sets(of: Mapping[str, str]) -> dict[str, frozenset[str]]:
        people: dict[str, set[str]] = {}
        for key in ids:
            people.setdefault(of.get(key, value_of(key)), set()).add(value_of(key))
        return {person: frozenset(names) for person, names in people.items()}

    before, after = sets(held), sets(rows)
    changed: set[str] = set()
    for person in {*before, *after}:
        if before.get(person) != after.get(person):
            changed |= before.get(person, frozenset()) | after.get(person, frozenset())
    return changed


def _write_members(
    connection: Connection, held: Mapping[str, str], rows: Mapping[str, str]
) -> None:
    gone = sorted(set(held) - set(rows))
    for part in parts(gone):
        connection.execute(delete(t.members).where(one_of(t.members.c.name, part)))
    fresh = [(name, person) for name, person in sorted(rows.items()) if held.get(name) != person]
    for part in parts([name for name, _ in fresh]):
        connection.execute(delete(t.members).where(one_of(t.members.c.name, part)))
    if fresh:
        insert_many(connection, t.members, fresh)


def _mark(
    connection: Connection, changed: set[str], rows: Mapping[str, str], received_us: int
) -> int:
    """Say that persons changed, under a number of its own as if they had done something."""
    number = newest_of(connection) + 1
    people = {rows.get(f"id:{who}", who) for who in changed}
    several = [who for who, ids in ids_of(connection, people).items() if len(ids) > 1]
    customers_of(connection, several)
    c = t.customers.c
    everyone = sorted(changed)
    for part in parts(everyone):
        stale = update(t.customers).where(one_of(c.customer_id, part))
        connection.execute(stale.values(seq=number, changed_us=received_us))
    others = [who for who in everyone if who not in people]
    for part in parts(others):
        connection.execute(delete(t.profiles).where(one_of(t.profiles.c.customer_id, part)))
    for part in parts(everyone):
        connection.execute(delete(t.people).where(one_of(t.people.c.person, part)))
    tell(connection, "token", str(number))
    return number


def _members(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    m = t.members.c
    for part in parts(sorted(keys)):
        asked = select(m.name, m.person).where(one_of(m.name, part))
        found |= {row[0]: row[1] for row in connection.execute(asked)}
    return found


def _of_persons(connection: Connection, persons: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for part in parts(sorted(persons)):
        asked = select(t.members.c.name).where(one_of(t.members.c.person, part))
        found.update(row[0] for row in connection.execute(asked))
    return found


def around(
    connection: Connection,
    keys: Iterable[str],
    config: IdentityConfig,
    *,
    changed: Collection[str] = (),
) -> tuple[Persons, set[str]]:
    """Return who is who around some names, and of which names that is the whole truth.

    All that hangs together is read; what joins nobody, since it means nobody or too many, is
    where it ends.

    Parameters
    ----------
    connection
        To the store.
    keys
        The names.
    config
        The limits.
    changed
        Names that have new links. One that joins too many only since then was a way to others
        before, so those beside it are looked at, too.
    """
    links: dict[tuple[str, str, str], Link] = {}
    waiting, done = set(keys), set[str]()
    blocked: dict[str, str] = {}
    more = {each.strip().casefold() for each in config.blocked}
    while waiting:
        open_ones = []
        for key in sorted(waiting):
            done.add(key)
            if means_nobody(value_of(key), more):
                blocked[key] = "blocked_value"
            else:
                open_ones.append(key)
        near: set[str] = set()
        for part in parts(open_ones):
            found = _links_of(connection, part, _AT_ONCE)
            if len(found) >= _AT_ONCE:
                found = []
                for key in part:
                    own = _links_of(connection, [key], _RULES * (_most(config) + 1))
                    if len(own) >= _RULES * (_most(config) + 1):
                        blocked[key] = "joins_too_many"
                    found += own
            links |= {(each.a, each.b, each.rule): each for each in found}
            near |= _next(part, found, blocked, config, changed)
        waiting = near - done
    return resolve(links.values(), config, blocked=blocked), done


def _most(config: IdentityConfig) -> int:
    return max(config.links, config.shared)


def _next(
    keys: Sequence[str],
    found: Sequence[Link],
    blocked: dict[str, str],
    config: IdentityConfig,
    changed: Collection[str],
) -> set[str]:
    """Return the names beside some, but for those beside what joins too many."""
    beside: dict[str, dict[str, list[int]]] = {key: {} for key in keys}
    users: set[str] = set()
    for link in found:
        one, other = key_of(link.a), key_of(link.b)
        users |= {key_of(name) for name in (link.a, link.b) if name.startswith("user_id:")}
        for key, near in ((one, other), (other, one)):
            if key in beside and key != near:
                decided = beside[key].setdefault(near, [-1, -1])
                if link.rule in DECISIONS:
                    place = DECISIONS.index(link.rule)
                    decided[place] = max(decided[place], link.at_us)
    wanted: set[str] = set()
    for key, near_ones in beside.items():
        most = config.links if key in users else config.shared
        held = sum(undone < 0 or merged > undone for merged, undone in near_ones.values())
        since_now = False
        if key in blocked or held > most:
            blocked.setdefault(key, "joins_too_many")
            since_now = key in changed and len(near_ones) <= most + len(changed)
        if key not in blocked or since_now:
            wanted |= near_ones.keys()
    return wanted


def _links_of(connection: Connection, keys: Sequence[str], most: int) -> list[Link]:
    names = [name for key in keys for name in names_of(key)]
    found: dict[tuple[str, str, str], Link] = {}
    for column in (_L.a, _L.b):
        for part in parts(names):
            rows = connection.execute(select(t.links).where(one_of(column, part)).limit(most))
            found |= {(row[0], row[1], row[2]): Link(*row) for row in rows}
    return list(found.values())


def names_of(key: str) -> list[str]:
    """Return all names that are told from others by one key."""
    if not key.startswith("id:"):
        return [key]
    return [f"{kind}:{value_of(key)}" for kind in ID_KINDS]


def framed(links: Iterable[Link]) -> pl.DataFrame:
    """Return links as a table with the columns of evidence."""
    rows = [(each.a, each.b, each.rule, moment_of(each.at_us), each.call) for each in links]
    return pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")


def all_links(connection: Connection, names: Collection[str] | None = None) -> list[Link]:
    """Return all evidence, or that of some names, in the order of texts."""
    whole = select(t.links).order_by(_L.a, _L.b, _L.rule)
    if names is None:
        return [Link(*row) for row in connection.execute(whole)]
    found: set[Link] = set()
    for part in parts(sorted(names)):
        asked = whole.where(or_(one_of(_L.a, part), one_of(_L.b, part)))
        found.update(Link(*row) for row in connection.execute(asked))
    return sorted(found)
