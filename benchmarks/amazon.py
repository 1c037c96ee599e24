"""The next item on Amazon Beauty and Toys: leave one out, every item ranked.

Of each customer the last item is the test and the one before it the validation. A model learns from
what lies before both (``strict``), or from all but the test (``refit``); it is then asked for the
last item knowing all those before it. All items are ranked but those that the customer had: here
nobody takes anything twice. An item with the same score as the right one stands before it. This is
the protocol of https://github.com/blondered/transformer_benchmark (holdout: learned without the
validation item, ``filter_viewed``), of whose figures eSASRec has R@10 0.0928 and NDCG@10 0.0523 on
Beauty, and SASRec with sampled softmax 0.0970 and 0.0580 on Toys.

The data has an order but no times (S3-Rec's preparation, 5-core; salesforce/ICLRec). So that a cut
in time is the cut of the protocol, each customer's items lie a day apart and all end on one day.

Every setting is chosen by NDCG@10 on the validation items; the test items are only reported, with
95 % intervals over customers, of whose results the mean over the seeds is taken. To run it:
``python benchmarks/amazon.py [beauty toys_and_games] [--seeds 0 1 2] [--refit]``
"""

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from limner import Workspace
from limner.dataset.ledger import Ledger
from limner.dataset.quantiles import learn_quantiles
from limner.dataset.sequences import DAY_US, Sequences, cut_sequences, ranges
from limner.dataset.vocabulary import Vocabulary, VocabularyConfig, catalogue_codes
from limner.encoders.modality import Known
from limner.heads.item_affinity import ease_affinity, overlap
from limner.model.behaviour import BehaviourConfig
from limner.training.bootstrap import interval, resample_counts
from limner.training.item_loss import ItemLossConfig
from limner.training.next_items import NextItemsConfig, learn_next_items
from limner.training.objective import Shelf

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

DATA = Path(__file__).parents[1].parent / "shared/data/amazon_sequences"
END = datetime(2014, 7, 1, tzinfo=UTC)
TEST, VALIDATION = 0, 1
"""How many days before the end each lies."""
AT_ONCE = 1000
DISCOUNT = 1.0 / np.log2(np.arange(2, 12))

EASE = [(fade, ridge) for fade in (0.8, 0.9) for ridge in (20.0, 50.0)]
"""What an item weighs of the one after it, and the penalty in mean diagonals."""
FADES = (0.6, 0.7, 0.8)
"""The same of a customer who is asked."""
SHARES = tuple(np.arange(0, 1.01, 0.1).round(1).tolist())
"""What EASE weighs beside the model."""

MODEL = BehaviourConfig(width=128, longest=50, backbone="transformer", layers=1, dropout=0.3)
LEARNING = NextItemsConfig(
    steps=3600,
    learning_rate=0.001,
    weight_decay=0.0,
    warm_up=0.05,
    clip=5.0,
    examine_every=600,
    patience=0,
    visits=1024,
    items=ItemLossConfig(others=512, power=0.0),
)


class Scorer(Protocol):
    """Whatever says how well every item fits a customer."""

    def scores(self, sequences: Sequences, rows: Ints, *, before_us: Ints) -> Floats:
        """Return (B, I) for customers of whom only what lies before is read."""
        ...


def ledger_of(name: str, folder: Path) -> Ledger:
    """Read the data into a workspace of its own."""
    raw = pl.read_parquet(DATA / f"{name}.parquet").sort("user_id", "position")
    back = pl.col("position").max().over("user_id") - pl.col("position")
    file = folder / f"{name}.parquet"
    raw.select(
        customer_id=pl.col("user_id").cast(str),
        item_id=pl.col("item_id").cast(str),
        time=pl.lit(END) - back * pl.duration(days=1),
        kind=pl.lit("purchase"),
    ).write_parquet(file)
    workspace = Workspace.create(folder / name, name=name)
    workspace.ingest(str(file))
    return Ledger.of(workspace.log, level=2)


def history(
    sequences: Sequences, rows: Ints, until_us: Ints, *, fade: float, items: int
) -> csr_array:
    """Return what each customer had (B, I), each item weighing ``fade`` of the one after it."""
    start = sequences.visits[rows]
    times = sequences.visit_us
    counts = np.array(
        [
            np.searchsorted(times[begin:end], until)
            for begin, end, until in zip(start, sequences.visits[rows + 1], until_us, strict=True)
        ]
    )
    lines = ranges(start, counts)
    at = np.r_[0, np.cumsum(counts)]
    ago = np.repeat(at[1:], counts) - 1 - np.arange(at[-1])
    weights = (fade**ago).astype(np.float32)
    return csr_array((weights, sequences.items[lines], at), shape=(len(rows), items))


@dataclass(frozen=True, slots=True)
class Popularity:
    """The same for everybody."""

    counts: Floats

    def scores(self, sequences: Sequences, rows: Ints, *, before_us: Ints) -> Floats:
        """Return how often each item was taken."""
        del sequences, before_us
        return np.tile(self.counts, (len(rows), 1))


@dataclass(frozen=True, slots=True)
class Ease:
    """EASE on counts that fade with every item that came after."""

    weights: Floats
    fade: float

    def scores(self, sequences: Sequences, rows: Ints, *, before_us: Ints) -> Floats:
        """Return what the history speaks for."""
        had = history(sequences, rows, before_us, fade=self.fade, items=len(self.weights))
        return np.asarray(had @ self.weights, np.float32)


@dataclass(frozen=True, slots=True)
class Blend:
    """Scores of several, each brought to mean 0 and spread 1 a customer, and weighed."""

    parts: Sequence[Scorer]
    weights: Sequence[float]

    def scores(self, sequences: Sequences, rows: Ints, *, before_us: Ints) -> Floats:
        """Return the weighed sum."""
        each = standard_scores(self.parts, sequences, rows, before_us)
        return np.asarray(sum(w * one for w, one in zip(self.weights, each, strict=True)))


def standard_scores(
    parts: Sequence[Scorer], sequences: Sequences, rows: Ints, before_us: Ints
) -> list[Floats]:
    """Return the scores of each part (B, I), mean 0 and spread 1 a customer."""
    found = []
    for part in parts:
        scores = part.scores(sequences, rows, before_us=before_us)
        scores = scores - scores.mean(axis=1, keepdims=True)
        found.append(scores / np.maximum(scores.std(axis=1, keepdims=True), 1e-9))
    return found


def chunks(fitting: "Fitting", days: int) -> list[tuple[Sequences, Ints, Ints, Ints]]:
    """Return all customers in parts: sequences, rows, until when they are known, what is right."""
    found = []
    for one in fitting.whole:
        for start in range(0, len(one), AT_ONCE):
            rows = np.arange(start, min(start + AT_ONCE, len(one)))
            until = np.full(len(rows), round(END.timestamp() * 1e6) - days * DAY_US)
            right = one.items[one.visits[rows + 1] - 1 - days].astype(np.int64)
            found.append((one, rows, until, right))
    return found


def places(scores: Floats, right: Ints, had: csr_array) -> Ints:
    """Return how many items that were not had stand before the right one, or beside it: (B,)."""
    scores = scores.copy()
    row = np.arange(len(scores))
    wanted = scores[row, right]
    scores[np.repeat(row, np.diff(had.indptr)), had.indices] = -np.inf
    return np.asarray((scores >= wanted[:, None]).sum(axis=1) - 1)


def examine(fitting: "Fitting", scorer: Scorer, days: int) -> Ints:
    """Return the place of every customer's right item, from 0."""
    return np.concatenate(
        [
            places(
                scorer.scores(one, rows, before_us=until),
                right,
                history(one, rows, until, fade=1.0, items=fitting.items),
            )
            for one, rows, until, right in chunks(fitting, days)
        ]
    )


def gains(place: Ints) -> NDArray[np.float64]:
    """Return recall and NDCG at 10 of every customer: (2, N)."""
    there = place < len(DISCOUNT)
    return np.stack([there, np.where(there, DISCOUNT[place.clip(max=9)], 0.0)]).astype(np.float64)


def ndcg(place: Ints) -> float:
    """Return the mean NDCG at 10."""
    return float(gains(place)[1].mean())


class Fitting:
    """What is learned from all that lies before a day.

    ``past`` is what lies before it, ``whole`` everything, in the same names.
    """

    def __init__(self, ledger: Ledger, days: int) -> None:
        cut = END - timedelta(days=days)
        self.ledger, self.items = ledger, len(ledger.items)
        self.names = Vocabulary.learn(ledger, cut, config=VocabularyConfig(least_events=1))
        self.past = list(cut_sequences(ledger, self.names, cut))
        self.whole = list(cut_sequences(ledger, self.names, END + timedelta(days=1)))
        self.counts = np.zeros(self.items, np.int64)
        for one in self.past:
            self.counts += np.bincount(one.items, minlength=self.items)

    def ease(self, fade: float, ridges: Sequence[float]) -> list[Floats]:
        """Return the weights of EASE (I, I) with each penalty."""
        late = [np.full(len(one), 2**62) for one in self.past]
        had = [
            history(one, np.arange(len(one)), until, fade=fade, items=self.items)
            for one, until in zip(self.past, late, strict=True)
        ]
        shared = sum(overlap(each) for each in had)
        return [ease_affinity(shared, ridge=ridge) for ridge in ridges]

    def model(self, seed: int, *, judged: bool) -> tuple[Scorer, int]:
        """Return a behaviour model that learned so many steps, and how many were best."""
        known = Known(self.names, learn_quantiles(self.past))
        codes = catalogue_codes(self.ledger, self.names)
        learned, course = learn_next_items(
            self.past,
            known,
            Shelf(codes, self.counts),
            model=MODEL,
            config=LEARNING,
            seed=seed,
            judge=(lambda one: -ndcg(examine(self, one, VALIDATION))) if judged else None,
            progress=say(f"seed {seed}"),
        )
        return learned, course.best_step


def say(name: str) -> Callable[[str, float], None]:
    """Return what tells now and then how far learning is."""
    told = itertools.count()

    def progress(message: str, share: float) -> None:
        if next(told) % 600 == 599:
            print(f"   {name}: {message} ({share:.0%})", flush=True)

    return progress


def choose_ease(fitting: Fitting) -> tuple[Ease, tuple[float, float]]:
    """Return EASE with the settings that the validation items like best."""
    best: tuple[float, Ease, tuple[float, float]] | None = None
    for fade, settings in itertools.groupby(EASE, key=lambda one: one[0]):
        ridges = [ridge for _, ridge in settings]
        for ridge, weights in zip(ridges, fitting.ease(fade, ridges), strict=True):
            for own in FADES:
                one = Ease(weights, own)
                value = ndcg(examine(fitting, one, VALIDATION))
                if best is None or value > best[0]:
                    best = value, one, (fade, ridge)
    assert best is not None
    print(f"   EASE: fade {best[2][0]}, ridge {best[2][1]:g}, asked with fade {best[1].fade}")
    return best[1], best[2]


def choose_share(fitting: Fitting, ease: Scorer, model: Scorer) -> float:
    """Return what EASE weighs beside the model, as the validation items like it best."""
    found: dict[float, list[Ints]] = {share: [] for share in SHARES}
    for one, rows, until, right in chunks(fitting, VALIDATION):
        had = history(one, rows, until, fade=1.0, items=fitting.items)
        first, second = standard_scores([ease, model], one, rows, until)
        for share in SHARES:
            found[share].append(places(share * first + (1 - share) * second, right, had))
    return max(SHARES, key=lambda share: ndcg(np.concatenate(found[share])))


def told(name: str, results: Sequence[Ints]) -> dict[str, Any]:
    """Return a line of the table: means over customers and seeds, with intervals."""
    each = np.mean([gains(place) for place in results], axis=0)
    rng = np.random.default_rng(0)
    draws = np.concatenate(
        [each @ counts / each.shape[1] for counts in resample_counts(each.shape[1], rng)], axis=1
    )
    line: dict[str, Any] = {"method": name, "seeds": len(results)}
    for at, metric in enumerate(("recall", "ndcg")):
        low, high = interval(draws[at]) or (0.0, 0.0)
        line |= {metric: float(each[at].mean()), f"{metric}_low": low, f"{metric}_high": high}
    shown = [
        f"{title} {line[metric]:.4f} [{line[metric + '_low']:.4f}, {line[metric + '_high']:.4f}]"
        for title, metric in (("R@10", "recall"), ("NDCG@10", "ndcg"))
    ]
    print(f"{name:36s}{shown[0]}  {shown[1]}  {len(results)} seeds", flush=True)
    return line


def judge(name: str, ledger: Ledger, *, seeds: Sequence[int], refit: bool) -> list[dict[str, Any]]:
    """Learn with every seed, choose on the validation items, and report on the test items."""
    lines: list[dict[str, Any]] = []

    def report(method: str, fitting: Fitting, scorers: Sequence[Scorer]) -> None:
        results = [examine(fitting, one, TEST) for one in scorers]
        lines.append({"data": name, **told(method, results)})

    strict = Fitting(ledger, VALIDATION)
    report("popularity", strict, [Popularity(strict.counts.astype(np.float32))])
    ease, setting = choose_ease(strict)
    report("EASE, decayed", strict, [ease])
    models, shares = [], []
    for seed in seeds:
        model, best = strict.model(seed, judged=True)
        models.append(model)
        shares.append(choose_share(strict, ease, model))
        print(f"   seed {seed}: best after {best} steps; EASE weighs {shares[-1]}", flush=True)
    report("model", strict, models)
    report("model and EASE", strict, paired(ease, models, shares))
    together = Blend(models, [1.0] * len(models))
    share = choose_share(strict, ease, together)
    report("models of all seeds", strict, [together])
    report("models of all seeds and EASE", strict, paired(ease, [together], [share]))
    if refit:
        full = Fitting(ledger, TEST)
        ease = Ease(full.ease(setting[0], [setting[1]])[0], ease.fade)
        report("EASE, refit", full, [ease])
        models = [full.model(seed, judged=False)[0] for seed in seeds]
        together = Blend(models, [1.0] * len(models))
        report("model, refit", full, models)
        report("model and EASE, refit", full, paired(ease, models, shares))
        report("models of all seeds and EASE, refit", full, paired(ease, [together], [share]))
    return lines


def paired(ease: Scorer, models: Sequence[Scorer], shares: Sequence[float]) -> list[Scorer]:
    """Return each model with EASE beside it, as the shares say."""
    return [
        Blend([ease, one], [share, 1 - share]) for one, share in zip(models, shares, strict=True)
    ]


def main() -> None:
    """Go through the data sets that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=["beauty", "toys_and_games"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--refit", action="store_true", help="also learn with the validation item")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--json", type=Path, help="where to leave the figures")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    lines = []
    for name in asked.data:
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            ledger = ledger_of(name, Path(folder))
            print(f"== {name}: {ledger.rows:,} items of {len(ledger):,} customers", flush=True)
            lines += judge(name, ledger, seeds=asked.seeds, refit=asked.refit)
        print(f"   {time.perf_counter() - began:.0f} s", flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(lines, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
