"""A rule: a small tree of clauses, typed, limited in depth and size, and never run as code."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from limner.apps.segments.fields import CHOICES, Kind, kind_of
from limner.apps.segments.operators import (
    DAYS,
    FITS,
    LISTS,
    LONGEST_TEXT,
    MOST_DAYS,
    MOST_VALUES,
    ORDERED,
    Op,
    clause_schema,
)
from limner.errors import BadConfig

__all__ = [
    "DEEPEST",
    "MOST_CLAUSES",
    "AllOf",
    "AnyOf",
    "Clause",
    "NotOf",
    "Rule",
    "clauses_of",
    "moment",
    "parse_rule",
    "plain_rule",
    "rule_schemas",
]

DEEPEST = 8
"""How deep ``all``, ``any`` and ``not`` may be nested."""
MOST_CLAUSES = 1_000
"""So many clauses may be in one rule."""

Scalar: TypeAlias = StrictBool | StrictInt | StrictFloat | StrictStr
Value: TypeAlias = Scalar | tuple[Scalar, ...] | None


class _Part(BaseModel):
    """What rules are made of: frozen, and without names that are not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Clause(_Part):
    """One thing that is asked of a customer.

    It holds only of whom the field is known: ``ne`` and ``not_in`` too. ``exists`` has no value.
    """

    model_config = ConfigDict(json_schema_extra=clause_schema)

    field: str = Field(min_length=1, max_length=200)
    """What is asked: ``traits.spend``, ``lifecycle.stage``, ``predictions.churn`` and so on."""
    op: Op
    """How it is compared."""
    value: Value = None
    """With what: a number, a text, true or false, a time in ISO 8601 with a zone, or a list of
    them. ``between`` takes the least and the most, ``within_days`` and ``before_days`` a number."""

    @model_validator(mode="after")
    def _fits(self) -> "Clause":
        try:
            kind = kind_of(self.field)
        except BadConfig as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        if self.op not in FITS[kind]:
            raise ValueError(
                f"{self.field} is a {kind}, and {self.op!r} is not among its operators: "
                f"{', '.join(sorted(FITS[kind]))}"
            )
        _check_form(self)
        for each in self.value if isinstance(self.value, tuple) else (self.value,):
            _check_value(self, kind, each)
        return self


class AllOf(_Part):
    """All of its parts hold."""

    every: tuple["Rule", ...] = Field(alias="all", min_length=1, max_length=MOST_CLAUSES)
    """What must hold."""


class AnyOf(_Part):
    """At least one of its parts holds."""

    some: tuple["Rule", ...] = Field(alias="any", min_length=1, max_length=MOST_CLAUSES)
    """Of what one must hold."""


class NotOf(_Part):
    """Its part does not hold; also where nothing is known."""

    negated: "Rule" = Field(alias="not")
    """What must not hold."""


def _which(plain: object) -> str | None:
    if isinstance(plain, dict):
        return next((f"<{name}>" for name in ("all", "any", "not") if name in plain), "<clause>")
    return next((name for kind, name in _KINDS if isinstance(plain, kind)), None)


_KINDS: tuple[tuple[type[_Part], str], ...] = (
    *((AllOf, "<all>"), (AnyOf, "<any>")),
    *((NotOf, "<not>"), (Clause, "<clause>")),
)
Rule: TypeAlias = Annotated[
    Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[NotOf, Tag("<not>")]
    | Annotated[Clause, Tag("<clause>")],
    Discriminator(
        _which,
        custom_error_type="rule",
        custom_error_message='a rule is {"all": […]}, {"any": […]}, {"not": …} or'
        ' {"field": …, "op": …, "value": …}',
    ),
]
for _each in (AllOf, AnyOf, NotOf):
    _each.model_rebuild()
_RULES: TypeAdapter[Rule] = TypeAdapter(Rule)


def parse_rule(plain: object) -> Rule:
    """Return a rule from plain JSON values.

    Raises
    ------
    BadConfig
        If it is none, too deep or too large; the message says where.

    Examples
    --------
    >>> parse_rule({"field": "traits.orders", "op": "ge", "value": 2}).value
    2
    """
    _check_size(plain)
    try:
        return _RULES.validate_python(plain)
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(each) for each in first["loc"] if not str(each).startswith("<")]
        raise BadConfig(
            f"{'.'.join(['rule', *place])}: {first['msg'].removeprefix('Value error, ')}",
            hint='for instance {"field": "traits.orders", "op": "ge", "value": 2}',
        ) from None


def plain_rule(rule: Rule) -> dict[str, Any]:
    """Return a rule as plain JSON values; :func:`parse_rule` reads it again."""
    found: dict[str, Any] = _RULES.dump_python(rule, mode="json", by_alias=True, exclude_none=True)
    return found


def rule_schemas() -> dict[str, dict[str, Any]]:
    """Return what a rule may be as JSON Schemas, by name: one for each depth, the deepest last.

    A schema that led back to itself would allow what is too deep. They lie side by side in
    OpenAPI's ``components/schemas``, as do those of :class:`AllOf` and the other parts.
    """
    place = "#/components/schemas/"
    found: dict[str, dict[str, Any]] = {"Rule1": {"$ref": f"{place}Clause"}}
    for depth in range(2, DEEPEST + 1):
        below = {"$ref": f"{place}Rule{depth - 1}"}
        several = {"type": "array", "items": below, "minItems": 1, "maxItems": MOST_CLAUSES}
        joined = [
            {"type": "object", "properties": {name: part}, "required": [name]}
            for name, part in (("all", several), ("any", several), ("not", below))
        ]
        found[f"Rule{depth}"] = {
            "oneOf": [
                *(each | {"additionalProperties": False} for each in joined),
                {"$ref": f"{place}Clause"},
            ]
        }
    return found


def clauses_of(rule: Rule) -> Iterator[Clause]:
    """Go through the clauses of a rule, as they are written."""
    if isinstance(rule, Clause):
        yield rule
        return
    for part in parts_of(rule):
        yield from clauses_of(part)


def parts_of(rule: AllOf | AnyOf | NotOf) -> tuple[Rule, ...]:
    """Return what a rule joins."""
    if isinstance(rule, AllOf):
        return rule.every
    return rule.some if isinstance(rule, AnyOf) else (rule.negated,)


def moment(text: str) -> datetime:
    """Return a time with its zone. Raises ValueError where it is none, or has none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"a time is like 2026-05-01T00:00:00Z, got {text!r}") from None
    if found.utcoffset() is None:
        raise ValueError(f"a time must have a zone, such as 2026-05-01T00:00:00Z, got {text!r}")
    return found


def _check_size(plain: object) -> None:
    """Refuse what is too deep or too large before anybody goes down into it."""
    waiting, clauses = [(plain, 1)], 0
    while waiting:
        each, depth = waiting.pop()
        if not isinstance(each, dict):
            continue
        below = [part for name in ("all", "any") for part in _list(each.get(name))]
        if "not" in each:
            below.append(each["not"])
        clauses += not below
        if depth > DEEPEST or clauses > MOST_CLAUSES or len(waiting) + len(below) > MOST_CLAUSES:
            raise BadConfig(
                f"a rule must have at most {MOST_CLAUSES} clauses, nested at most {DEEPEST} deep",
                hint="make two segments of it",
            )
        waiting += [(part, depth + 1) for part in below]


def _list(told: object) -> list[object]:
    return told if isinstance(told, list) else []


def _check_form(clause: Clause) -> None:
    """Say whether the value is one, a list or none, as the operator wants it."""
    op, value = clause.op, clause.value
    if op == "exists":
        if value is not None:
            raise ValueError("exists takes no value")
    elif op in LISTS:
        if not isinstance(value, tuple) or not 1 <= len(value) <= MOST_VALUES:
            raise ValueError(f"{op} takes a list of 1 to {MOST_VALUES} values")
        if op == "between" and len(value) != 2:
            raise ValueError("between takes two values, the least and the most")
    elif value is None or isinstance(value, tuple):
        raise ValueError(f"{op} takes one value")


def _check_value(clause: Clause, kind: Kind, value: Scalar | None) -> None:
    """Refuse a value that the field can never have."""
    if value is None:
        return
    op = clause.op
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if number is not None and not math.isfinite(number):
        raise ValueError("a number must be finite")
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise ValueError(f"a text must have at most {LONGEST_TEXT} characters")
    _check_sort(clause, kind, value, number)
    known = CHOICES.get(clause.field)
    if known is not None and op in {"eq", "ne", "in", "not_in"} and value not in known:
        raise ValueError(f"{clause.field} is one of {', '.join(known)}, got {value!r}")


def _check_sort(clause: Clause, kind: Kind, value: Scalar, number: float | None) -> None:
    """Refuse a value of another sort than the field's."""
    op = clause.op
    if op in DAYS:
        if number is None or not 0 <= number <= MOST_DAYS:
            raise ValueError(f"{op} takes days, 0 to {MOST_DAYS}, got {value!r}")
    elif kind is Kind.MOMENT:
        moment(str(value))
    elif op in {"contains", "starts_with"} or kind in {Kind.TEXT, Kind.SET}:
        if not isinstance(value, str):
            raise ValueError(f"{clause.field} {op} takes a text, got {value!r}")
    elif (kind is Kind.NUMBER or op in ORDERED) and number is None:
        raise ValueError(f"{clause.field} {op} takes a number, got {value!r}")
