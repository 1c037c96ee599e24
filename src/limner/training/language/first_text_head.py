"""The head that tuning begins with: the best linear one upon vectors as they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression, Ridge

from limner.heads.language.task import TextTask

__all__ = ["USUAL", "Folds", "across_folds", "first_head", "linear_head"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
PENALTIES = (10.0, 100.0, 1000.0)
"""Weights of the squared coefficients that are tried, against the sum of the losses. A column is
about 1, so that a penalty of the number of columns is 1 against vectors of length 1."""
MANY_PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Those that are tried in folds: of many classes with few texts each, hardly any is best."""
USUAL = 100.0
Folds = Sequence[tuple[Ints, Ints]]
"""Who teaches and who is asked in each fold, as numbers of rows."""


def first_head(
    task: TextTask,
    features: Floats,
    truth: Floats,
    *,
    taught: Ints,
    held: Ints,
) -> tuple[Floats, Floats]:
    """Return weights (K, F) and shifts (K,) of a linear head upon features (N, F).

    How strongly it is held back is chosen by those held out, where there are any.
    """
    if not len(held):
        return linear_head(task, features[taught], truth[taught])
    tried = [
        linear_head(task, features[taught], truth[taught], penalty=penalty) for penalty in PENALTIES
    ]
    errors = [
        _error(task, features[held] @ weights.T + shift, truth[held]) for weights, shift in tried
    ]
    return tried[int(np.argmin(errors))]


def across_folds(
    task: TextTask, features: Floats, truth: Floats, *, folds: Folds, choose: bool
) -> tuple[Floats, float]:
    """Return the scores (N, K) of heads that learned from all but the fold, and their penalty.

    Parameters
    ----------
    task
        What is asked.
    features, truth
        (N, F), and truth as the task has it.
    folds
        Each row is asked in one.
    choose
        Whether the penalty under which these scores are likeliest is chosen, or the usual one
        taken: vectors that learned from the labels would ask for too small a one.
    """
    best: tuple[float, Floats, float] | None = None
    for penalty in MANY_PENALTIES if choose else (USUAL,):
        said = np.zeros((len(features), task.outputs), np.float32)
        for taught, held in folds:
            weights, shift = linear_head(task, features[taught], truth[taught], penalty=penalty)
            said[held] = features[held] @ weights.T + shift
        loss = _loss(task, said, truth)
        if best is None or loss < best[0]:
            best = loss, said, penalty
    assert best is not None
    return best[1], best[2]


def linear_head(
    task: TextTask,
    features: Floats,
    truth: Floats,
    *,
    penalty: float = USUAL,
    counts: NDArray[np.float64] | None = None,
) -> tuple[Floats, Floats]:
    """Return weights (K, F) and shifts (K,) of a linear head upon features (N, F).

    ``counts`` (N,) says how much each row counts where one class is true; none: 1.
    """
    if not task.classes:
        ridge = Ridge(alpha=penalty).fit(features, truth)
        return ridge.coef_.reshape(1, -1).astype(np.float32), _one(ridge.intercept_)
    if task.alone:
        right = truth.argmax(axis=1)
        model = LogisticRegression(C=1 / penalty, max_iter=1000).fit(features, right, counts)
        return _laid_out(model, task.outputs)
    rows = [_yes_or_no(features, truth[:, at] > 0.5, penalty) for at in range(task.outputs)]
    return np.stack([row for row, _ in rows]), np.concatenate([shift for _, shift in rows])


def _laid_out(model: LogisticRegression, outputs: int) -> tuple[Floats, Floats]:
    """Return the weights of all classes, also where two have one side, or some were not seen."""
    coefficients, shifts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        coefficients, shifts = (
            np.concatenate([-coefficients, coefficients]) / 2,
            (np.concatenate([-shifts, shifts]) / 2),
        )
    weights = np.zeros((outputs, coefficients.shape[1]), np.float32)
    shift = np.full(outputs, shifts.min() - 1, np.float32)
    weights[model.classes_], shift[model.classes_] = coefficients, shifts
    return weights, shift


def _yes_or_no(features: Floats, true: NDArray[np.bool_], penalty: float) -> tuple[Floats, Floats]:
    if true.all() or not true.any():
        return np.zeros(features.shape[1], np.float32), _one(4.0 if true.all() else -4.0)
    model = LogisticRegression(C=1 / penalty, max_iter=1000).fit(features, true)
    return model.coef_[0].astype(np.float32), _one(model.intercept_[0])


def _one(number: float) -> Floats:
    return np.atleast_1d(np.asarray(number, np.float32))


def _error(task: TextTask, said: Floats, truth: Floats) -> float:
    """Return mistakes where one class is true, else the mean squared or the log loss."""
    if not task.classes:
        return float(np.square(said[:, 0] - truth).mean())
    if task.alone:
        return float((said.argmax(axis=1) != truth.argmax(axis=1)).mean())
    return float(np.logaddexp(0, np.where(truth > 0, -said, said)).mean())


def _loss(task: TextTask, said: Floats, truth: Floats) -> float:
    """Return the mean log loss, of numbers the mean squared one."""
    if not task.alone:
        return _error(task, said, truth)
    return float(-(log_softmax(said.astype(np.float64), axis=1) * truth).sum(axis=1).mean())
