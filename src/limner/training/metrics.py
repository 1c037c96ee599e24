"""How good an answer is: one number each, from numpy arrays, with its source.

Every function is the plain reading of a gauge of :mod:`limner.training.gauges`, which reads the
same number on a thousand resamples; so what stands in the report and its interval are one
definition. A value that does not exist (for instance AUROC without a positive) is NaN.

**N** customers, **C** classes.
"""

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadShape
from limner.training import gauges

__all__ = [
    "auroc",
    "average_precision",
    "brier",
    "ece",
    "lift_top_tenth",
    "mae",
    "mean_auroc",
    "r2_log",
    "rmse",
    "spearman",
    "volume_ratio",
]

Floats = NDArray[np.float64]


def auroc(truth: Floats, score: Floats) -> float:
    """Return how often a positive is scored above a negative; ties count half. 0.5 is chance.

    References
    ----------
    Hanley, McNeil: "The Meaning and Use of the Area under a Receiver Operating Characteristic
    (ROC) Curve", Radiology 143, 1982: the area is the Mann-Whitney statistic.

    Examples
    --------
    >>> auroc(np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.1, 0.4, 0.4, 0.9]))
    0.875
    """
    truth, score = _pair(truth, score)
    return _read(gauges.auroc_gauge(truth, score), len(truth))


def mean_auroc(truth: Floats, score: Floats) -> float:
    """Return the mean AUROC over those of C classes that have both outcomes; both (N, C)."""
    truth, score = _pair(truth, score, axes=2)
    both = (truth.min(axis=0) == 0) & (truth.max(axis=0) == 1)
    parts = [gauges.auroc_gauge(truth[:, at], score[:, at]) for at in np.flatnonzero(both)]
    return _read(gauges.mean_of_gauges(parts), len(truth)) if parts else float("nan")


def average_precision(truth: Floats, score: Floats) -> float:
    """Return the precision at each positive, averaged; tied scores enter together, none between.

    The base rate is what chance gives. There is no interpolation, which would flatter.

    References
    ----------
    Davis, Goadrich: "The Relationship Between Precision-Recall and ROC Curves", ICML 2006; the sum
    over thresholds is that of scikit-learn's ``average_precision_score``.

    Examples
    --------
    >>> truth, score = np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.9, 0.8, 0.7, 0.7])
    >>> average_precision(truth, score)
    0.75
    """
    truth, score = _pair(truth, score)
    return _read(gauges.average_precision_gauge(truth, score), len(truth))


def brier(truth: Floats, probability: Floats) -> float:
    """Return the mean squared distance of the probability from what came true. 0 is best.

    References
    ----------
    Brier: "Verification of Forecasts Expressed in Terms of Probability", Monthly Weather Review
    78, 1950, for two outcomes and halved, as is usual today.
    """
    truth, probability = _pair(truth, probability)
    return _read(gauges.mean_gauge((probability - truth) ** 2), len(truth))


def ece(truth: Floats, probability: Floats) -> float:
    """Return the expected calibration error over fifteen bins of equal mass. 0 is best.

    The customers are sorted by probability and cut into fifteen parts of equal size (equal mass,
    not equal width: most probabilities lie in a corner); in each part the mean probability is held
    against the rate of positives; the distances are averaged. A group of equal probabilities that
    straddles a border is shared out alike, so the order of ties does not matter.

    References
    ----------
    Naeini, Cooper, Hauskrecht: "Obtaining Well Calibrated Probabilities Using Bayesian Binning",
    AAAI 2015, with the equal-mass bins of Nixon et al.: "Measuring Calibration in Deep Learning",
    CVPR workshops 2019.
    """
    truth, probability = _pair(truth, probability)
    return _read(gauges.ece_gauge(truth, probability), len(truth))


def lift_top_tenth(truth: Floats, score: Floats) -> float:
    """Return how many times the base rate the best scored tenth reaches. 1 is chance, 10 the most.

    A group of equal scores that straddles the border enters in part, with its mean outcome.
    """
    truth, score = _pair(truth, score)
    return _read(gauges.lift_gauge(truth, score), len(truth))


def rmse(truth: Floats, expected: Floats) -> float:
    """Return the root of the mean squared error, in the unit of the truth."""
    truth, expected = _pair(truth, expected)
    return _read(gauges.rmse_gauge(truth, expected), len(truth))


def mae(truth: Floats, typical: Floats) -> float:
    """Return the mean absolute error, in the unit of the truth."""
    truth, typical = _pair(truth, typical)
    return _read(gauges.mean_gauge(np.abs(typical - truth)), len(truth))


def r2_log(truth: Floats, typical: Floats) -> float:
    """Return R² of ``log1p(typical)`` against ``log1p(truth)``; what is negative counts as 0."""
    truth, typical = _pair(truth, typical)
    return _read(gauges.r2_gauge(_log(truth), _log(typical)), len(truth))


def spearman(truth: Floats, score: Floats) -> float:
    """Return the correlation of the ranks; equal values have their mean rank.

    A constant has no ranks to speak of: its value is NaN.

    References
    ----------
    Spearman: "The Proof and Measurement of Association between Two Things", American Journal of
    Psychology 15, 1904; ties as in Kendall, "Rank Correlation Methods", 1948, chapter 3.
    """
    truth, score = _pair(truth, score)
    return _read(gauges.spearman_gauge(truth, score), len(truth))


def volume_ratio(truth: Floats, expected: Floats) -> float:
    """Return the sum of what was expected over the sum of what came. 1 is best."""
    truth, expected = _pair(truth, expected)
    return _read(gauges.ratio_gauge(expected, truth), len(truth))


def _log(amount: Floats) -> Floats:
    return np.log1p(np.maximum(amount, 0.0))


def _read(gauge: gauges.Gauge, customers: int) -> float:
    return float(gauge(np.ones((customers, 1)))[0])


def _pair(truth: Floats, score: Floats, *, axes: int = 1) -> tuple[Floats, Floats]:
    truth, score = np.asarray(truth, np.float64), np.asarray(score, np.float64)
    if truth.ndim != axes or truth.shape != score.shape:
        wanted = "(N,)" if axes == 1 else "(N, C)"
        raise BadShape(
            f"truth and prediction must both be {wanted}, got {truth.shape} and {score.shape}"
        )
    return truth, score
