"""Who is who: persons, as the evidence of their names says; the order of arrival changes nothing.

:func:`resolve` is a function of the set of evidence. Known users are seeds; names join the user who
is nearest by links, and a name that two users reach alike joins neither. What is decided by hand
goes before what is seen.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import Field

from limner.config import Config
from limner.events.evidence import ID_KINDS, means_nobody, value_of

__all__ = [
    "TOLD",
    "Bond",
    "IdentityConfig",
    "Link",
    "Persons",
    "key_of",
    "resolve",
]

TOLD = ("alias", "merge")
"""Rules that say outright that two names are one person, also two known users."""


class IdentityConfig(Config):
    """Who counts as one person: the table ``[identity]``."""

    emails: int = Field(5, ge=1)
    """How many e-mail addresses a person has at most; those seen first stay."""
    phones: int = Field(5, ge=1)
    """How many telephone numbers a person has at most."""
    devices: int = Field(20, ge=1)
    """How many devices a person has at most."""
    anonymous_ids: int = Field(200, ge=1)
    """How many anonymous ids a person has at most."""
    external_ids: int = Field(20, ge=1)
    """How many ids of other systems a person has at most."""
    aliases: int = Field(10, ge=1)
    """An id that is said to be the same as more others than this joins none of them."""
    shared: int = Field(50, ge=2)
    """An e-mail address, phone, device or anonymous id that is linked with more names than this
    joins none of them."""
    links: int = Field(1000, ge=2)
    """A known user who is linked with more names than this is joined with none of them."""
    blocked: tuple[str, ...] = ()
    """Further values that mean nobody, beside those that are known."""


class Link(NamedTuple):
    """A row of evidence; ``at_us`` in microseconds since 1970."""

    a: str
    b: str
    rule: str
    at_us: int
    call: str


@dataclass(slots=True)
class Bond:
    """All that links two names. ``why`` says why it does not hold, or is empty."""

    at_us: int
    told: bool = False
    alias: bool = False
    merged: int | None = None
    undone: int | None = None
    why: str = ""

    @property
    def cut(self) -> bool:
        """Whether it was undone by hand, and not made again since."""
        return self.undone is not None and (self.merged is None or self.undone >= self.merged)


@dataclass(frozen=True, slots=True)
class Persons:
    """What evidence says.

    ``person`` gives each name (as of :func:`key_of`) the id by which its person is known, if it
    belongs to one; ``blocked`` the names that join nobody, with the reason (``blocked_value``,
    ``joins_too_many``, ``several_known_users``, ``limit``); ``bonds`` all pairs; ``users`` and
    ``visitors`` the ids that were told to be a known user's, or a visitor's.
    """

    person: Mapping[str, str] = field(default_factory=dict)
    blocked: Mapping[str, str] = field(default_factory=dict)
    bonds: Mapping[tuple[str, str], Bond] = field(default_factory=dict)
    users: frozenset[str] = frozenset()
    visitors: frozenset[str] = frozenset()

    def names(self, person: str) -> list[str]:
        """Return all names of a person, in the order of texts."""
        return sorted(name for name, who in self.person.items() if who == person)


def key_of(name: str) -> str:
    """Return a name by which it is told from others: a user and a visitor of one id are one.

    Examples
    --------
    >>> key_of("user_id:u42"), key_of("email:a@b.c")
    ('id:u42', 'email:a@b.c')
    """
    kind, _, value = name.partition(":")
    return f"id:{value}" if kind in ID_KINDS else name


def resolve(
    links: Iterable[Link],
    config: IdentityConfig | None = None,
    *,
    blocked: Mapping[str, str] | None = None,
) -> Persons:
    """Say who is who. Pure; neither order nor repetition of the links makes a difference.

    Parameters
    ----------
    links
        All evidence, or all of some names that nothing links with others.
    config
        The limits.
    blocked
        Names of which it is known that they join nobody, since not all of their links are here.

    Examples
    --------
    >>> seen = [Link("anonymous_id:a1", "user_id:u42", "identify", 0, "m1")]
    >>> resolve(seen).person
    {'id:a1': 'u42', 'id:u42': 'u42'}
    """
    work = _Resolving(links, config or IdentityConfig(), dict(blocked or {}))
    return work.run()


class _Resolving:
    """One resolution under way."""

    def __init__(
        self, links: Iterable[Link], config: IdentityConfig, blocked: dict[str, str]
    ) -> None:
        self.config, self.blocked = config, blocked
        self.bonds: dict[tuple[str, str], Bond] = {}
        self.users: set[str] = set()
        self.visitors: set[str] = set()
        self.first: dict[str, int] = {}
        more = {each.strip().casefold() for each in config.blocked}
        for link in links:
            self._take(link, more)
        self.near: dict[str, dict[str, Bond]] = defaultdict(dict)
        for (one, other), bond in self.bonds.items():
            self.near[one][other] = self.near[other][one] = bond

    def _take(self, link: Link, more: set[str]) -> None:
        keys = []
        for name in (link.a, link.b):
            key = key_of(name)
            keys.append(key)
            if name.startswith(("user_id:", "erased:")):
                self.users.add(key)
            elif name.startswith("anonymous_id:"):
                self.visitors.add(key)
            self.first[key] = min(link.at_us, self.first.get(key, link.at_us))
            if key not in self.blocked and means_nobody(value_of(name), more):
                self.blocked[key] = "blocked_value"
        one, other = sorted(keys)
        if one == other:
            return
        bond = self.bonds.setdefault((one, other), Bond(link.at_us))
        bond.at_us = min(bond.at_us, link.at_us)
        if link.rule == "merge":
            bond.merged = max(link.at_us, bond.merged or link.at_us)
        elif link.rule == "unmerge":
            bond.undone = max(link.at_us, bond.undone or link.at_us)
        elif link.rule == "alias":
            bond.alias = True

    def run(self) -> Persons:
        self._block_hubs()
        groups = self._told()
        owner = self._grow(groups)
        while self._offend(owner, groups):
            owner = self._grow(groups)
        return self._named(owner)

    def _block_hubs(self) -> None:
        for key, near in self.near.items():
            most = self.config.links if key in self.users else self.config.shared
            if sum(not bond.cut for bond in near.values()) > most:
                self.blocked.setdefault(key, "joins_too_many")

    def _told(self) -> dict[str, str]:
        """Return which names are one because that was said outright: each one's first name."""
        aliases: dict[str, int] = defaultdict(int)
        for (one, other), bond in self.bonds.items():
            if bond.alias and not bond.cut:
                aliases[one] += 1
                aliases[other] += 1
        group = {key: key for key in self.first}
        for (one, other), bond in self.bonds.items():
            if bond.cut or one in self.blocked or other in self.blocked:
                continue
            said = bond.alias and max(aliases[one], aliases[other]) <= self.config.aliases
            bond.told = said or bond.merged is not None
            if bond.told:
                _join(group, one, other)
        return {key: _root(group, key) for key in group}

    def _open(self, one: str, other: str, bond: Bond) -> bool:
        """Whether a link may join two names."""
        return not (bond.cut or one in self.blocked or other in self.blocked)

    def _grow(self, groups: Mapping[str, str]) -> dict[str, str]:
        """Return whose each name is: of the user who is nearest, else of those it hangs with.

        A name that several users reach alike is nobody's, and nothing is reached through it.
        """
        roots: dict[str, set[str]] = defaultdict(set)
        for (one, other), bond in self.bonds.items():
            if self._open(one, other, bond) and groups[one] != groups[other]:
                roots[groups[one]].add(groups[other])
                roots[groups[other]].add(groups[one])
        seeds = {groups[user] for user in self.users if user not in self.blocked}
        owner, contested = _nearest(roots, seeds)
        for root in sorted(set(groups.values()) - set(owner) - contested):
            if root not in owner:
                owner |= dict.fromkeys(_hanging(roots, root, contested), root)
        owner |= {root: root for root in contested}
        self.contested = {key for key, root in groups.items() if root in contested}
        return {key: owner[root] for key, root in groups.items()}

    def _offend(self, owner: Mapping[str, str], groups: Mapping[str, str]) -> bool:
        """Block what joins too much; return whether anything was."""
        before = len(self.blocked)
        known = {owner[user] for user in self.users if user not in self.blocked}
        shared = []
        for key in self.first:
            if key in self.blocked or key.startswith("id:") or key in self.contested:
                continue
            of = {
                owner[near] for near, bond in self.near[key].items() if self._open(key, near, bond)
            }
            if len(of & known) > 1:
                shared.append(key)
        self.blocked |= dict.fromkeys(shared, "several_known_users")
        crowded: dict[tuple[str, str], list[str]] = defaultdict(list)
        alone = _sizes(groups)
        for key in self.first:
            if key not in self.blocked and key not in self.users and alone[groups[key]] == 1:
                crowded[owner[key], key.partition(":")[0]].append(key)
        for (_, kind), keys in crowded.items():
            most = self._most(kind)
            if len(keys) > most:
                keys.sort(key=lambda key: (self.first[key], key))
                self.blocked |= dict.fromkeys(keys[most:], "limit")
        return len(self.blocked) > before

    def _most(self, kind: str) -> int:
        limits = self.config
        return {
            "id": limits.anonymous_ids,
            "email": limits.emails,
            "phone": limits.phones,
            "device": limits.devices,
        }.get(kind, limits.external_ids)

    def _named(self, owner: Mapping[str, str]) -> Persons:
        people: dict[str, list[str]] = defaultdict(list)
        for key, who in owner.items():
            if key not in self.blocked:
                people[who].append(key)
        person: dict[str, str] = {}
        for keys in people.values():
            ids = [key for key in keys if key.startswith("id:")]
            if ids:
                best = min(ids, key=lambda key: (key not in self.users, self.first[key], key))
                person |= dict.fromkeys(keys, value_of(best))
        for key in self.blocked:
            if key.startswith("id:") and key in self.first:
                person[key] = value_of(key)
        for (one, other), bond in self.bonds.items():
            bond.why = self._why(one, other, bond, owner)
        told = self.blocked | dict.fromkeys(
            (key for key in self.contested if key not in self.blocked), "several_known_users"
        )
        return Persons(
            dict(sorted(person.items())),
            told,
            self.bonds,
            frozenset(self.users),
            frozenset(self.visitors - self.users),
        )

    def _why(self, one: str, other: str, bond: Bond, owner: Mapping[str, str]) -> str:
        if bond.cut:
            return "undone"
        for key in (one, other):
            if key in self.blocked:
                return self.blocked[key]
        if owner[one] == owner[other]:
            return ""
        shared = one in self.contested or other in self.contested
        return "several_known_users" if shared else "two_known_users"


def _nearest(
    roots: Mapping[str, set[str]], seeds: Iterable[str]
) -> tuple[dict[str, str], set[str]]:
    """Return which seed is nearest to each root, and the roots that several reach alike."""
    owner = {seed: seed for seed in seeds}
    contested: set[str] = set()
    edge = set(owner)
    while edge:
        reached: dict[str, set[str]] = defaultdict(set)
        for root in edge:
            for near in roots.get(root, ()):
                if near not in owner and near not in contested:
                    reached[near].add(owner[root])
        contested |= {near for near, by in reached.items() if len(by) > 1}
        edge = {near for near, by in reached.items() if len(by) == 1}
        owner |= {near: next(iter(reached[near])) for near in edge}
    return owner, contested


def _hanging(roots: Mapping[str, set[str]], root: str, contested: Collection[str]) -> set[str]:
    """Return all roots that hang together with one."""
    found, waiting = {root}, [root]
    while waiting:
        for near in roots.get(waiting.pop(), ()):
            if near not in found and near not in contested:
                found.add(near)
                waiting.append(near)
    return found


def _sizes(groups: Mapping[str, str]) -> dict[str, int]:
    sizes: dict[str, int] = defaultdict(int)
    for root in groups.values():
        sizes[root] += 1
    return sizes


def _root(group: dict[str, str], key: str) -> str:
    while group[key] != key:
        group[key] = group[group[key]]
        key = group[key]
    return key


def _join(group: dict[str, str], one: str, other: str) -> None:
    """Join two groups; the one with the smaller name leads, so that order makes no difference."""
    low, high = sorted((_root(group, one), _root(group, other)))
    group[high] = low
