"""How right answers about texts are, with intervals over texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, roc_auc_score

from limner.heads.language.task import TextTask
from limner.training.bootstrap import interval, resample_counts

__all__ = ["ClassRow", "TextScores", "score_texts"]

Floats = NDArray[np.float64]
RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How one class fared; ``support`` is how many texts it is true of.

    There is no precision where it was never said, and no recall where it is true of no text.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True, slots=True)
class TextScores:
    """What came of asking N texts.

    Attributes
    ----------
    values
        The metrics by name.
    intervals
        Where 95 % of the resamples of the texts lie, of the metrics that were resampled.
    classes
        Each class, where there are any.
    confusion
        How often each true class (rows) was taken for each (columns), where one alone is true.
    texts
        N.
    """

    values: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    classes: tuple[ClassRow, ...] = ()
    confusion: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    texts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return metrics, intervals and classes for JSON."""
        return {
            **self.values,
            "intervals": {name: list(each) for name, each in self.intervals.items()},
            "classes": {
                each.name: {
                    "precision": each.precision,
                    "recall": each.recall,
                    "f1": each.f1,
                    "support": each.support,
                }
                for each in self.classes
            },
            "texts": self.texts,
        }


def score_texts(
    task: TextTask, answers: Floats, truth: NDArray[np.float32], *, seed: int = 0
) -> TextScores:
    """Score answers about N texts.

    Parameters
    ----------
    task
        What was asked.
    answers
        Probabilities (N, C) or numbers (N,), as the task answers.
    truth
        As :meth:`~limner.heads.language.task.TextTask.truth` has it.
    seed
        Where the resamples begin.

    Returns
    -------
    For one class of several ``accuracy`` and ``macro_f1``, the mean over the classes that are true
    of a text or were said of one, and for two classes ``auroc`` and ``average_precision`` of the
    second; for any of several ``accuracy`` of whole sets, ``macro_f1`` and ``micro_f1``; for
    numbers ``rmse``, ``mae``, ``r2`` and ``spearman``.
    """
    if not task.classes:
        return _of_numbers(answers, task.answer(truth[:, None]), seed)
    said = np.zeros(answers.shape, bool)
    if task.alone:
        said[np.arange(len(said)), answers.argmax(axis=1)] = True
    else:
        said = answers > 0.5
    true = truth > 0.5
    hits, right = said & true, (said == true).all(axis=1)
    # A class that was said of a text and is true of none stays a mistake in every resample.
    counted, never_true = (said | true).any(axis=0), ~true.any(axis=0)
    told = np.stack([hits, said, true]).astype(np.float32)  # (3, N, C)

    def metrics(counts: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
        """Return accuracy, macro and micro F1 of resamples (N, R)."""
        met, named, there = np.einsum("knc,nr->krc", told, counts, optimize=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            each = np.where(named + there > 0, 2 * met / (named + there), np.nan)
            each[:, never_true] = 0.0
            micro = 2 * met.sum(axis=1) / (named.sum(axis=1) + there.sum(axis=1))
        accuracy = right.astype(np.float32) @ counts / len(right)
        return accuracy, np.nanmean(each[:, counted], axis=1), micro

    values = dict(zip(_NAMES, (float(each[0]) for each in metrics(_once(right))), strict=True))
    drawn = [
        metrics(counts)
        for counts in resample_counts(len(right), np.random.default_rng(seed), resamples=RESAMPLES)
    ]
    spread = {
        name: interval(np.concatenate([each[at] for each in drawn]))
        for at, name in enumerate(_NAMES)
    }
    if task.alone:
        del values["micro_f1"], spread["micro_f1"]
    if task.alone and len(task.classes) == 2 and 0 < true[:, 1].sum() < len(true):
        values["auroc"] = float(roc_auc_score(true[:, 1], answers[:, 1]))
        values["average_precision"] = float(average_precision_score(true[:, 1], answers[:, 1]))
    return TextScores(
        values,
        {name: each for name, each in spread.items() if each is not None},
        _classes(task, told),
        _confusion(said, true) if task.alone else np.zeros((0, 0), np.int64),
        len(right),
    )


_NAMES = ("accuracy", "macro_f1", "micro_f1")


def _once(right: NDArray[np.bool_]) -> Floats:
    return np.ones((len(right), 1))


def _classes(task: TextTask, told: NDArray[np.float32]) -> tuple[ClassRow, ...]:
    met, named, there = told.sum(axis=1)
    return tuple(
        ClassRow(
            name,
            _share(met[at], named[at]),
            _share(met[at], there[at]),
            _share(2 * met[at], named[at] + there[at]),
            int(there[at]),
        )
        for at, name in enumerate(task.classes)
    )


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _confusion(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.asarray(true.astype(np.int64).T @ said.astype(np.int64))


def _of_numbers(said: Floats, true: Floats, seed: int) -> TextScores:
    def metrics(said: Floats, true: Floats) -> dict[str, float]:
        wrong = said - true
        spread = float(np.square(true - true.mean()).sum())
        found = {
            "rmse": float(np.sqrt(np.square(wrong).mean())),
            "mae": float(np.abs(wrong).mean()),
        }
        if spread > 0:
            found["r2"] = 1 - float(np.square(wrong).sum()) / spread
            found["spearman"] = _spearman(said, true)
        return found

    rng = np.random.default_rng(seed)
    rows = [rng.integers(0, len(said), len(said)) for _ in range(RESAMPLES)]
    drawn = [metrics(said[each], true[each]) for each in rows]
    values = metrics(said, true)
    spread = {
        name: interval(np.array([each.get(name, np.nan) for each in drawn])) for name in values
    }
    return TextScores(
        values, {name: each for name, each in spread.items() if each is not None}, texts=len(said)
    )


def _spearman(said: Floats, true: Floats) -> float:
    """Return the correlation of ranks; nought where one of the two is the same everywhere."""
    one, other = rankdata(said), rankdata(true)
    one, other = one - one.mean(), other - other.mean()
    length = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum() / length) if length else 0.0
