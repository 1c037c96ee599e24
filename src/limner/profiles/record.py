"""What we know of one customer: a frozen record in which every figure says where it came from."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal, Self

from pydantic import TypeAdapter, ValidationError
from rich.console import RenderableType

from limner.errors import BadShape
from limner.profiles.card import card_html
from limner.profiles.predictions import Band, Chance, Described, Factor, Prediction, Shape
from limner.profiles.text import card_text, card_view

__all__ = [
    "Attribute",
    "Band",
    "Basis",
    "Chance",
    "Clause",
    "CustomerValue",
    "Described",
    "EventReference",
    "Factor",
    "Favourite",
    "Identity",
    "KindCount",
    "Language",
    "Lifecycle",
    "Prediction",
    "Profile",
    "ReasonCode",
    "Recommendation",
    "RfmGroup",
    "Rhythm",
    "Score",
    "Shape",
    "Stage",
    "Trait",
]

Language = Literal["en", "zh"]
Basis = Literal["spend", "purchases", "events"]
Stage = Literal["prospect", "new", "active", "returned", "slowing", "lapsed"]
RfmGroup = Literal[
    "CHAMPIONS",
    "LOYAL",
    "ACTIVE",
    "NEW",
    "PROMISING",
    "NEEDS_ATTENTION",
    "PREVIOUSLY_LOYAL",
    "AT_RISK",
    "ALMOST_LOST",
    "DORMANT",
    "PROSPECTS",
]
ReasonCode = Literal[
    "bought_before", "bought_with", "same_category", "same_brand", "popular", "model"
]

_KEYS = {"traits": "name", "predictions": "question", "recommendations": "item_id"}
_KEYS |= dict.fromkeys(("categories", "brands", "items"), "key")


@dataclass(frozen=True, slots=True)
class EventReference:
    """Which event of the log is meant: enough to find it again."""

    kind: str
    time: datetime
    order_id: str | None = None
    item_id: str | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """What the customer told, and when it became known; null where that moment is not on record."""

    name: str
    value: str
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this is: other names, the first and the last sign of life before ``as_of``."""

    first_seen: datetime
    last_seen: datetime
    aliases: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """One of recency, frequency, monetary: the raw value, its unit, the fifth it falls in (5 best).

    ``quintile`` is null for a customer who never ordered.
    """

    unit: str
    value: float | None = None
    quintile: int | None = None


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Where the customer stands; see :mod:`limner.profiles.lifecycle` for the rules."""

    stage: Stage
    rfm_group: RfmGroup
    recency: Score
    frequency: Score
    monetary: Score


@dataclass(frozen=True, slots=True)
class Trait:
    """One thing the log says of the customer: a value, its unit, its source, and its witnesses."""

    name: str
    value: bool | int | float | str
    unit: str
    as_of: datetime
    source: str = "log"
    evidence: tuple[EventReference, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise BadShape(
                f"trait {self.name!r} must be a finite number, got {self.value}",
                hint="leave the trait out where nothing is known",
            )


@dataclass(frozen=True, slots=True)
class Favourite:
    """A category, brand or item the customer chooses often.

    ``share`` in [0, 1] of what ``basis`` says: of spend, of purchase lines, or of events for a
    customer who never bought. ``count`` is of lines; ``spend`` in the profile's currency.
    """

    key: str
    name: str
    share: float
    basis: Basis
    count: int
    spend: float
    last: EventReference


@dataclass(frozen=True, slots=True)
class KindCount:
    """How often the customer did one kind of thing."""

    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When the customer comes.

    ``hours`` has 24 counts and ``weekdays`` 7, Monday first, of orders (of events, for a customer
    who never bought), in ``time_zone``; ``hours`` is empty where the log knows only days.
    ``weekly_spend`` is net spend in the weeks before ``as_of``, the newest last.
    """

    basis: Literal["orders", "events"]
    time_zone: str
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    weekly_spend: tuple[float, ...] = ()
    preferred_hour: int | None = None
    preferred_weekday: int | None = None
    usual_gap_days: float | None = None


@dataclass(frozen=True, slots=True)
class CustomerValue:
    """The nine fields that Klaviyo users know; null where one does not apply.

    Amounts in the profile's currency. The two predicted fields are for ``prediction_days``.
    """

    historic_clv: float | None = None
    predicted_clv: float | None = None
    total_clv: float | None = None
    historic_number_of_orders: int | None = None
    predicted_number_of_orders: float | None = None
    average_order_value: float | None = None
    average_days_between_orders: float | None = None
    expected_date_of_next_order: datetime | None = None
    churn_probability: float | None = None
    prediction_days: int | None = None


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One item for this customer: its score, which method found it, and why, in both languages."""

    item_id: str
    title: str
    score: float
    source: str
    reason: ReasonCode
    is_new: bool
    reason_en: str = ""
    reason_zh: str = ""
    evidence: tuple[EventReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """One sentence of the summary, the names of what it rests on, and the events behind them.

    Each of ``evidence`` is a path that :meth:`Profile.resolve` follows: ``traits.orders``.
    """

    name: str
    text_en: str
    text_zh: str
    evidence: tuple[str, ...]
    events: tuple[EventReference, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """The portrait of one customer as of a moment; nothing at or after ``as_of`` is in it."""

    customer_id: str
    as_of: datetime
    computed_at: datetime
    identity: Identity
    lifecycle: Lifecycle
    rhythm: Rhythm
    value: CustomerValue
    currency: str | None = None
    model_version: str | None = None
    traits: tuple[Trait, ...] = ()
    categories: tuple[Favourite, ...] = ()
    brands: tuple[Favourite, ...] = ()
    items: tuple[Favourite, ...] = ()
    kinds: tuple[KindCount, ...] = ()
    predictions: tuple[Prediction, ...] = ()
    described: Described | None = None
    recommendations: tuple[Recommendation, ...] = ()
    summary: tuple[Clause, ...] = ()

    def __post_init__(self) -> None:
        if not self.customer_id:
            raise BadShape("customer_id of a profile must not be empty", hint="name who it is")
        for name in ("as_of", "computed_at"):
            if getattr(self, name).utcoffset() is None:
                raise BadShape(
                    f"{name} of profile {self.customer_id!r} must have a zone",
                    hint="datetime(..., tzinfo=UTC)",
                )

    def trait(self, name: str) -> Trait | None:
        """Return one trait, or None where the log does not say."""
        return next((trait for trait in self.traits if trait.name == name), None)

    def prediction(self, question: str) -> Prediction | None:
        """Return the answer to one question, or None where it was not asked."""
        return next((each for each in self.predictions if each.question == question), None)

    def resolve(self, path: str) -> object:
        """Follow a path as the summary names it: ``traits.orders``, ``lifecycle.stage``.

        Raises
        ------
        LookupError
            If there is nothing at that place.
        """
        place, _, rest = path.partition(".")
        found: object = None
        if place in _KEYS:
            named = ((getattr(each, _KEYS[place]), each) for each in getattr(self, place))
            found = next((each for key, each in named if key == rest), None)
        elif place in {"identity", "lifecycle", "rhythm", "value"}:
            found = getattr(getattr(self, place), rest, None)
        if found is None:
            raise LookupError(f"the profile of {self.customer_id!r} has nothing at {path!r}")
        return found

    def summary_text(self, language: Language = "en") -> str:
        """Return the summary as one paragraph."""
        if language == "zh":
            return "".join(clause.text_zh for clause in self.summary)
        return " ".join(clause.text_en for clause in self.summary)

    def to_json(self) -> bytes:
        """Return the profile as compact JSON; what is as by default is left out."""
        return _adapter().dump_json(self, exclude_defaults=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as plain JSON values, for ``--json`` and for templates."""
        return _adapter().dump_python(self, mode="json")  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises
        ------
        BadShape
            If it is not a profile.
        """
        try:
            return _adapter().validate_json(text)  # type: ignore[return-value]
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise BadShape(f"this is not a profile: {place}: {first['msg']}") from None

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` made; raises BadShape as :meth:`from_json` does."""
        return cls.from_json(json.dumps(plain))

    def to_text(self, language: Language = "en", *, width: int = 96) -> str:
        """Return the card for a terminal, at most ``width`` columns wide."""
        return card_text(self, language, width=width)

    def to_html(self, language: Language = "en") -> str:
        """Return the card for a notebook; it holds both languages and opens in this one."""
        return card_html(self, language)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __rich__(self) -> RenderableType:
        """Return the card for ``rich.print``, in colours where the terminal has them."""
        return card_view(self)

    def __str__(self) -> str:
        """Return the card as text."""
        return self.to_text()


@cache
def _adapter() -> TypeAdapter[Profile]:
    return TypeAdapter(Profile)
