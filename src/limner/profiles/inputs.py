"""The door for predictions: plain arrays over customers, as the learning wing hands them over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from limner.errors import BadShape
from limner.profiles.predictions import Band, Chance, Described, Factor, Prediction, Shape

__all__ = ["Answered", "Describes", "PredictionInput", "RankedInput", "TraitInput"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class Answered(Protocol):
    """The answers to one question, by customer."""

    def of(self, customer_id: str) -> Prediction | None:
        """Return the answer for one customer, or None where there is none."""
        ...


class Describes(Protocol):
    """Who reads what customers did; the same events give the same answers to the last bit."""

    @property
    def version(self) -> str:
        """Which model it is."""
        ...

    def describe(
        self, events: pl.DataFrame, items: pl.DataFrame, at: datetime
    ) -> Mapping[str, Described]:
        """Return what is said of each customer as of a moment.

        Parameters
        ----------
        events
            All that the customers did before, with the columns of the log.
        items
            ``item_id``, ``category`` (a path) and ``brand`` of what the shop knows.
        at
            The moment. Where it lies before the end of what the model learned from, nothing is
            said of anybody.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TraitInput:
    """One thing that is known of customers from elsewhere than counts: ``values`` by customer.

    ``source`` says from where, ``unit`` in what it is counted, ``as_of`` when that was known; see
    :class:`~limner.profiles.record.Trait`.
    """

    name: str
    unit: str
    source: str
    as_of: datetime
    values: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True, eq=False)
class PredictionInput:
    """The answers to one question for N customers.

    Parameters
    ----------
    question, shape, horizon_days, unit, model_version
        What was asked, and by which model it is answered. ``unit`` is ``probability``, ``orders``
        or a currency. A horizon of 0 says that the question has none.
    customers
        Their ids (N,), each once.
    values
        (N,) float64; for *which* (N, C), a probability for each class. A customer whose value is
        NaN has no answer and gets none.
    classes
        The C classes of a *which* question.
    percentiles
        (N,) in [0, 100], or None to rank each value among all given here.
    band_edges
        From where the band is medium and from where high, in ``unit``; None for the median and
        the top tenth of all given here.
    factor_names, factor_indices, factor_effects, factor_values
        Names (F,); for each customer up to J of them (N, J), strongest first, -1 for none; with
        signed effects (N, J) and the raw values that the model read (N, J), NaN for unknown.
    title_en, title_zh
        What was asked, in words.
    keep_classes
        How many classes a profile keeps, likeliest first.

    Raises
    ------
    BadShape
        If the arrays do not fit together.
    """

    question: str
    shape: Shape
    horizon_days: int
    unit: str
    model_version: str
    customers: Sequence[str]
    values: Floats
    classes: tuple[str, ...] = ()
    percentiles: Floats | None = None
    band_edges: tuple[float, float] | None = None
    factor_names: tuple[str, ...] = ()
    factor_indices: Codes | None = None
    factor_effects: Floats | None = None
    factor_values: Floats | None = None
    title_en: str = ""
    title_zh: str = ""
    keep_classes: int = 5
    _rows: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = len(self.customers)
        wanted = (n, len(self.classes)) if self.shape == "which" else (n,)
        self._check("values", self.values, wanted)
        if self.percentiles is None and self.shape != "which":
            object.__setattr__(self, "percentiles", _percentiles(self.values))
        if self.percentiles is not None:
            self._check("percentiles", self.percentiles, (n,))
        if self.factor_indices is not None:
            for name in ("factor_effects", "factor_values"):
                self._check(name, getattr(self, name), self.factor_indices.shape)
            if self.factor_indices.size and self.factor_indices.max() >= len(self.factor_names):
                raise BadShape(
                    f"{self.question}: factor_indices must be below {len(self.factor_names)},"
                    f" got {self.factor_indices.max()}"
                )
        if self.band_edges is None and self.shape != "which":
            object.__setattr__(self, "band_edges", _edges(self.values))
        object.__setattr__(self, "_rows", _places(self.customers, self.question))

    def of(self, customer_id: str) -> Prediction | None:
        """Return the answer for one customer, or None where there is none."""
        row = self._rows.get(customer_id)
        if row is None or np.isnan(self.values[row]).any():
            return None
        classes: tuple[Chance, ...] = ()
        if self.shape == "which":
            if not self.classes:
                return None
            best = np.argsort(-self.values[row], kind="stable")[: self.keep_classes]
            classes = tuple(
                Chance(self.classes[place], float(self.values[row, place])) for place in best
            )
            value, edges = classes[0].probability, None
        else:
            value, edges = float(self.values[row]), self.band_edges
        percentile = None if self.percentiles is None else round(float(self.percentiles[row]), 2)
        return Prediction(
            question=self.question,
            shape=self.shape,
            horizon_days=self.horizon_days,
            unit=self.unit,
            value=value,
            model_version=self.model_version,
            percentile=percentile,
            band=None if edges is None else _band(value, edges),
            medium_from=None if edges is None else edges[0],
            high_from=None if edges is None else edges[1],
            classes=classes,
            factors=self._factors(row),
            title_en=self.title_en,
            title_zh=self.title_zh,
        )

    def _factors(self, row: int) -> tuple[Factor, ...]:
        if self.factor_indices is None or self.factor_effects is None or self.factor_values is None:
            return ()
        columns: list[list[Any]] = [
            each[row].tolist()
            for each in (self.factor_indices, self.factor_effects, self.factor_values)
        ]
        return tuple(
            Factor(self.factor_names[index], effect, value if np.isfinite(value) else None)
            for index, effect, value in zip(*columns, strict=True)
            if index >= 0
        )

    def _check(self, name: str, array: Floats | None, wanted: tuple[int, ...]) -> None:
        if array is None or array.shape != wanted:
            came = "none" if array is None else f"shape {array.shape}"
            raise BadShape(f"{self.question}: {name} must have shape {wanted}, got {came}")


@dataclass(frozen=True, slots=True, eq=False)
class RankedInput:
    """The best items for N customers, from one method.

    Parameters
    ----------
    source
        Which method ranked them, for instance ``reranked``.
    customers
        Their ids (N,), each once.
    items
        Item ids (V,); the codes below are places in it.
    top
        (N, K) int64, best first; -1 where nothing is left.
    scores
        (N, K) float64, in the method's own unit.
    because
        (N, K) int64 or None: the bought item that speaks most for each, or -1.

    Raises
    ------
    BadShape
        If the arrays do not fit together.
    """

    source: str
    customers: Sequence[str]
    items: Sequence[str]
    top: Codes
    scores: Floats
    because: Codes | None = None
    _rows: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        n = len(self.customers)
        if self.top.ndim != 2 or len(self.top) != n:
            raise BadShape(f"{self.source}: top must be ({n}, K), got shape {self.top.shape}")
        for name, array in (("scores", self.scores), ("because", self.because)):
            if array is not None and array.shape != self.top.shape:
                raise BadShape(
                    f"{self.source}: {name} must have the shape of top {self.top.shape},"
                    f" got {array.shape}"
                )
        for name, codes in (("top", self.top), ("because", self.because)):
            if codes is not None and codes.size and codes.max() >= len(self.items):
                raise BadShape(
                    f"{self.source}: {name} must be below {len(self.items)}, got {codes.max()}"
                )
        object.__setattr__(self, "_rows", _places(self.customers, self.source))

    def of(self, customer_id: str) -> list[tuple[str, float, str | None]]:
        """Return the items of one customer, best first: id, score, and the item it is due to."""
        row = self._rows.get(customer_id)
        if row is None:
            return []
        codes, scores = self.top[row].tolist(), self.scores[row].tolist()
        because = [-1] * len(codes) if self.because is None else self.because[row].tolist()
        return [
            (self.items[code], score, self.items[due] if due >= 0 else None)
            for code, score, due in zip(codes, scores, because, strict=True)
            if code >= 0 and np.isfinite(score)
        ]


def _places(customers: Sequence[str], what: str) -> dict[str, int]:
    places = {str(customer): row for row, customer in enumerate(customers)}
    if len(places) != len(customers):
        raise BadShape(
            f"{what}: each customer must come once, {len(customers)} rows name {len(places)}"
        )
    return places


def _percentiles(values: Floats) -> Floats:
    """Return for each value how many of all are lower, in hundredths; NaN stays NaN."""
    known = np.sort(values[~np.isnan(values)])
    lower = np.searchsorted(known, values, side="left") / max(1, len(known))
    return np.where(np.isnan(values), np.nan, 100 * lower)


def _edges(values: Floats) -> tuple[float, float] | None:
    """Return the median and the ninth tenth, or None where all values are one."""
    known = values[~np.isnan(values)]
    if len(known) == 0 or known.min() == known.max():
        return None
    medium, high = np.quantile(known, [0.5, 0.9])
    return float(medium), float(high)


def _band(value: float, edges: tuple[float, float]) -> Band:
    if value >= edges[1] and edges[1] > edges[0]:
        return "high"
    return "medium" if value >= edges[0] else "low"
