"""How a field may be compared and with what, for whoever checks a clause or writes one."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

from limner.apps.segments.fields import CHOICES, Kind, names_of

__all__ = [
    "DAYS",
    "FITS",
    "LISTS",
    "LONGEST_TEXT",
    "MOST_DAYS",
    "MOST_VALUES",
    "ORDERED",
    "Op",
    "clause_schema",
]

MOST_VALUES = 1_000
"""So many values a list may hold."""
LONGEST_TEXT = 512
"""So many characters a text may have."""
MOST_DAYS = 100_000
"""So many days a clause may count back."""

Op = Literal[
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "between",
    "in",
    "not_in",
    "contains",
    "starts_with",
    "exists",
    "within_days",
    "before_days",
]
"""How a field is compared."""
ORDERED = frozenset({"lt", "le", "gt", "ge", "between"})
LISTS = frozenset({"in", "not_in", "between"})
DAYS = frozenset({"within_days", "before_days"})
_ALIKE = frozenset({"eq", "ne", "exists"})
_WORDS = frozenset({"in", "not_in", "contains", "starts_with"})
FITS: Mapping[Kind, frozenset[str]] = {
    Kind.NUMBER: _ALIKE | ORDERED | {"in", "not_in"},
    Kind.TEXT: _ALIKE | _WORDS,
    Kind.MOMENT: _ALIKE | ORDERED | DAYS,
    Kind.SET: frozenset({"contains", "exists"}),
    Kind.SOME: _ALIKE | ORDERED | _WORDS,
}
"""Which operators a field of a kind knows."""

Json = dict[str, Any]
_NUMBER: Json = {"type": "number"}
_TEXT: Json = {"type": "string", "maxLength": LONGEST_TEXT}
_TIME: Json = {"type": "string", "format": "date-time"}
_ANY: Json = {"anyOf": [_NUMBER, _TEXT, {"type": "boolean"}]}
_ONE: Mapping[Kind, Json] = {
    Kind.NUMBER: _NUMBER,
    Kind.TEXT: _TEXT,
    Kind.MOMENT: _TIME,
    Kind.SET: _TEXT,
    Kind.SOME: _ANY,
}


def clause_schema(schema: Json) -> None:
    """Say in JSON Schema which clauses there are: which fields, how compared, and with what."""
    about = schema.get("description", "")
    schema.clear()
    schema |= {"title": "Clause", "description": about, "anyOf": list(_forms())}


def _forms() -> Iterator[Json]:
    for kind in Kind:
        whole, heads = names_of(kind)
        bound = [field for field in whole if field in CHOICES]
        free = [field for field in whole if field not in CHOICES]
        fields: Json = {
            "anyOf": [
                *([{"enum": free}] if free else []),
                *(
                    {
                        "type": "string",
                        "pattern": rf"^{re.escape(head)}\.[\s\S]+$",
                        "maxLength": 200,
                    }
                    for head in heads
                ),
            ]
        }
        for ops, value in _values(kind):
            if fields["anyOf"]:
                yield _form(fields, ops, value)
            for field in bound:
                words: Json = {"enum": list(CHOICES[field])}
                if ops <= {"eq", "ne"}:
                    yield _form({"enum": [field]}, ops, words)
                elif ops <= LISTS:
                    yield _form({"enum": [field]}, ops, _list(words))
                else:
                    yield _form({"enum": [field]}, ops, value)


def _values(kind: Kind) -> Iterator[tuple[frozenset[str], Json | None]]:
    """Go through the operators of a kind that take the same values, and these; none: no value."""
    one, ordered = _ONE[kind], _TIME if kind is Kind.MOMENT else _NUMBER
    for ops, value in (
        ({"eq", "ne"}, one),
        ({"lt", "le", "gt", "ge"}, ordered),
        ({"between"}, _list(ordered, least=2, most=2)),
        ({"in", "not_in"}, _list(one)),
        ({"contains", "starts_with"}, _TEXT),
        (DAYS, _NUMBER | {"minimum": 0, "maximum": MOST_DAYS}),
        ({"exists"}, None),
    ):
        known = FITS[kind] & frozenset(ops)
        if known:
            yield known, value


def _form(field: Json, ops: frozenset[str], value: Json | None) -> Json:
    order = [op for op in get_args(Op) if op in ops]
    return {
        "type": "object",
        "required": ["field", "op", *(["value"] if value is not None else [])],
        "properties": {
            "field": field,
            "op": {"enum": order},
            "value": {"type": "null"} if value is None else value,
        },
        "additionalProperties": False,
    }


def _list(one: Json, *, least: int = 1, most: int = MOST_VALUES) -> Json:
    return {"type": "array", "items": one, "minItems": least, "maxItems": most}
