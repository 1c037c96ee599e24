"""What every method answered to one question at one cut, beside what came true."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadShape

__all__ = ["Answers", "Rankings", "Shape", "some_rows"]

Shape = Literal["whether", "how_many", "how_much", "which", "what_next"]
"""The five shapes of a question."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Texts = NDArray[Any]

AMOUNTS = ("how_many", "how_much")
"""The shapes that are answered with an amount."""

LEAST_DEPTH = 10
"""How many items a ranking must hold: the metrics look at the first ten."""


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """N customers, one question, what came true and what each method had said.

    Shapes: ``customers`` (N,) ids; ``classes`` C names, the commonest first, for ``which`` and
    else empty; ``truth`` (N,), or (N, C) for ``which``.
    For ``whether`` and ``which`` truth is 0 or 1 and ``predictions`` are probabilities of its
    shape. For ``how_many`` (orders) and ``how_much`` (money) predictions are (N, 2): what is
    *expected* (the mean) and what is *typical* (``expm1`` of the mean of ``log1p``).

    ``horizon_days`` is how far the question looks ahead of ``cut``, in days, and 0 where it asks
    who somebody is; ``seconds`` how long each method took, where it was measured; ``trained`` how
    many weights it trained, where it told; ``orders`` (N,) how many orders each customer had before
    the cut, where that is known.

    Raises
    ------
    BadShape
        If an array has not its shape, or holds what cannot be: a probability above 1, a
        negative amount, a value that is not finite.
    """

    question: str
    shape: Shape
    horizon_days: float
    cut: datetime
    customers: Texts
    truth: Floats
    predictions: Mapping[str, Floats]
    classes: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    orders: Ints | None = None
    trained: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _known_shape(self.question, self.shape, among=list(get_args(Shape)[:-1]))
        _whole_list(self.question, self.customers)
        _one_each(f"{self.question}: orders", self.orders, len(self))
        if (self.shape == "which") != bool(self.classes):
            raise BadShape(
                f"{self.question}: classes go with the shape 'which', got {len(self.classes)} "
                f"classes and the shape {self.shape!r}"
            )
        truth = _numbers(f"{self.question}: truth", self.truth, self._truth_shape)
        if self.shape not in AMOUNTS and not np.isin(truth, (0.0, 1.0)).all():
            raise BadShape(f"{self.question}: truth must be 0 or 1 for the shape {self.shape!r}")
        predictions = {}
        for method, given in self.predictions.items():
            what = f"{self.question}: predictions of {method!r}"
            predictions[method] = _numbers(what, given, self._prediction_shape)
            _in_range(what, predictions[method], amounts=self.shape in AMOUNTS)
        object.__setattr__(self, "truth", truth)
        object.__setattr__(self, "predictions", MappingProxyType(predictions))
        for name in ("seconds", "trained"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __len__(self) -> int:
        return len(self.customers)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes; a read-only view of a dictionary cannot."""
        return _made_again, (type(self), _plain(self))

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order given."""
        return tuple(self.predictions)

    def take(self, rows: NDArray[Any]) -> "Answers":
        """Return the answers about some of the customers only."""
        said = {method: given[rows] for method, given in self.predictions.items()}
        return replace(
            self,
            customers=self.customers[rows],
            truth=self.truth[rows],
            predictions=said,
            orders=None if self.orders is None else self.orders[rows],
        )

    @property
    def _truth_shape(self) -> tuple[int, ...]:
        return (len(self), len(self.classes)) if self.classes else (len(self),)

    @property
    def _prediction_shape(self) -> tuple[int, ...]:
        return (len(self), 2) if self.shape in AMOUNTS else self._truth_shape


@dataclass(frozen=True, slots=True, eq=False)
class Rankings:
    """N customers, what each took within the horizon, and what each method would have shown.

    Items are codes from 0 to ``items`` - 1; ``items`` is how many could be recommended. Shapes:
    ``customers`` (N,) ids; ``truth`` and ``seen`` hold the distinct items taken within the horizon
    and before the cut, all customers one after another, and customer i owns the slice from
    ``truth_at[i]`` to ``truth_at[i + 1]``, both (N + 1,); ``seen`` rises within a customer.
    ``top`` has for each method (N, K) codes, the best first, K at least 10, and -1 where nothing
    was left to show. ``orders`` (N,) is how many orders each customer had before the cut and
    ``new`` (items,) which items first came up shortly before the cut or later, ``tail`` (items,)
    which few had taken before it, where that is known.

    Raises
    ------
    BadShape
        If an array has not its shape, a slice runs backwards, an item code is out of range, or a
        ranking shows an item twice.
    """

    question: str
    shape: Shape
    horizon_days: float
    cut: datetime
    customers: Texts
    truth_at: Ints
    truth: Ints
    seen_at: Ints
    seen: Ints
    top: Mapping[str, Ints]
    items: int
    seconds: Mapping[str, float] = field(default_factory=dict)
    orders: Ints | None = None
    new: NDArray[np.bool_] | None = None
    tail: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        _known_shape(self.question, self.shape, among=["what_next"])
        _whole_list(self.question, self.customers)
        _one_each(f"{self.question}: orders", self.orders, len(self))
        _one_each(f"{self.question}: new", self.new, self.items)
        _one_each(f"{self.question}: tail", self.tail, self.items)
        for name in ("truth", "seen"):
            what = f"{self.question}: {name}"
            at, codes = getattr(self, f"{name}_at"), getattr(self, name)
            _slices(what, at, codes, customers=len(self))
            _codes(what, codes, least=0, items=self.items)
            if _repeats(np.repeat(np.arange(len(self)), np.diff(at)), codes):
                raise BadShape(f"{what} must hold an item once a customer, but one stands twice")
        for method, ranked in self.top.items():
            self._check_top(f"{self.question}: top of {method!r}", ranked)
        object.__setattr__(self, "top", MappingProxyType(dict(self.top)))
        object.__setattr__(self, "seconds", MappingProxyType(dict(self.seconds)))

    def __len__(self) -> int:
        return len(self.customers)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes; a read-only view of a dictionary cannot."""
        return _made_again, (type(self), _plain(self))

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, in the order given."""
        return tuple(self.top)

    def take(self, rows: NDArray[Any]) -> "Rankings":
        """Return the rankings of some of the customers only; ``rows`` are places or a mask."""
        places = np.arange(len(self))[rows]
        truth_at, truth = some_rows(self.truth_at, self.truth, places)
        seen_at, seen = some_rows(self.seen_at, self.seen, places)
        return replace(
            self,
            customers=self.customers[places],
            truth_at=truth_at,
            truth=truth,
            seen_at=seen_at,
            seen=seen,
            top={method: ranked[places] for method, ranked in self.top.items()},
            orders=None if self.orders is None else self.orders[places],
        )

    def sought_among(self, items: NDArray[np.bool_]) -> "Rankings":
        """Return the rankings held against some of the items only; ``items`` is a mask (items,).

        What was shown stays, so a method pays for the places that it gives to other items.
        """
        kept = items[self.truth]
        at = np.concatenate([[0], np.cumsum(kept)])[self.truth_at]
        return replace(self, truth_at=at, truth=self.truth[kept])

    def _check_top(self, what: str, ranked: Ints) -> None:
        if ranked.ndim != 2 or len(ranked) != len(self) or ranked.shape[1] < LEAST_DEPTH:
            raise BadShape(
                f"{what} must be (N, K) with N {len(self)} and K at least {LEAST_DEPTH}, "
                f"got shape {ranked.shape}"
            )
        _codes(what, ranked, least=-1, items=self.items)
        shown = ranked >= 0
        if _repeats(np.nonzero(shown)[0], ranked[shown]):
            raise BadShape(f"{what} must show an item once to a customer, but one stands twice")


def some_rows(at: Ints, values: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return bounds and values of some rows; row i holds ``values[at[i]:at[i + 1]]``."""
    counts = at[rows + 1] - at[rows]
    starts = np.concatenate([[0], np.cumsum(counts)])
    places = np.repeat(at[rows] - starts[:-1], counts) + np.arange(starts[-1])
    return starts, values[places]


def _known_shape(question: str, shape: str, *, among: list[str]) -> None:
    if shape not in among:
        raise BadShape(f"{question}: the shape must be {' or '.join(among)}, got {shape!r}")


def _whole_list(question: str, customers: Texts) -> None:
    if customers.ndim != 1:
        raise BadShape(f"{question}: customers must be (N,), got shape {customers.shape}")
    if len(np.unique(customers)) != len(customers):
        raise BadShape(f"{question}: customers must be distinct, but one stands twice")


def _one_each(what: str, values: NDArray[Any] | None, count: int) -> None:
    if values is not None and values.shape != (count,):
        raise BadShape(f"{what} must have shape {(count,)}, got {values.shape}")


def _numbers(what: str, given: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the numbers as float64, once they have the shape and are finite."""
    numbers = np.asarray(given, np.float64)
    if numbers.shape != shape:
        raise BadShape(f"{what} must have shape {shape}, got {numbers.shape}")
    if not np.isfinite(numbers).all():
        bad = int(np.argmin(np.isfinite(numbers.reshape(len(numbers), -1)).all(axis=1)))
        raise BadShape(f"{what} must be finite, got {numbers[bad]} for customer number {bad}")
    return numbers


def _in_range(what: str, numbers: Floats, *, amounts: bool) -> None:
    if not numbers.size:
        return
    if numbers.min() < 0:
        raise BadShape(
            f"{what} must not be negative, got {numbers.min():g}",
            hint="cut them off: np.maximum(predictions, 0)",
        )
    if not amounts and numbers.max() > 1:
        raise BadShape(f"{what} are probabilities and must not exceed 1, got {numbers.max():g}")


def _slices(what: str, at: Ints, codes: Ints, *, customers: int) -> None:
    if at.shape != (customers + 1,) or codes.ndim != 1:
        raise BadShape(
            f"{what} needs slice bounds of shape {(customers + 1,)} and flat codes, "
            f"got {at.shape} and {codes.shape}"
        )
    if at[0] != 0 or at[-1] != len(codes) or (np.diff(at) < 0).any():
        raise BadShape(f"{what}: the slice bounds must rise from 0 to {len(codes)}")


def _codes(what: str, codes: Ints, *, least: int, items: int) -> None:
    if not np.issubdtype(codes.dtype, np.integer):
        raise BadShape(f"{what} must hold whole numbers, got {codes.dtype}")
    if codes.size and not least <= codes.min() <= codes.max() < items:
        raise BadShape(
            f"{what} must lie between {least} and {items - 1}, got {codes.min()} to {codes.max()}"
        )


def _repeats(owners: Ints, codes: Ints) -> bool:
    """Return whether an owner has a code twice."""
    if not codes.size:
        return False
    keys = owners * (int(codes.max()) + 1) + codes
    return len(np.unique(keys)) != len(keys)


def _plain(record: "Answers | Rankings") -> dict[str, Any]:
    """Return the fields of a record, read-only views as dictionaries."""
    return {
        each.name: dict(value) if isinstance(value, Mapping) else value
        for each in fields(record)
        for value in (getattr(record, each.name),)
    }


def _made_again(kind: type[Any], given: dict[str, Any]) -> Any:  # noqa: ANN401 - either record
    return kind(**given)
