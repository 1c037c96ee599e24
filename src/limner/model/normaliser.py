"""Columns on one scale: by rank for what was counted, by spread for what was learned."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from limner.errors import BadShape, NotFitted

__all__ = ["NormalScores", "Normaliser", "StandardScores"]

Features = NDArray[np.float32]
KNOTS = 101
FARTHEST = 3.0


class Normaliser(Protocol):
    """Brings columns to one scale that it learned from training rows; nothing is NaN any more."""

    def fit(self, columns: Features) -> Self:
        """Learn from columns (N, F), NaN where nothing is known."""
        ...

    def __call__(self, columns: Features) -> Features:
        """Return columns (N, :attr:`width`), a missing value in the middle of its column.

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        BadShape
            If there are more columns or fewer than were learned.
        """
        ...

    @property
    def width(self) -> int:
        """How many columns come out. Raises NotFitted."""
        ...

    def save(self, file: Path) -> None:
        """Write the numbers to a file with the suffix ``.npz``."""
        ...

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        ...


class NormalScores:
    """Maps each column by its own quantiles to a normal deviate, three at most.

    So skewed counts and outliers do no harm. A value that comes often, as nought does, has the
    middle of its ranks. A missing value is 0, and a column of its own says that it was missing,
    where that ever was so.

    Attributes
    ----------
    knots_
        The quantiles (101, F); set by :meth:`fit`.
    missing_
        Which columns ever lacked a value (G,); set by :meth:`fit`.

    Examples
    --------
    >>> scores = NormalScores().fit(np.array([[1.0], [2.0], [9.0]], np.float32))
    >>> scores(np.array([[2.0], [100.0], [np.nan]], np.float32)).round(2).T
    array([[0., 3., 0.]], dtype=float32)
    """

    def __init__(self) -> None:
        self.knots_: Features | None = None
        self.missing_: NDArray[np.int64] | None = None

    def fit(self, columns: Features) -> Self:
        """Learn the quantiles of columns (N, F), NaN where nothing is known."""
        knots = np.zeros((KNOTS, columns.shape[1]), np.float32)
        for place in range(columns.shape[1]):
            known = columns[:, place][~np.isnan(columns[:, place])]
            if len(known):
                knots[:, place] = np.quantile(known, np.linspace(0, 1, KNOTS))
        self.knots_, self.missing_ = knots, np.flatnonzero(np.isnan(columns).any(axis=0))
        return self

    def __call__(self, columns: Features) -> Features:
        """Return scores and marks (N, F + G); see :class:`Normaliser`."""
        quantiles, missing = self._fitted()
        _check(columns, quantiles.shape[1])
        scores = np.zeros(columns.shape, np.float32)
        levels = np.linspace(0, 1, KNOTS)
        for place in range(columns.shape[1]):
            knots, values = quantiles[:, place], columns[:, place]
            low = np.searchsorted(knots, values, side="left") / (KNOTS - 1)
            high = (np.searchsorted(knots, values, side="right") - 1) / (KNOTS - 1)
            # Between two knots the rank rises in a straight line; on some, it is their middle.
            rank = np.where(high >= low, (low + high) / 2, np.interp(values, knots, levels))
            scores[:, place] = ndtri(np.clip(rank, 1e-9, 1 - 1e-9)).clip(-FARTHEST, FARTHEST)
        marks = np.isnan(columns)
        return np.hstack([np.where(marks, 0, scores), marks[:, missing]]).astype(np.float32)

    @property
    def width(self) -> int:
        """How many columns come out, F + G."""
        knots, missing = self._fitted()
        return int(knots.shape[1]) + len(missing)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learned."""
        knots, missing = self._fitted()
        return {"knots": knots, "missing": missing}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read what :meth:`to_arrays` gave."""
        made = cls()
        made.knots_, made.missing_ = arrays["knots"], arrays["missing"]
        return made

    def save(self, file: Path) -> None:
        """Write the numbers to a file with the suffix ``.npz``."""
        knots, missing = self._fitted()
        np.savez_compressed(file.with_suffix(".npz"), knots=knots, missing=missing)

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(file.with_suffix(".npz"), allow_pickle=False) as arrays:
            self.knots_, self.missing_ = arrays["knots"], arrays["missing"]
        return self

    def _fitted(self) -> tuple[Features, NDArray[np.int64]]:
        if self.knots_ is None or self.missing_ is None:
            raise NotFitted("the scores have not learned yet", hint="call fit(…) first")
        return self.knots_, self.missing_


class StandardScores:
    """Takes off the mean and divides by the standard deviation; a missing value becomes 0.

    Parameters
    ----------
    each
        Whether each column is divided by its own deviation. If not, all are divided by one, so
        that columns keep their weights against each other.
    unit
        Whether each row is brought to the length √F then, so that only where it points counts.

    Attributes
    ----------
    mean_, deviation_
        Both (F,); set by :meth:`fit`.
    """

    def __init__(self, *, each: bool = True, unit: bool = False) -> None:
        self.each, self.unit = each, unit
        self.mean_: Features | None = None
        self.deviation_: Features | None = None

    def fit(self, columns: Features) -> Self:
        """Learn from columns (N, F), NaN where nothing is known."""
        known = ~np.isnan(columns)
        counts = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, columns, 0).sum(axis=0, dtype=np.float64) / counts
        squared = np.where(known, (columns - mean) ** 2, 0.0).sum(axis=0) / counts
        if not self.each:
            squared = np.full_like(squared, squared.mean() if len(squared) else 0.0)
        # A column that never changed says nothing, whatever comes later.
        deviation = np.where(squared > 1e-12 * (1 + mean**2), np.sqrt(squared), np.inf)
        self.mean_, self.deviation_ = mean.astype(np.float32), deviation.astype(np.float32)
        return self

    def __call__(self, columns: Features) -> Features:
        """Return columns (N, F); see :class:`Normaliser`."""
        mean, deviation = self._fitted()
        _check(columns, len(mean))
        scores = np.nan_to_num((columns - mean) / deviation, nan=0.0).astype(np.float32)
        if self.unit:
            length = np.linalg.norm(scores, axis=1, keepdims=True)
            scores *= np.float32(np.sqrt(len(mean))) / np.maximum(length, np.float32(1e-9))
        return np.asarray(scores, np.float32)

    @property
    def width(self) -> int:
        """How many columns come out, F."""
        return len(self._fitted()[0])

    def save(self, file: Path) -> None:
        """Write the numbers to a file with the suffix ``.npz``."""
        mean, deviation = self._fitted()
        np.savez_compressed(
            file.with_suffix(".npz"),
            mean=mean,
            deviation=deviation,
            ways=np.array([self.each, self.unit]),
        )

    def load(self, file: Path) -> Self:
        """Read what :meth:`save` wrote."""
        with np.load(file.with_suffix(".npz"), allow_pickle=False) as arrays:
            self.mean_, self.deviation_ = arrays["mean"], arrays["deviation"]
            self.each, self.unit = (bool(way) for way in arrays["ways"])
        return self

    def _fitted(self) -> tuple[Features, Features]:
        if self.mean_ is None or self.deviation_ is None:
            raise NotFitted("the scores have not learned yet", hint="call fit(…) first")
        return self.mean_, self.deviation_


def _check(columns: Features, width: int) -> None:
    if columns.ndim != 2 or columns.shape[1] != width:
        raise BadShape(f"columns must be (N, {width}) as they were learned, got {columns.shape}")
