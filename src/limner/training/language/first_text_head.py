"""The head that tuning begins with: the best linear one upon vectors as they are."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from limner.heads.language.task import TextTask

__all__ = ["first_head"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
PENALTIES = (10.0, 100.0, 1000.0)
"""Weights of the squared coefficients that are tried, against the sum of the losses. A column is
about 1, so that a penalty of the number of columns is 1 against vectors of length 1."""
USUAL = 100.0


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
        return _linear(task, features[taught], truth[taught], penalty=USUAL)
    tried = [
        _linear(task, features[taught], truth[taught], penalty=penalty) for penalty in PENALTIES
    ]
    errors = [
        _error(task, features[held] @ weights.T + shift, truth[held]) for weights, shift in tried
    ]
    return tried[int(np.argmin(errors))]


def _linear(
    task: TextTask, features: Floats, truth: Floats, *, penalty: float
) -> tuple[Floats, Floats]:
    if not task.classes:
        ridge = Ridge(alpha=penalty).fit(features, truth)
        return ridge.coef_.reshape(1, -1).astype(np.float32), _one(ridge.intercept_)
    if task.alone:
        right = truth.argmax(axis=1)
        model = LogisticRegression(C=1 / penalty, max_iter=1000).fit(features, right)
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
