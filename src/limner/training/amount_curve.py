"""From what a network says of amounts to amounts that mean what they say."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

__all__ = ["AmountCurve"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AmountCurve:
    """Mends typical amounts on the scale of ``log1p``, and sets what is expected.

    ``slope`` and ``shift`` are those of a straight line there. ``knots`` are typical and expected
    amounts (2, K): a rising curve where the network knows no expectation; else ``volume``
    multiplies what it expects.
    """

    slope: float = 1.0
    shift: float = 0.0
    volume: float = 1.0
    knots: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @classmethod
    def fit(cls, said: Floats, truth: Floats, *, expects: bool) -> Self:
        """Learn from answers (N, 2), expected and typical, and true amounts (N,).

        Parameters
        ----------
        said, truth
            Of customers who did not teach the network.
        expects
            Whether the network knows what is expected, and not only what is typical.
        """
        if len(truth) < 2 or not truth.any():
            return cls()
        logs, wanted = np.log1p(said[:, 1]), np.log1p(truth)
        spread = float(np.var(logs))
        slope = float(np.cov(logs, wanted, bias=True)[0, 1]) / spread if spread > 1e-9 else 1.0
        slope = slope if slope > 0.2 else 1.0
        shift = float(wanted.mean() - slope * logs.mean())
        if expects:
            volume = float(truth.sum() / max(said[:, 0].sum(), 1e-9))
            return cls(slope, shift, float(np.clip(volume, 0.5, 2.0)))
        rising = IsotonicRegression(y_min=0.0, out_of_bounds="clip").fit(said[:, 1], truth)
        knots = tuple(map(float, rising.X_thresholds_)), tuple(map(float, rising.y_thresholds_))
        return cls(slope, shift, 1.0, knots)

    def __call__(self, said: Floats) -> Floats:
        """Return answers (N, 2) that were mended."""
        typical = np.expm1(np.maximum(self.slope * np.log1p(said[:, 1]) + self.shift, 0))
        expected = said[:, 0] * self.volume
        if self.knots is not None:
            expected = np.interp(said[:, 1], *self.knots)
        return np.stack([expected, typical], axis=1)

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON can hold it."""
        return {
            "slope": self.slope,
            "shift": self.shift,
            "volume": self.volume,
            "knots": self.knots,
        }

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Self:
        """Return the curve that :meth:`to_dict` described."""
        knots = table["knots"]
        both = None if knots is None else (tuple(knots[0]), tuple(knots[1]))
        return cls(table["slope"], table["shift"], table["volume"], both)
