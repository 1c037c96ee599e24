"""A segment, and those that every shop has: groups of recency, frequency and money, and stages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from limner.apps.segments.fields import CHOICES, GROUP, STAGE
from limner.apps.segments.rule import Clause, Rule, plain_rule

__all__ = ["BUILT_IN", "Segment", "is_built_in"]

_HEADS = {"rfm.": GROUP, "stage.": STAGE}


@dataclass(frozen=True, slots=True)
class Segment:
    """A rule that has a name; ``version`` counts its changes, 0 of one that is built in."""

    id: str
    name: str
    rule: Rule
    description: str = ""
    version: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "rule": plain_rule(self.rule),
            "version": self.version,
            "built_in": is_built_in(self.id),
        }


def is_built_in(segment_id: str) -> bool:
    """Whether a name is of, or kept for, the segments that every shop has."""
    return segment_id.startswith(tuple(_HEADS))


BUILT_IN: Mapping[str, Segment] = {
    each.id: each
    for head, field in _HEADS.items()
    for word in CHOICES[field]
    for each in [
        Segment(
            f"{head}{word.lower()}",
            word if head == "rfm." else word.capitalize(),
            Clause(field=field, op="eq", value=word),
            f"{'The RFM group' if head == 'rfm.' else 'The stage of life'} is {word}.",
        )
    ]
}
"""Shopify's eleven groups as ``rfm.champions`` and so on, the stages as ``stage.lapsed``."""
