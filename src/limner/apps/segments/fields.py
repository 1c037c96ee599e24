"""What a rule may ask of a customer: the fields of a portrait and of the live counters."""

from difflib import get_close_matches
from enum import StrEnum
from typing import get_args

from limner.errors import BadConfig
from limner.profiles.record import RfmGroup, Stage

__all__ = ["CHOICES", "GROUP", "STAGE", "Kind", "kind_of", "names_of"]

STAGE, GROUP = "lifecycle.stage", "lifecycle.rfm_group"
_WINDOWS = ("7d", "30d", "90d")


class Kind(StrEnum):
    """What the value of a field is; ``some`` where only the customer's own value tells."""

    NUMBER = "number"
    TEXT = "text"
    MOMENT = "moment"
    SET = "set"
    SOME = "some"


CHOICES: dict[str, tuple[str, ...]] = {STAGE: get_args(Stage), GROUP: get_args(RfmGroup)}
"""The words that such a field can have."""

_KINDS: dict[str, Kind] = {
    STAGE: Kind.TEXT,
    GROUP: Kind.TEXT,
    "identity.first_seen": Kind.MOMENT,
    "identity.last_seen": Kind.MOMENT,
    "value.expected_date_of_next_order": Kind.MOMENT,
    **{f"live.{name}": Kind.MOMENT for name in ("first_seen", "last_seen", "last_purchase")},
    **dict.fromkeys(("categories", "brands", "items"), Kind.SET),
    **{f"lifecycle.{name}": Kind.NUMBER for name in ("recency", "frequency", "monetary")},
    **{
        f"value.{name}": Kind.NUMBER
        for name in (
            "historic_clv",
            "predicted_clv",
            "total_clv",
            "historic_number_of_orders",
            "predicted_number_of_orders",
            "average_order_value",
            "average_days_between_orders",
            "churn_probability",
        )
    },
    **{
        f"live.{name}": Kind.NUMBER
        for name in (
            *("events", "orders", "lines", "returns", "pieces", "spend"),
            "average_order_value",
        )
    },
    **{
        f"live.windows.{width}.{name}": Kind.NUMBER
        for width in _WINDOWS
        for name in ("events", "lines", "spend")
    },
}
_OPEN: dict[str, Kind] = {
    "traits": Kind.SOME,
    "attributes": Kind.TEXT,
    "live.kinds": Kind.NUMBER,
    "predictions": Kind.NUMBER,
    "percentiles": Kind.NUMBER,
    "bands": Kind.TEXT,
    "classes": Kind.TEXT,
}
"""What follows these and a dot is named by the shop."""


def names_of(kind: Kind) -> tuple[list[str], list[str]]:
    """Return the fields of a kind, and those names below which the shop's own are of it."""
    whole = [field for field, each in _KINDS.items() if each is kind]
    return whole, [head for head, each in _OPEN.items() if each is kind]


def kind_of(field: str) -> Kind:
    """Return what the value of a field is.

    ``lifecycle.recency``, ``.frequency`` and ``.monetary`` are fifths, 1 to 5. Below
    ``predictions`` are values, below ``percentiles``, ``bands`` and ``classes`` (the likeliest of a
    *which* question) what goes with them. ``categories``, ``brands`` and ``items`` are the keys of
    the favourites.

    Raises
    ------
    BadConfig
        If there is no such field; the hint names the nearest.

    Examples
    --------
    >>> kind_of("bands.churn")
    <Kind.TEXT: 'text'>
    """
    found = _KINDS.get(field)
    if found is not None:
        return found
    for head, kind in _OPEN.items():
        if field.startswith(f"{head}.") and len(field) > len(head) + 1:
            return kind
    close = get_close_matches(field, [*_KINDS, *(f"{head}.NAME" for head in _OPEN)], n=1)
    opened = ", ".join(f"{head}.NAME" for head in _OPEN)
    raise BadConfig(
        f"a rule cannot ask for {field!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"{', '.join(_KINDS)}, {opened}",
    )
