"""What models foretell of one customer."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from limner.errors import BadShape

__all__ = [
    "Band",
    "Chance",
    "Described",
    "Expected",
    "Factor",
    "Prediction",
    "Shape",
]

Shape = Literal["whether", "how_many", "how_much", "which"]
Band = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Chance:
    """One class of a *which* question and its probability."""

    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class Factor:
    """What moved a prediction: the effect has a sign, the value is what the model read."""

    name: str
    effect: float
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one question for this customer.

    ``value`` is a probability in [0, 1] or an amount in ``unit`` over ``horizon_days`` from
    ``as_of``, which is the profile's where it is null; for *which* it is the probability of the
    first class. ``percentile`` in [0, 100] says how many of the customers asked have a lower value.
    The band is low below ``medium_from`` and high from ``high_from``, both in ``unit``.
    """

    question: str
    shape: Shape
    horizon_days: int
    unit: str
    value: float
    model_version: str
    percentile: float | None = None
    band: Band | None = None
    medium_from: float | None = None
    high_from: float | None = None
    classes: tuple[Chance, ...] = ()
    factors: tuple[Factor, ...] = ()
    title_en: str = ""
    title_zh: str = ""
    as_of: datetime | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise BadShape(
                f"prediction {self.question!r} must be a finite number, got {self.value}",
                hint="leave the customer out of the answers where there is none",
            )


@dataclass(frozen=True, slots=True)
class Expected:
    """One score of the behaviour model: what comes within ``horizon_days`` of ``as_of``.

    ``question`` is ``purchase``, ``orders``, ``spend`` or ``category``, which ``about`` names.
    ``statistic`` says what ``value`` is: a ``probability`` in [0, 1], the ``expected`` amount, or
    the ``typical`` one, which lies below it; ``unit`` is ``probability``, ``orders`` or that of
    money.
    """

    question: str
    horizon_days: float
    value: float
    unit: str
    statistic: Literal["probability", "expected", "typical"]
    about: str = ""


@dataclass(frozen=True, slots=True)
class Described:
    """What the behaviour model says of a customer as of the profile's own moment.

    It reads the events themselves, so it knows the newest of them, where ``predictions`` are as
    of the last fit. ``coverage`` in [0, 1] is the share of lines with an item whose item the model
    knows by name. Of the categories the likeliest are kept.
    """

    model_version: str
    coverage: float
    scores: tuple[Expected, ...]
