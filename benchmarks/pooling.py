"""Pooling answers over cuts and seeds: one figure a method, with paired intervals over customers.

A figure is the mean over cuts of the mean over seeds. The customers are drawn anew from everybody
asked at any cut, and whoever is drawn counts as often at every cut and with every seed; so what a
customer makes easy or hard at several cuts at once is not taken for independent evidence. All
methods are read on the same draws, and a difference is taken within each draw: a percentile
bootstrap, as :mod:`limner.training.bootstrap` has it for a single cut.

The metric goes by the shape: AUROC for ``whether``, mean AUROC over the classes for ``which``, R²
of the logarithm for ``how_many`` and ``how_much``, NDCG@10 for ``what_next``. To use it::

    pooled = pool([(seed, answers), ...])
    pooled.figure("fused"), pooled.delta("fused", "hand_made")
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.heads.answers import Answers, Rankings
from limner.training import bootstrap, gauges, ranking_metrics
from limner.training.scoring import classes_scored

__all__ = ["METRICS", "Figure", "Pooled", "pool", "table"]

Floats = NDArray[np.float64]

METRICS = {
    "whether": "auroc",
    "which": "mean_auroc",
    "how_many": "r2_log",
    "how_much": "r2_log",
    "what_next": "ndcg@10",
}
"""The metric of each shape of question."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value and what holds 95 % of its resamples; ``low`` and ``high`` are NaN without any."""

    value: float
    low: float
    high: float

    @property
    def differs(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


@dataclass(frozen=True, slots=True)
class Pooled:
    """One question over its cuts and seeds.

    ``values`` has a figure a method on all customers, ``drawn`` its R resamples (R,), and
    ``by_cut`` the mean over the seeds at each cut. ``customers`` counts everybody asked at any cut.
    """

    question: str
    metric: str
    customers: int
    cuts: tuple[datetime, ...]
    seeds: tuple[int, ...]
    values: Mapping[str, float]
    drawn: Mapping[str, Floats]
    by_cut: Mapping[tuple[str, datetime], float]

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods that answered at every cut and with every seed."""
        return tuple(self.values)

    def figure(self, method: str) -> Figure:
        """Return a method's value and its interval."""
        return _figure(self.values[method], self.drawn[method])

    def delta(self, method: str, other: str) -> Figure:
        """Return how far a method lies above another, with the paired interval."""
        return _figure(
            self.values[method] - self.values[other], self.drawn[method] - self.drawn[other]
        )

    def rows(self, **more: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - whatever JSON can hold
        """Return a row a method for JSON, with its difference to every other one."""
        return [
            {
                **more,
                "question": self.question,
                "metric": self.metric,
                "method": method,
                "customers": self.customers,
                "cuts": [f"{cut:%Y-%m-%d}" for cut in self.cuts],
                "seeds": list(self.seeds),
                **_plain(self.figure(method)),
                "by_cut": {f"{cut:%Y-%m-%d}": self.by_cut[method, cut] for cut in self.cuts},
                "deltas": {
                    other: _plain(self.delta(method, other))
                    for other in self.methods
                    if other != method
                },
            }
            for method in self.methods
        ]


def pool(
    told: Sequence[tuple[int, Answers | Rankings]], *, resamples: int = 1000, seed: int = 0
) -> Pooled:
    """Pool one question's answers over cuts and seeds.

    Parameters
    ----------
    told
        A seed and what was answered with it at a cut; every cut once a seed. What came true is
        the same whatever the seed. Methods that are missing somewhere are left out.
    resamples
        How often the customers are drawn anew.
    seed
        Where chance begins.
    """
    if not told:
        raise ValueError("there is nothing to pool")
    first = told[0][1]
    methods = [name for name in first.methods if all(name in each.methods for _, each in told)]
    cuts = tuple(sorted({each.cut for _, each in told}))
    everybody = np.unique(np.concatenate([each.customers for _, each in told]))
    rows = [np.searchsorted(everybody, each.customers) for _, each in told]
    made = [_gauges(each, methods) for _, each in told]
    place = np.array([cuts.index(each.cut) for _, each in told])

    def read(counts: gauges.Counts) -> dict[str, Floats]:
        """Return each method's metric at every cut: (cuts, R)."""
        found = {
            name: np.stack([gauge[name](counts[at]) for gauge, at in zip(made, rows, strict=True)])
            for name in methods
        }
        return {
            name: np.stack([values[place == cut].mean(axis=0) for cut in range(len(cuts))])
            for name, values in found.items()
        }

    once = read(np.ones((len(everybody), 1), np.float32))
    rng = np.random.default_rng(seed)
    blocks = [
        {name: values.mean(axis=0) for name, values in read(counts).items()}
        for counts in bootstrap.resample_counts(len(everybody), rng, resamples=resamples)
    ]
    return Pooled(
        question=first.question,
        metric=METRICS[first.shape],
        customers=len(everybody),
        cuts=cuts,
        seeds=tuple(sorted({each for each, _ in told})),
        values={name: float(once[name].mean()) for name in methods},
        drawn={
            name: np.concatenate([block[name] for block in blocks] or [np.zeros(0)])
            for name in methods
        },
        by_cut={
            (name, cut): float(once[name][at, 0]) for name in methods for at, cut in enumerate(cuts)
        },
    )


def table(pooled: Pooled, *, held: Sequence[str]) -> str:
    """Return a plain table: a line a method, and how far the ``held`` methods lie above it.

    A star marks a difference whose interval leaves out zero.
    """
    held = [name for name in held if name in pooled.methods]
    cuts = ", ".join(f"{cut:%Y-%m-%d}" for cut in pooled.cuts)
    seeds = ", ".join(map(str, pooled.seeds))
    asked = f"{pooled.question}: {pooled.metric}, {pooled.customers:,} customers"
    lines = [f"{asked}, cuts {cuts}, seeds {seeds}"]
    above = "".join(f"{f'{name} above it':>32s}" for name in held)
    lines.append(f"  {'method':18s}{'value [95 %]':>26s}{above}")
    for method in pooled.methods:
        line = f"  {method:18s}{pooled.figure(method)!s:>26s}"
        for name in held:
            delta = pooled.delta(name, method)
            told = f"{delta}{'*' if delta.differs else ' '}" if name != method else ""
            line += f"{told:>32s}"
        lines.append(line.rstrip())
    return "\n".join(lines)


def _gauges(answers: Answers | Rankings, methods: Sequence[str]) -> dict[str, gauges.Gauge]:
    """Return what reads the metric of each method on a block of counts."""
    if isinstance(answers, Rankings):
        found = {name: ranking_metrics.hits(answers, name) for name in methods}
        return {name: gauges.ratio_gauge(hit.ndcg, hit.asked) for name, hit in found.items()}
    truth, said = answers.truth, answers.predictions
    if answers.shape == "whether":
        return {name: gauges.auroc_gauge(truth, said[name]) for name in methods}
    if answers.shape == "which":
        scored = classes_scored(truth)
        return {
            name: gauges.mean_of_gauges(
                [gauges.auroc_gauge(truth[:, at], said[name][:, at]) for at in scored]
            )
            for name in methods
        }
    log = np.log1p(np.maximum(truth, 0.0))
    return {name: gauges.r2_gauge(log, np.log1p(said[name][:, 1])) for name in methods}


def _figure(value: float, drawn: Floats) -> Figure:
    found = bootstrap.interval(drawn)
    if found is None:
        return Figure(value, float("nan"), float("nan"))
    return Figure(value, min(found[0], value), max(found[1], value))


def _plain(figure: Figure) -> dict[str, float | None]:
    """Return a figure for JSON, which knows no NaN."""
    named = {"value": figure.value, "low": figure.low, "high": figure.high}
    return {name: each if np.isfinite(each) else None for name, each in named.items()}
