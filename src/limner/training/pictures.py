"""The pictures of one question: what each shows, drawn from the answers."""

# ruff: noqa: RUF001 - the dash of an interval is meant

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.heads.answers import Answers, Rankings
from limner.training import metrics, ranking_metrics
from limner.training.charts import DASHES, Plot, above, short
from limner.training.said import TENTHS, Z95, Said, binned, flat, wilson
from limner.training.scoreboard import REFERENCES, Row
from limner.training.scoring import FOREMOST, classes_scored
from limner.training.table import BETTER, better, figure
from limner.training.words import CAPTIONS, LABELS, METHODS, Words, fill, name_of
from limner.training.words import METRICS as METRIC_NAMES

__all__ = ["Key", "Picture", "colour_of", "foremost", "pictures"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DOTS = {
    "whether": ("auroc", "average_precision"),
    "which": ("auroc", "average_precision"),
    "how_many": ("spearman", "rmse"),
    "how_much": ("r2_log", "rmse"),
    "what_next": ("ndcg@10", "ndcg@10:repeat", "ndcg@10:new"),
}
"""The metrics whose values are drawn with intervals, by shape."""

COLOURS = {
    "base": 0,
    "popularity": 0,
    "hand_made": 1,
    "own_frequency": 1,
    "automatic": 2,
    "reranked": 2,
    "recency": 3,
    "item_to_item": 3,
    "bgnbd": 4,
    "ease": 4,
    "frozen_linear": 5,
    "frozen_boosted": 5,
    "top": 6,
    "lora": 6,
    "adalora": 6,
    "adapter": 6,
    "full": 6,
    "joint": 7,
    "fused": 8,
}
"""The reference is always orange, what was counted green, whatever the question; what was tuned
shares a colour, and ``fused`` has one that nothing else has."""


@dataclass(frozen=True, slots=True)
class Key:
    """A line of a legend; ``kind`` is line, bar, rule, dot or hollow."""

    name: Words
    colour: int
    dash: str = ""
    kind: str = "line"


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG with what stands around it; ``large`` ones are folded away at first."""

    title: Words
    told: Words
    svg: str
    keys: tuple[Key, ...] = ()
    large: bool = False


def pictures(answers: Answers | Rankings, rows: Sequence[Row]) -> list[Picture]:
    """Draw a question.

    Parameters
    ----------
    answers
        What was said and what came true.
    rows
        Its rows of the scoreboard; where the foremost metric has no figures nothing is drawn.
    """
    main = foremost(rows)
    if main is None or not len(answers):
        return []
    drawn = [_dots(rows, metric) for metric in DOTS[answers.shape]]
    drawn = [picture for picture in drawn if picture.svg]
    if isinstance(answers, Rankings):
        return [*drawn, _hits(answers)]
    reference = REFERENCES[answers.shape]
    said = flat(answers, main, reference if reference in answers.methods else None)
    if answers.shape in ("whether", "which"):
        drawn += [_reliability(said), _tenths(said), _gains(said), _scores(said)]
        return [*drawn, *([_classes(answers, said)] if said.pooled else [])]
    return [*drawn, _means(said), _tenths(said), _gains(said, volume=True), _amounts(said, answers)]


def foremost(rows: Sequence[Row]) -> str | None:
    """Return the method with the best value of the foremost metric, or None without values."""
    if not rows:
        return None
    metric = FOREMOST[rows[0].shape]
    direction = BETTER.get(metric, 1)
    valued = [row for row in rows if row.metric == metric and row.value is not None]
    best = max(valued, key=lambda row: direction * (row.value or 0.0), default=None)
    return best.method if best else None


def colour_of(method: str) -> int:
    """Return the number of a method's colour and dash."""
    return COLOURS.get(method, 5 + sum(map(ord, method)) % 3)


def _dots(rows: Sequence[Row], metric: str) -> Picture:
    found = [row for row in rows if row.metric == metric and row.value is not None]
    name = name_of(METRIC_NAMES, metric)
    title, told = CAPTIONS["dots"]
    title = fill(title, metric=name)
    if not found:
        return Picture(title, told, "")
    ends = [end for row in found for end in (row.low, row.value, row.high) if end is not None]
    pad = 0.06 * (max(ends) - min(ends)) or 0.05
    plot = Plot(
        (min(ends) - pad, max(ends) + pad),
        (len(found) - 0.5, -0.5),
        height=max(330, 72 + 27 * len(found)),
        left=104,
        right=76,
    )
    plot.axes(name, "", y_ticks=())
    reference = next((row.value for row in found if row.method == REFERENCES[row.shape]), None)
    if reference is not None:
        plot.rule((reference, -0.5), (reference, len(found) - 0.5))
    for at, row in enumerate(found):
        value, colour = row.value or 0.0, colour_of(row.method)
        if row.low is not None and row.high is not None:
            plot.whisker((row.low, at), (row.high, at), colour)
        hint = f"{row.method}: {figure(row.value)} ({figure(row.low)} – {figure(row.high)})"
        plot.dot((value, at), colour, hint=hint)
        plot.text(name_of(METHODS, row.method), 98, plot.at_y(at) + 4, anchor="end", kind="name")
        plot.text(_difference(row), plot.width - 4, plot.at_y(at) + 4, anchor="end")
    return Picture(title, told, plot.svg(title, told))


def _difference(row: Row) -> Words:
    if row.delta is None:
        return ""
    if row.method == REFERENCES[row.shape]:
        return LABELS["reference"]
    sign = {True: " ▲", False: " ▼", None: ""}[better(row)]
    return figure(row.delta, signed=True) + sign


def _reliability(said: Said) -> Picture:
    points = {
        method: binned(said.scores[method], said.scores[method], said.truth)
        for method in said.shown
    }
    size = len(said.truth) / TENTHS
    most = min(1.0, above(*(each for pair in points.values() for each in pair)))
    plot = Plot((0, most), (0, most), height=330, bottom=112)
    plot.axes("", LABELS["came"])
    plot.rule((0, 0), (most, most))
    for method, (predicted, came) in points.items():
        colour = colour_of(method)
        plot.line(list(zip(predicted, came, strict=True)), colour, dash=DASHES[colour])
        for x, y in zip(predicted.tolist(), came.tolist(), strict=True):
            if not said.pooled:
                low, high = wilson(y, size)
                plot.whisker((x, low), (x, min(high, most)), colour)
            plot.dot((x, y), colour, hint=f"{method}: {x:.3f} → {y:.3f}, n = {size:,.0f}")
    _counts_below(plot, said, most)
    title, told = CAPTIONS["reliability"]
    told = fill(told, method=name_of(METHODS, said.main))
    keys = [*_keys(said.shown), Key(LABELS["ideal"], 0, kind="rule")]
    return Picture(title, told, plot.svg(title, told), tuple(keys))


def _counts_below(plot: Plot, said: Said, most: float) -> None:
    """Draw below the reliability how many got which probability."""
    counts, edges = np.histogram(said.scores[said.main], bins=30, range=(0, most))
    top = above(counts)
    strip = Plot((0, most), (0, top), height=330, top=266, bottom=22)
    for count, left, right in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        hint = f"{left:.3f} – {right:.3f}: {count:,}"
        strip.bar((left, right), count, colour_of(said.main), hint=hint)
    strip.text(short(top), strip.left - 6, strip.at_y(top) + 4, anchor="end")
    strip.text(LABELS["pairs" if said.pooled else "count"], 4, 258, kind="label")
    strip.text(LABELS["said"], 203, 326, anchor="middle", kind="label")
    plot.marks += strip.marks


def _tenths(said: Said) -> Picture:
    mean = said.truth.mean()
    lifts = {method: binned(-said.scores[method], said.truth)[0] / mean for method in said.shown}
    plot = Plot((0.4, 10.6), (0, above(1.2, *lifts.values())))
    plot.axes(LABELS["tenth"], LABELS["lift"], x_ticks=range(1, 11))
    width = 0.8 / len(lifts)
    for place, (method, lift) in enumerate(lifts.items()):
        for tenth, value in enumerate(lift.tolist(), start=1):
            left = tenth - 0.4 + place * width
            hint = f"{method}, {tenth}: {value:.2f}"
            plot.bar((left, left + width * 0.94), value, colour_of(method), hint=hint)
    plot.rule((0.4, 1), (10.6, 1))
    title, told = CAPTIONS["tenths_of_pairs" if said.pooled else "tenths"]
    keys = [*_keys(said.shown, kind="bar"), Key(LABELS["chance"], 0, kind="rule")]
    return Picture(title, told, plot.svg(title, told), tuple(keys))


def _gains(said: Said, *, volume: bool = False) -> Picture:
    plot = Plot((0, 1), (0, 1))
    plot.axes(
        LABELS["pairs_reached" if said.pooled else "reached"],
        LABELS["volume_caught" if volume else "caught"],
        x_text=_percent,
        y_text=_percent,
    )
    plot.rule((0, 0), (1, 1))
    total = said.truth.sum()
    for method, score in said.scores.items():
        caught = np.cumsum(binned(-score, said.truth, bins=50)[0]) * len(score) / 50 / total
        places = np.linspace(0, 1, 51)
        colour = colour_of(method)
        curve = zip(places.tolist(), [0.0, *caught.tolist()], strict=True)
        plot.line(list(curve), colour, dash=DASHES[colour])
    title, told = CAPTIONS["gains_of_pairs" if said.pooled else "gains"]
    keys = [*_keys(tuple(said.scores)), Key(LABELS["chance"], 0, kind="rule")]
    return Picture(title, told, plot.svg(title, told), tuple(keys))


def _scores(said: Said) -> Picture:
    score = said.scores[said.main]
    most = float(min(1.0, above(np.quantile(score, 0.995))))
    edges = np.linspace(0, most, 31)
    shares = []
    for outcome in (0.0, 1.0):
        of_group = np.minimum(score[said.truth == outcome], most)
        shares.append(np.histogram(of_group, bins=edges)[0] / max(1, len(of_group)))
    plot = Plot((0, most), (0, above(*shares)))
    plot.axes(LABELS["said"], LABELS["of_group"], y_text=_percent)
    for left, right, share in zip(edges[:-1], edges[1:], shares[0], strict=True):
        plot.bar((left, right), float(share), 0, hint=f"{left:.2f} – {right:.2f}: {share:.1%}")
    colour = colour_of(said.main)
    plot.steps(edges.tolist(), shares[1].tolist(), colour, "")
    title, told = CAPTIONS["scores"]
    told = fill(told, method=name_of(METHODS, said.main))
    keys = (Key(LABELS["yes"], colour), Key(LABELS["no"], 0, kind="bar"))
    return Picture(title, told, plot.svg(title, told), keys)


def _means(said: Said) -> Picture:
    points = {}
    size = len(said.truth) / TENTHS
    for method in said.shown:
        score = said.scores[method]
        predicted, came, square = binned(score, score, said.truth, said.truth**2)
        half = Z95 * np.sqrt(np.maximum(square - came**2, 0.0) / size)
        points[method] = predicted, came, half
    most = above(*(p for p, _, _ in points.values()), *(c + h for _, c, h in points.values()))
    plot = Plot((0, most), (0, most))
    plot.axes(LABELS["mean_said"], LABELS["mean_came"])
    plot.rule((0, 0), (most, most))
    for method, (predicted, came, half) in points.items():
        colour = colour_of(method)
        plot.line(list(zip(predicted, came, strict=True)), colour, dash=DASHES[colour])
        for x, y, reach in zip(predicted.tolist(), came.tolist(), half.tolist(), strict=True):
            plot.whisker((x, max(0.0, y - reach)), (x, y + reach), colour)
            plot.dot((x, y), colour, hint=f"{method}: {figure(x)} → {figure(y)}")
    title, told = CAPTIONS["means"]
    told = fill(told, count=f"{size:,.0f}")
    keys = [*_keys(said.shown), Key(LABELS["ideal"], 0, kind="rule")]
    return Picture(title, told, plot.svg(title, told), tuple(keys))


def _amounts(said: Said, answers: Answers) -> Picture:
    actual = np.log1p(np.maximum(said.truth, 0.0))
    expected = np.log1p(said.scores[said.main])
    most = float(max(actual.max(), expected.max(), np.log1p(1.0)))
    edges = np.linspace(0, most, 26)
    shares = [np.histogram(each, bins=edges)[0] / len(each) for each in (actual, expected)]
    plot = Plot((0, most), (0, above(*shares)))
    round_ones = [size * step for size in 10.0 ** np.arange(7) for step in (1, 3)]
    ticks = [0.0, *(float(np.log1p(each)) for each in round_ones if np.log1p(each) <= most)]
    plot.axes(
        LABELS["orders" if answers.shape == "how_many" else "amount"],
        LABELS["of_all"],
        x_ticks=ticks if len(ticks) < 9 else [0.0, *ticks[1::2]],
        x_text=lambda at: short(round(float(np.expm1(at)), 6)),
        y_text=_percent,
    )
    for left, right, share in zip(edges[:-1], edges[1:], shares[0], strict=True):
        span = f"{figure(float(np.expm1(left)))} – {figure(float(np.expm1(right)))}"
        plot.bar((left, right), float(share), 0, hint=f"{span}: {share:.1%}")
    colour = colour_of(said.main)
    plot.steps(edges.tolist(), shares[1].tolist(), colour, "")
    title, told = CAPTIONS["amounts"]
    told = fill(told, method=name_of(METHODS, said.main))
    keys = (Key(LABELS["actual"], 0, kind="bar"), Key(LABELS["expected"], colour))
    return Picture(title, told, plot.svg(title, told), keys)


def _hits(rankings: Rankings) -> Picture:
    curves = {}
    for method in rankings.methods:
        found = ranking_metrics.hits(rankings, method)
        asked = found.sought > 0
        curves[method] = np.logical_or.accumulate(found.found, axis=1)[asked].mean(axis=0)
    plot = Plot((1, ranking_metrics.DEPTH), (0, min(1.0, above(*curves.values()))))
    plot.axes(LABELS["place"], LABELS["hit_by"], x_ticks=range(1, 11), y_text=_percent)
    for method, curve in curves.items():
        colour = colour_of(method)
        plot.line(list(enumerate(curve.tolist(), start=1)), colour, dash=DASHES[colour])
    title, told = CAPTIONS["hits"]
    return Picture(title, told, plot.svg(title, told), tuple(_keys(tuple(curves))))


def _classes(answers: Answers, said: Said) -> Picture:
    scored = classes_scored(answers.truth)
    values = {
        method: [metrics.auroc(answers.truth[:, at], told[:, at]) for at in scored]
        for method, told in answers.predictions.items()
        if method in said.shown
    }
    ends = [value for each in values.values() for value in each]
    plot = Plot(
        (min(ends) - 0.02, max(ends) + 0.02),
        (len(scored) - 0.5, -0.5),
        width=560,
        height=72 + 15 * len(scored),
        left=150,
    )
    plot.axes(name_of(METRIC_NAMES, "auroc"), "", y_ticks=())
    for row, at in enumerate(scored.tolist()):
        spread = [values[method][row] for method in said.shown]
        plot.rule((min(spread), row), (max(spread), row))
        for method, value in zip(said.shown[::-1], spread[::-1], strict=True):
            hint = f"{answers.classes[at]} · {method}: {value:.3f}"
            plot.dot((value, row), colour_of(method), hint=hint, hollow=method != said.main)
        label = answers.classes[at].rpartition(" > ")[2]
        label = label if len(label) <= 22 else f"{label[:21]}…"
        plot.text(label, 144, plot.at_y(row) + 4, anchor="end", kind="small")
    title, told = CAPTIONS["classes"]
    told = fill(told, method=name_of(METHODS, said.main))
    keys = [*_keys(said.shown[:1], kind="dot"), *_keys(said.shown[1:], kind="hollow")]
    return Picture(title, told, plot.svg(title, told), tuple(keys), large=True)


def _keys(methods: Sequence[str], *, kind: str = "line") -> list[Key]:
    return [
        Key(name_of(METHODS, name), colour_of(name), DASHES[colour_of(name)], kind)
        for name in methods
    ]


def _percent(share: float) -> str:
    return f"{share * 100:g}%" if share * 1000 % 10 == 0 else f"{share * 100:.3g}%"
