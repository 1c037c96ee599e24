"""From answers to rows: every metric of a question for every method, with intervals."""

from collections.abc import Callable, Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from limner.errors import BadConfig
from limner.heads.answers import Answers, Rankings
from limner.training import bootstrap, gauges, ranking_metrics
from limner.training.gauges import Gauge
from limner.training.scoreboard import REFERENCES, Row

__all__ = ["FOREMOST", "LEAST_POSITIVES", "METRICS", "MOST_CLASSES", "classes_scored", "score"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_POSITIVES = 200
"""Below so many positive outcomes no figure is given: its interval would say nothing."""

MOST_CLASSES = 50
"""How many of the commonest classes of a ``which`` question are scored."""

METRICS: Mapping[str, tuple[str, ...]] = {
    "whether": ("auroc", "average_precision", "brier", "ece", "lift_top_tenth"),
    "which": ("auroc", "average_precision", "brier", "ece"),
    "how_many": ("rmse", "mae", "r2_log", "spearman", "volume_ratio"),
    "how_much": ("rmse", "mae", "r2_log", "spearman", "volume_ratio"),
    "what_next": (
        *(f"{name}@10" for name in ("ndcg", "recall", "hit", "coverage")),
        *(f"{name}@10:repeat" for name in ("ndcg", "recall", "hit")),
        *(f"{name}@10:new" for name in ("ndcg", "recall", "hit")),
    ),
}
"""The metrics of each shape of question."""

FOREMOST: Mapping[str, str] = {
    "whether": "auroc",
    "which": "auroc",
    "how_many": "spearman",
    "how_much": "r2_log",
    "what_next": "ndcg@10",
}
"""The metric of each shape to look at first."""

LEANING = ("ece", "coverage@10")
"""Metrics that lean to one side in a resample: noise adds to a calibration error, and a third of
the customers, with what was shown to them alone, is missing. Their resamples are centred on the
value before they are read."""

Measured = tuple[int, Callable[[str], Gauge]]
"""The positives that a metric rests on, and what makes its gauge for a method."""


def score(
    answers: Answers | Rankings,
    *,
    seed: int,
    resamples: int = 1000,
    reference: str | None = None,
    metrics: Collection[str] | None = None,
    part: str = "all",
) -> list[Row]:
    """Score every method of a question, on the same customers and the same resamples.

    Parameters
    ----------
    answers
        What was said and what came true.
    seed
        Where chance begins; the same seed gives the same rows.
    resamples
        How often the customers are drawn anew for the intervals.
    reference
        Against which method the others are held; by default that of :data:`REFERENCES` for the
        shape, and if it did not take part there are no differences.
    metrics
        Which metrics; none: all of the shape.
    part
        What the rows say of their ``slice``.

    Returns
    -------
    Rows, methods in the order given and within each the metrics of :data:`METRICS`. A metric that
    rests on fewer than :data:`LEAST_POSITIVES` positives has no value but says so: positive
    outcomes for ``whether``, positive pairs of a customer and a class for ``which``, customers
    with more than nothing for amounts, customers who took such an item for ``what_next``.

    Raises
    ------
    BadConfig
        If the reference was named but did not take part.
    """
    if reference is not None and reference not in answers.methods:
        raise BadConfig(
            f"{answers.question}: the reference must be one of {', '.join(answers.methods)}, "
            f"got {reference!r}",
            hint="leave it out for the usual one",
        )
    against = reference or REFERENCES[answers.shape]
    wanted = [name for name in METRICS[answers.shape] if metrics is None or name in metrics]
    able = _rankings(answers, wanted) if isinstance(answers, Rankings) else _answers(answers)
    measured = {metric: able[metric] for metric in wanted}
    enough = {
        metric: make
        for metric, (positives, make) in measured.items()
        if positives >= LEAST_POSITIVES
    }
    made = {
        (method, metric): make(method)
        for method in answers.methods
        for metric, make in enough.items()
    }
    value, drawn = _read(made, len(answers), seed=seed, resamples=resamples)
    rows = []
    for method in answers.methods:
        for metric, (positives, _) in measured.items():
            one, other = (method, metric), (against, metric)
            known = one in value and np.isfinite(value[one])
            paired = known and other in value and np.isfinite(value[other])
            low, high = _level(metric, drawn[one], value[one]) if known else (None, None)
            delta = value[one] - value[other] if paired else None
            delta_low, delta_high = (
                (None, None) if delta is None else _around(drawn[one] - drawn[other], delta)
            )
            rows.append(
                Row(
                    question=answers.question,
                    shape=answers.shape,
                    horizon_days=answers.horizon_days,
                    cut=answers.cut,
                    method=method,
                    metric=metric,
                    value=value[one] if known else None,
                    low=low,
                    high=high,
                    n=len(answers),
                    positives=positives,
                    delta=delta,
                    delta_low=delta_low,
                    delta_high=delta_high,
                    too_few=None if known else _reason(metric, positives),
                    slice=part,
                )
            )
    return rows


def classes_scored(truth: Floats) -> Ints:
    """Return which of the classes (N, C), the commonest first, have both outcomes; 50 at most."""
    first = truth[:, :MOST_CLASSES]
    if not len(first):
        return np.zeros(0, np.int64)
    return np.flatnonzero((first.min(axis=0) == 0) & (first.max(axis=0) == 1))


def _answers(answers: Answers) -> dict[str, Measured]:
    truth, said = answers.truth, answers.predictions
    if answers.shape == "which":
        return _which(answers)
    positives = int((truth > 0).sum())
    if answers.shape == "whether":
        makers: dict[str, Callable[[str], Gauge]] = {
            "auroc": lambda method: gauges.auroc_gauge(truth, said[method]),
            "average_precision": lambda method: gauges.average_precision_gauge(truth, said[method]),
            "brier": lambda method: gauges.mean_gauge((said[method] - truth) ** 2),
            "ece": lambda method: gauges.ece_gauge(truth, said[method]),
            "lift_top_tenth": lambda method: gauges.lift_gauge(truth, said[method]),
        }
    else:
        log = np.log1p(np.maximum(truth, 0.0))
        makers = {
            "rmse": lambda method: gauges.rmse_gauge(truth, said[method][:, 0]),
            "mae": lambda method: gauges.mean_gauge(np.abs(said[method][:, 1] - truth)),
            "r2_log": lambda method: gauges.r2_gauge(log, np.log1p(said[method][:, 1])),
            "spearman": lambda method: gauges.spearman_gauge(truth, said[method][:, 0]),
            "volume_ratio": lambda method: gauges.ratio_gauge(said[method][:, 0], truth),
        }
    return {metric: (positives, makers[metric]) for metric in METRICS[answers.shape]}


def _which(answers: Answers) -> dict[str, Measured]:
    """AUROC class by class, then averaged; the others over all pairs of a customer and a class."""
    scored = classes_scored(answers.truth)
    truth = answers.truth[:, scored]
    pooled, owners = truth.ravel(), np.repeat(np.arange(len(answers)), len(scored))
    positives = int(truth.sum())

    def said(method: str) -> Floats:
        return np.asarray(answers.predictions[method][:, scored])

    makers: dict[str, Callable[[str], Gauge]] = {
        "auroc": lambda method: gauges.mean_of_gauges(
            [gauges.auroc_gauge(truth[:, at], said(method)[:, at]) for at in range(len(scored))]
        ),
        "average_precision": lambda method: gauges.average_precision_gauge(
            pooled, said(method).ravel(), owners
        ),
        "brier": lambda method: gauges.mean_gauge(((said(method) - truth) ** 2).mean(axis=1)),
        "ece": lambda method: gauges.ece_gauge(pooled, said(method).ravel(), owners),
    }
    return {metric: (positives, makers[metric]) for metric in METRICS["which"]}


def _rankings(rankings: Rankings, wanted: Collection[str]) -> dict[str, Measured]:
    measured: dict[str, Measured] = {}
    for part in ranking_metrics.PARTS:
        of_part = [name for name in wanted if (name.partition(":")[2] or "all") == part]
        if not of_part:
            continue
        found = {
            method: ranking_metrics.hits(rankings, method, part) for method in rankings.methods
        }
        asked = sum(int(each.asked.sum()) for each in list(found.values())[:1])
        for metric in of_part:
            name = metric.partition("@10")[0]
            measured[metric] = asked, _ranking_gauge(rankings, found, name)
    return measured


def _ranking_gauge(
    rankings: Rankings, found: Mapping[str, ranking_metrics.Hits], name: str
) -> Callable[[str], Gauge]:
    if name == "coverage":
        return lambda method: ranking_metrics.coverage_gauge(rankings, method)
    return lambda method: gauges.ratio_gauge(getattr(found[method], name), found[method].asked)


def _read(
    made: Mapping[tuple[str, str], Gauge], customers: int, *, seed: int, resamples: int
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], Floats]]:
    """Return each gauge's value on all customers, and its values on the resamples (R,)."""
    once = np.ones((customers, 1))
    value = {key: float(gauge(once)[0]) for key, gauge in made.items()}
    blocks: dict[tuple[str, str], list[Floats]] = {key: [] for key in made}
    rng = np.random.default_rng(seed)
    if made:
        for counts in bootstrap.resample_counts(customers, rng, resamples=resamples):
            for key, gauge in made.items():
                blocks[key].append(gauge(counts))
    drawn = {key: np.concatenate(parts) for key, parts in blocks.items()}
    for key, values in drawn.items():
        if key[1] in LEANING and values.size:
            drawn[key] = values - values.mean() + value[key]
    return value, drawn


def _around(values: Floats, value: float) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of the resamples, widened to the value itself should it lie outside."""
    found = bootstrap.interval(values)
    return (min(found[0], value), max(found[1], value)) if found else (None, None)


def _level(metric: str, values: Floats, value: float) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of a value; a share that was centred stays between 0 and 1."""
    return _around(np.clip(values, 0.0, 1.0) if metric in LEANING else values, value)


def _reason(metric: str, positives: int) -> str:
    if positives < LEAST_POSITIVES:
        return f"{positives} positives, fewer than {LEAST_POSITIVES}"
    return f"{metric} has no value here: the truth or the answers are all alike"
