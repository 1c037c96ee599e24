"""Probabilities that mean what they say: Platt's and isotonic calibration."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

__all__ = ["Calibration", "calibrate", "logit"]

Floats = NDArray[np.float64]
EDGE = 1e-6
"""Probabilities are kept so far from 0 and 1, so that their logits are finite."""


def logit(probability: NDArray[Any]) -> Floats:
    """Return the log of the odds; probabilities of 0 and 1 are moved in a little first."""
    inner = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(np.log(inner) - np.log1p(-inner))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising curve from raw to calibrated probability.

    ``slope`` and ``shift`` are Platt's (1999), on the logit. With ``knots``, which are raw and
    calibrated probabilities (2, K), it is the isotonic curve (Zadrozny and Elkan 2002) instead,
    straight between the knots; a thousandth of the raw probability is mixed in, so that it never
    ties.
    """

    slope: float = 1.0
    shift: float = 0.0
    knots: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    def __call__(self, probability: Floats) -> Floats:
        """Calibrate probabilities of any shape."""
        if self.knots is None:
            return np.asarray(expit(self.slope * logit(probability) + self.shift))
        raw, calibrated = self.knots
        curve = np.interp(probability, raw, calibrated)
        return np.asarray(0.999 * curve + 0.001 * probability)

    def to_dict(self) -> dict[str, Any]:
        """Return the curve as JSON can hold it."""
        return {"slope": self.slope, "shift": self.shift, "knots": self.knots}

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Self:
        """Return the curve that :meth:`to_dict` described."""
        knots = table["knots"]
        return cls(
            table["slope"],
            table["shift"],
            None if knots is None else (tuple(knots[0]), tuple(knots[1])),
        )


def calibrate(probability: Floats, truth: Floats, *, seed: int = 0) -> Calibration:
    """Choose and fit a calibration on a validation sample.

    Platt's two numbers where there are fewer than 200 of either outcome; with more, whichever of
    Platt and isotonic has the lower log loss in five-fold cross-validation.

    Parameters
    ----------
    probability
        Raw probabilities (N,).
    truth
        Outcomes (N,), 0 or 1.
    seed
        Decides the folds.
    """
    positives = int(truth.sum())
    if min(positives, len(truth) - positives) == 0:
        return Calibration()
    if min(positives, len(truth) - positives) < 200:
        return _platt(probability, truth)
    folds = np.random.default_rng(seed).permutation(len(truth)) % 5
    losses = []
    for fit in (_platt, _isotonic):
        held_out = np.empty(len(truth))
        for fold in range(5):
            out = folds == fold
            held_out[out] = fit(probability[~out], truth[~out])(probability[out])
        losses.append(_log_loss(held_out, truth))
    return (_platt if losses[0] <= losses[1] else _isotonic)(probability, truth)


def _platt(probability: Floats, truth: Floats) -> Calibration:
    model = LogisticRegression(C=1e4).fit(logit(probability)[:, None], truth)
    slope = float(model.coef_[0, 0])
    # A falling curve would turn the order of customers round; then only the level is mended.
    if slope <= 0:
        return Calibration(1.0, float(logit(np.array(truth.mean())) - logit(probability).mean()))
    return Calibration(slope, float(model.intercept_[0]))


def _isotonic(probability: Floats, truth: Floats) -> Calibration:
    curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(probability, truth)
    return Calibration(
        knots=(tuple(map(float, curve.X_thresholds_)), tuple(map(float, curve.y_thresholds_)))
    )


def _log_loss(probability: Floats, truth: Floats) -> float:
    inner = np.clip(probability, EDGE, 1 - EDGE)
    return float(-np.mean(truth * np.log(inner) + (1 - truth) * np.log(1 - inner)))
