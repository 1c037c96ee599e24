"""The book of who is who: why names are one person, and what was decided by hand."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import polars as pl
from sqlalchemy import Connection, Engine, select

from limner.errors import BadConfig
from limner.events.evidence import EVIDENCE_SCHEMA, ID_KINDS, means_nobody, value_of
from limner.profiles.database import tables as t
from limner.profiles.database.audit import AuditLog, Entry
from limner.profiles.database.connections import asking, writing
from limner.profiles.database.linking import (
    all_links,
    around,
    framed,
    heed_limits,
    heeded,
    names_of,
    take_evidence,
)
from limner.profiles.database.persons import everybody_moved, find_person, ids_of
from limner.profiles.database.reading import unknown
from limner.profiles.database.suppressed import evidence_let_in
from limner.profiles.database.writing import moment_of
from limner.profiles.identity import Bond, IdentityConfig, Link, Persons, key_of

__all__ = ["Identities", "IdentityBook"]


@dataclass(frozen=True, slots=True)
class Identities:
    """Why a person is one.

    ``identities`` are the names of the person, ``links`` what speaks for and against: each pair of
    names with its evidence and, where it does not hold, why; ``blocked`` the names beside them that
    join nobody; ``merges`` what joined, in the order of time.
    """

    customer_id: str
    identities: list[dict[str, Any]]
    links: list[dict[str, Any]]
    blocked: list[dict[str, Any]]
    merges: list[dict[str, Any]]


@final
class IdentityBook:
    """Explains persons, and keeps what is decided of them by hand.

    Parameters
    ----------
    engine
        The database of the living store.
    pepper
        The secret of the workspace; without it nothing can be decided.
    config
        Who counts as one person.
    """

    def __init__(
        self, engine: Engine, pepper: bytes | None, config: IdentityConfig | None = None
    ) -> None:
        self.engine, self.pepper, self.config = engine, pepper, config or IdentityConfig()

    def link(self, evidence: pl.DataFrame) -> None:
        """Keep evidence, beside what came with events; of nobody who was erased."""
        if len(evidence):
            with writing(self.engine) as connection:
                told = evidence_let_in(connection, evidence, self.pepper)
                take_evidence(connection, told, self.config, received_us=_now())

    def evidence(self) -> pl.DataFrame:
        """Return all evidence of who is who."""
        with asking(self.engine) as connection:
            return framed(all_links(connection))

    def moved(self) -> Mapping[str, str]:
        """Return the ids that are told of under another of the same person, and under which."""
        with asking(self.engine) as connection:
            return everybody_moved(connection)

    def heed_limits(self) -> None:
        """Work out anew who is who, if that was last done with other settings."""
        with asking(self.engine) as connection:
            if heeded(connection, self.config):
                return
        with writing(self.engine) as connection:
            heed_limits(connection, self.config, received_us=_now())

    def explain(self, asked: str) -> Identities:
        """Return why a person is one, by any of their names. Raises UnknownCustomer."""
        with asking(self.engine) as connection:
            person = self._find(connection, asked)
            ids = ids_of(connection, [person])[person]
            persons, _ = around(connection, [f"id:{each}" for each in ids], self.config)
            keys = set(persons.names(person)) | {f"id:{person}"}
            near = {key for pair in persons.bonds if keys & set(pair) for key in pair}
            names = [name for key in keys for name in names_of(key)]
            links = [
                link
                for link in all_links(connection, names)
                if keys & {key_of(link.a), key_of(link.b)}
            ]
        return Identities(
            person,
            [_identity(key, persons, links) for key in sorted(keys)],
            _told(links, persons),
            [
                {**_parted(key, persons), "reason": persons.blocked[key]}
                for key in sorted(keys | near)
                if key in persons.blocked
            ],
            _merges(keys, persons, links),
        )

    def ids(self, asked: str) -> list[str]:
        """Return all ids of a person, by any of their names; the one that was asked for first.

        What nobody has is taken for an id.
        """
        with asking(self.engine) as connection:
            person = find_person(connection, asked)
            found = ids_of(connection, [person])[person]
        first = asked if asked in found else person
        return [first, *(each for each in found if each != first)]

    def merge(self, one: str, other: str, *, actor: str) -> str:
        """Say that two customers are one person; return by which id they are known.

        Raises
        ------
        BadConfig
            If they are the same id, or one of them means nobody.
        UnknownCustomer
            If nobody has one of the names.
        """
        with writing(self.engine) as connection:
            pair = self._pair(connection, one, other)
            for who in pair:
                if means_nobody(who, {each.casefold() for each in self.config.blocked}):
                    raise BadConfig(
                        f"{who!r} must be an id of one person, but it means nobody",
                        hint="see [identity] in limner.toml",
                    )
            self._decide(connection, [(f"id:{pair[0]}", f"id:{pair[1]}")], "merge", actor)
            return find_person(connection, f"id:{pair[0]}")

    def unmerge(self, one: str, other: str, *, actor: str) -> list[tuple[str, str]]:
        """Take an id off a person; return the pairs of names that are linked no more.

        Every link of ``one`` over which it hangs together with ``other`` is undone, and stays so,
        also when the same evidence comes again, until the pair is merged by hand.

        Raises
        ------
        BadConfig
            If they are not one person.
        UnknownCustomer
            If nobody has one of the names.
        """
        with writing(self.engine) as connection:
            pair = self._pair(connection, one, other)
            first, second = (find_person(connection, f"id:{who}") for who in pair)
            if first != second:
                raise BadConfig(
                    f"{pair[0]!r} and {pair[1]!r} must be one person to be taken apart,"
                    " but they are two",
                    hint="look: GET /v1/profiles/{id}/identities",
                )
            persons, _ = around(connection, [f"id:{who}" for who in pair], self.config)
            own = f"id:{pair[0]}"
            cut = [(own, key) for key in _cuts(own, f"id:{pair[1]}", persons.bonds)]
            self._decide(connection, cut, "unmerge", actor)
            return cut

    def _decide(
        self, connection: Connection, pairs: Sequence[tuple[str, str]], rule: str, actor: str
    ) -> None:
        now = _now()
        rows = []
        for pair in pairs:
            a, b = sorted(pair)
            # a decision is later than those before it, whatever the clock says
            past = [each.at_us for each in all_links(connection, [a]) if each[:2] == (a, b)]
            rows.append((a, b, rule, moment_of(max([now, *(at + 1 for at in past)])), actor))
        evidence = pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")
        take_evidence(connection, evidence, self.config, received_us=now)
        entries = [
            Entry(now, actor, f"identity.{rule}", value_of(each), "")
            for each in dict.fromkeys(key for pair in pairs for key in pair)
            if each.startswith("id:")
        ]
        AuditLog(self.engine, self._demand_pepper()).append_within(connection, entries)

    def _demand_pepper(self) -> bytes:
        if self.pepper is None:
            raise BadConfig(
                "a decision needs the key under which it is taken down in the audit log",
                hint="open the store with the secret of its workspace: secrets/pepper",
            )
        return self.pepper

    def _pair(self, connection: Connection, one: str, other: str) -> tuple[str, str]:
        first, second = self._id(connection, one), self._id(connection, other)
        if first == second:
            raise BadConfig(
                f"two ids are needed, got {one!r} and {other!r}, which are the same",
                hint="name two ids of customers",
            )
        return first, second

    def _id(self, connection: Connection, asked: str) -> str:
        """Return the id that a name is, or of the person who has it."""
        kind, colon, value = asked.partition(":")
        plain = value if colon and kind in ID_KINDS else asked
        for who in dict.fromkeys((plain, asked)):
            known = select(t.customers.c.no).where(t.customers.c.customer_id == who)
            member = select(t.members.c.name).where(t.members.c.name == f"id:{who}")
            if connection.execute(known).first() or connection.execute(member).first():
                return who
        return self._find(connection, asked)

    def _find(self, connection: Connection, asked: str) -> str:
        person = find_person(connection, asked)
        known = select(t.customers.c.no).where(t.customers.c.customer_id == person)
        row = connection.execute(known).first()
        if row is None and not all_links(connection, names_of(f"id:{person}")):
            raise unknown(asked)
        return person


def _now() -> int:
    return time.time_ns() // 1000


def _cuts(one: str, other: str, bonds: Mapping[tuple[str, str], Bond]) -> list[str]:
    """Return the names beside one over which it hangs together with another."""
    near: dict[str, set[str]] = {}
    for (a, b), bond in bonds.items():
        if not bond.cut:
            near.setdefault(a, set()).add(b)
            near.setdefault(b, set()).add(a)
    seen, waiting = {one, other}, [other]
    found = {other} if other in near.get(one, ()) else set()
    while waiting:
        for each in near.get(waiting.pop(), ()):
            if each in near.get(one, ()):
                found.add(each)
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    return sorted(found - {one})


def _parted(key: str, persons: Persons) -> dict[str, Any]:
    kind, _, value = key.partition(":")
    if key in persons.users:
        kind = "user_id"
    elif key in persons.visitors:
        kind = "anonymous_id"
    return {"type": kind, "value": value}


def _identity(key: str, persons: Persons, links: Sequence[Link]) -> dict[str, Any]:
    times = [link.at_us for link in links if key in {key_of(link.a), key_of(link.b)}]
    seen = moment_of(min(times)).isoformat() if times else None
    return {**_parted(key, persons), "first_linked": seen}


def _told(links: Sequence[Link], persons: Persons) -> list[dict[str, Any]]:
    """Return pairs of names with their evidence, the oldest first."""
    pairs: dict[tuple[str, str], list[Link]] = {}
    for link in links:
        one, other = sorted((key_of(link.a), key_of(link.b)))
        if one != other:
            pairs.setdefault((one, other), []).append(link)
    found: list[dict[str, Any]] = []
    for pair, rows in pairs.items():
        why = persons.bonds[pair].why
        found.append(
            {
                "between": [_parted(key, persons) for key in pair],
                "holds": not why,
                "reason": why or None,
                "evidence": [
                    {"rule": row.rule, "at": moment_of(row.at_us).isoformat(), "by": row.call}
                    for row in sorted(rows, key=lambda row: (row.at_us, row.rule))
                ],
            }
        )
    found.sort(key=lambda each: (each["evidence"][0]["at"], str(each["between"])))
    return found


def _merges(keys: set[str], persons: Persons, links: Sequence[Link]) -> list[dict[str, Any]]:
    """Return what joined the names of a person, and what was decided of them, by time."""
    part = {key: {key} for key in keys}
    found = []
    for at, pair in sorted(
        (bond.at_us, pair)
        for pair, bond in persons.bonds.items()
        if not bond.why and keys.issuperset(pair)
    ):
        one, other = (part[key] for key in pair)
        if one is other:
            continue
        whole = one | other
        for key in whole:
            part[key] = whole
        rows = [link for link in links if pair == tuple(sorted((key_of(link.a), key_of(link.b))))]
        first = min(rows, key=lambda row: (row.at_us, row.rule), default=None)
        found.append(_step("joined", at, pair, persons, first))
    for link in links:
        if link.rule in {"merge", "unmerge"}:
            pair = (key_of(link.a), key_of(link.b))
            found.append(_step("decided", link.at_us, pair, persons, link))
    return sorted(found, key=lambda each: (each["at"], each["what"]))


def _step(
    what: str, at_us: int, pair: Sequence[str], persons: Persons, link: Link | None
) -> dict[str, Any]:
    return {
        "what": what,
        "at": moment_of(at_us).isoformat(),
        "between": [_parted(key, persons) for key in sorted(pair)],
        "rule": "" if link is None else link.rule,
        "by": "" if link is None else link.call,
    }
