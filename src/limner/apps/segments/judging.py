"""Whether a rule holds of a customer, and why, clause by clause. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any, Literal

from limner.apps.segments.fields import CHOICES, GROUP, STAGE
from limner.apps.segments.rule import AllOf, AnyOf, Clause, NotOf, Rule, Scalar, moment, parts_of
from limner.apps.segments.subject import Fact, Subject

__all__ = ["Narrowed", "Verdict", "holds", "judge", "narrow"]

Known = tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a part of a rule holds, and why; ``parts`` are those of ``all``, ``any`` and ``not``.

    Of a clause ``found`` is what is known of the customer there, and ``known`` whether something
    is.
    """

    kind: Literal["all", "any", "not", "clause"]
    holds: bool
    parts: tuple["Verdict", ...] = ()
    clause: Clause | None = None
    found: Fact = None
    known: bool = True

    @property
    def why(self) -> str:
        """One sentence in English."""
        if self.clause is None:
            so = sum(part.holds for part in self.parts)
            return f"{so} of {len(self.parts)} hold, {_WANTED[self.kind]}"
        asked = " ".join(
            str(each)
            for each in (self.clause.field, self.clause.op, _shown(self.clause.value))
            if each is not None
        )
        if not self.known:
            return f"{asked}: no, nothing is known there"
        return f"{asked}: {'yes' if self.holds else 'no'}, it is {_shown(self.found)}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        told: dict[str, Any] = {"kind": self.kind, "holds": self.holds, "why": self.why}
        if self.clause is None:
            return told | {"parts": [part.to_dict() for part in self.parts]}
        return told | {
            "field": self.clause.field,
            "op": self.clause.op,
            "value": self.clause.value,
            "found": _plain(self.found),
            "known": self.known,
        }


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Beyond which stages and RFM groups nobody fulfils a rule; none: it may be anybody."""

    stages: Known = None
    groups: Known = None


def holds(rule: Rule, subject: Subject) -> bool:
    """Whether a rule holds of a customer."""
    return bool(_holds(rule, lambda clause: _meets(clause, subject.at(clause.field), subject)))


def judge(rule: Rule, subject: Subject) -> Verdict:
    """Return whether a rule holds of a customer, with what every clause found."""
    if isinstance(rule, Clause):
        found = subject.at(rule.field)
        return Verdict(
            "clause", _meets(rule, found, subject), (), rule, found, known=found is not None
        )
    parts = tuple(judge(part, subject) for part in parts_of(rule))
    so = [part.holds for part in parts]
    if isinstance(rule, AllOf):
        return Verdict("all", all(so), parts)
    if isinstance(rule, AnyOf):
        return Verdict("any", any(so), parts)
    return Verdict("not", not so[0], parts)


def narrow(rule: Rule) -> Narrowed:
    """Return which stages and groups a customer may have of whom a rule holds.

    All else of the customer is taken to be unknown, in the logic of three values; so nobody of whom
    the rule holds is left out. Who has no portrait yet has neither, and is ``""``.
    """
    seen = {(stage, group) for stage, group in _pairs() if _may(rule, stage, group)}
    everybody = set(_pairs())
    stages, groups = {each[0] for each in seen}, {each[1] for each in seen}
    return Narrowed(
        None if stages == {each[0] for each in everybody} else tuple(sorted(stages)),
        None if groups == {each[1] for each in everybody} else tuple(sorted(groups)),
    )


def _pairs() -> Iterator[tuple[str, str]]:
    yield "", ""
    yield from product(CHOICES[STAGE], CHOICES[GROUP])


def _may(rule: Rule, stage: str, group: str) -> bool:
    known = {STAGE: stage or None, GROUP: group or None}

    def look(clause: Clause) -> bool | None:
        return _compare(clause, known[clause.field]) if clause.field in known else None

    return _holds(rule, look) is not False


def _holds(rule: Rule, look: Callable[[Clause], bool | None]) -> bool | None:
    """Return whether a rule holds in the logic of three values; ``look`` judges clauses."""
    if isinstance(rule, Clause):
        return look(rule)
    if isinstance(rule, NotOf):
        found = _holds(rule.negated, look)
        return None if found is None else not found
    decides = isinstance(rule, AnyOf)  # one that holds decides any, one that does not decides all
    unsure = False
    for part in parts_of(rule):
        found = _holds(part, look)
        if found is decides:
            return decides
        unsure = unsure or found is None
    return None if unsure else not decides


def _meets(clause: Clause, found: Fact, subject: Subject) -> bool:
    if clause.op in {"within_days", "before_days"}:
        if not isinstance(found, datetime):
            return False
        days = timedelta(days=_number(clause.value))
        since = subject.as_of - found
        return timedelta(0) <= since <= days if clause.op == "within_days" else since > days
    return _compare(clause, found)


def _compare(clause: Clause, found: Fact) -> bool:
    """Whether what was found stands so to the clause's value; of another kind, it does not."""
    op, value = clause.op, clause.value
    if found is None or op == "exists":
        return found is not None
    if isinstance(found, frozenset):
        return value in found
    if op in {"contains", "starts_with"}:
        text = str(value)
        inside = isinstance(found, str) and text in found
        return inside and (op == "contains" or str(found).startswith(text))
    wanted = [
        moment(str(each)) if isinstance(found, datetime) else each
        for each in (value if isinstance(value, tuple) else (value,))
    ]
    alike = [each for each in wanted if _same_kind(found, each)]
    if op in _ORDER:
        comparable = len(alike) == len(wanted) and not isinstance(found, bool | str)
        return comparable and _ORDER[op](found, *alike)
    among = any(found == each for each in alike)
    return among if op in {"eq", "in"} else not among


_ORDER: dict[str, Callable[..., bool]] = {
    "lt": lambda found, value: bool(found < value),
    "le": lambda found, value: bool(found <= value),
    "gt": lambda found, value: bool(found > value),
    "ge": lambda found, value: bool(found >= value),
    "between": lambda found, least, most: bool(least <= found <= most),
}
_WANTED = {"all": "and all must", "any": "and one must", "not": "and it must not"}


def _same_kind(one: object, other: object) -> bool:
    """Whether two may be compared: true is no number, and 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool)
    if isinstance(one, int | float):
        return isinstance(other, int | float)
    return type(one) is type(other)


def _number(value: Scalar | tuple[Scalar, ...] | None) -> float:
    assert isinstance(value, int | float)
    return float(value)


def _plain(found: Fact) -> Any:  # noqa: ANN401 - JSON
    if isinstance(found, datetime):
        return found.isoformat()
    return sorted(found) if isinstance(found, frozenset) else found


def _shown(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        value = tuple(sorted(value))
    return (", ".join(map(str, value)) or "empty") if isinstance(value, tuple) else value
