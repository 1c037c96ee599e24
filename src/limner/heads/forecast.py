"""What a shop is told of its customers: one question, answered as of a moment."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadShape
from limner.heads.answers import Shape

__all__ = ["Forecast"]

Floats = NDArray[np.float64]
Texts = NDArray[np.str_]


def _no_text() -> Texts:
    return np.zeros((0, 0), np.str_)


def _no_number() -> Floats:
    return np.zeros((0, 0), np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """The answers to one question for N customers, as of a moment.

    ``horizon_days`` is 0 where the question is about the customer and not about what comes.
    Shapes: ``customers`` (N,) ids. ``values`` (N,): a calibrated probability for ``whether``, the
    expected amount for ``how_many`` and ``how_much``; (N, C) probabilities for ``which`` with C
    ``classes``; empty for ``what_next``, which has ``items`` (N, K) ids, best first and empty
    where nothing is left, their ``scores`` (N, K) and ``sources`` (N, K), the names of what
    brought them. ``factor_places`` (N, R) point into ``factor_names`` (F,): the columns that moved
    the answer most, the strongest first, with their ``factor_effects`` (N, R) before the link
    (log odds, or log of the amount) and raw ``factor_values`` (N, R).
    """

    question: str
    shape: Shape
    horizon_days: float
    as_of: datetime
    unit: str
    model_version: str
    customers: Texts
    values: Floats
    classes: tuple[str, ...] = ()
    factor_names: tuple[str, ...] = ()
    factor_places: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    factor_effects: Floats = field(default_factory=_no_number)
    factor_values: Floats = field(default_factory=_no_number)
    items: Texts = field(default_factory=_no_text)
    scores: Floats = field(default_factory=_no_number)
    sources: Texts = field(default_factory=_no_text)

    def __post_init__(self) -> None:
        rows = len(self.items) if self.shape == "what_next" else len(self.values)
        if rows != len(self.customers):
            raise BadShape(f"{self.question}: {rows} answers for {len(self.customers)} customers")

    def __len__(self) -> int:
        return len(self.customers)
