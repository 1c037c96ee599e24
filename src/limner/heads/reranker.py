"""Learning the order of candidates: boosted trees, and how far to trust them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.errors import MissingExtra
from limner.heads.candidates import Candidates, candidates_at
from limner.heads.choosing import preferred
from limner.heads.item_choices import popular_fade
from limner.heads.item_ranking import best_pairs, ndcgs_at_10, places_within
from limner.heads.item_shelf import Truth, shelf_at, truth_of
from limner.heads.item_sources import Pairs, rank_by, settings_key
from limner.heads.study import Ranked, Study

__all__ = ["Reranker", "learned_reranker", "rerank"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]

NEWEST = 2
"""From how many of the newest training windows is learned; older ones cost time and say little."""

MOST_ROWS = 60_000
"""Of how many candidates of a window the trees learn at most: all that came true, some others."""

FEWEST = 100
"""Below so many candidates that came true, trees are not grown."""

ROUNDS = 150
"""How many trees."""

TRUST = (1.0, 0.7, 0.4, 0.0)
"""How much the trees may count; the rest is a source's."""


@dataclass(frozen=True, slots=True)
class Reranker:
    """Trees and a source, ``trust`` the share of the trees; none where too little came true.

    ``blocks`` says which modalities they know; see :func:`candidates_at`.
    """

    trees: Any
    trust: float
    source: int
    blocks: frozenset[str] = frozenset()

    def scores(self, candidates: Candidates) -> Floats:
        """Return a score for each candidate (P,), comparable within a customer."""
        opinion = _opinion(candidates, self.source)
        if self.trees is None or self.trust == 0.0:
            return opinion
        return _mixed(_grown(self.trees, candidates), opinion, self.trust)


@dataclass(frozen=True, slots=True, eq=False)
class _Lesson:
    """Candidates of one window, and which came true (P,)."""

    truth: Truth
    candidates: Candidates
    came_true: NDArray[np.bool_]

    def qualities(self, scores: Floats) -> NDArray[np.float64]:
        """Return the NDCG@10 of the order that scores make, of each customer who took something."""
        best = best_pairs(self.candidates.owners, self.candidates.items, scores, most=10)
        owners = self.candidates.owners[best]
        ranked = np.full((len(self.truth.customers), 10), -1, np.int64)
        ranked[owners, places_within(owners)] = self.candidates.items[best]
        return ndcgs_at_10(ranked, self.truth.at, self.truth.items)


def learned_reranker(
    study: Study, *, learned: bool = False, blocks: Collection[str] | None = None
) -> Reranker:
    """Learn on the learnable windows, once a question and desk.

    Trees grown on the training windows are judged on the validation window, beside every source
    alone and blends of both; then they are grown anew on all learnable windows. Where the log keeps
    what models made of the items' words and pictures, all this is done without and with it, and
    they are looked at if that is better beyond chance. ``learned`` says whether the behaviour
    models that stand by are a source; ``blocks``, where given, are the modalities to learn with,
    whatever is better.
    """
    usual = frozenset({"collaborative", "sequence"} if learned else {"collaborative"})

    def learn() -> Reranker:
        if blocks is not None:
            return _learned(study, frozenset(blocks))[1]()
        tried = [_learned(study, usual)]
        if study.ledger.looks:
            tried.append(_learned(study, usual | set(study.ledger.looks)))
        return tried[preferred([-quality for quality, _ in tried])][1]()

    name = "fused" if learned else "reranker"
    if blocks is not None:
        name = f"reranker with {sorted(blocks)}"
    found: Reranker = study.desk.once(settings_key(study, name), learn)
    return found


def _learned(
    study: Study, blocks: frozenset[str]
) -> tuple[NDArray[np.float64], Callable[[], Reranker]]:
    """Return how well it goes of each customer validated, and what learns on all windows."""
    rng = np.random.default_rng(study.seed)
    train = [_sampled(_lesson(study, window, blocks), rng) for window in study.plan.train[-NEWEST:]]
    validation = _lesson(study, study.plan.validation, blocks)
    trees = _grow(train, seed=study.seed)
    asked = validation.candidates
    sources = range(len(asked.sources))
    opinions = [_opinion(asked, source) for source in sources]
    grown = opinions[0] if trees is None else _grown(trees, asked)
    judged = []
    for source, trust in product(sources, TRUST if trees is not None else (0.0,)):
        quality = validation.qualities(_mixed(grown, opinions[source], trust))
        judged.append((quality, Reranker(trees, trust, source, blocks)))
    quality, best = max(judged, key=lambda one: one[0].mean() if len(one[0]) else 0.0)

    def finished() -> Reranker:
        if best.trust == 0.0:
            return replace(best, trees=None)
        return replace(best, trees=_grow([*train, _sampled(validation, rng)], seed=study.seed))

    return quality, finished


def rerank(
    study: Study,
    window: Window,
    customers: Ints,
    *,
    most: int,
    learned: bool = False,
    blocks: Collection[str] | None = None,
) -> Ranked:
    """Rank N customers' candidates; the reason is the source that speaks loudest for an item.

    ``learned`` and ``blocks`` are as for :func:`learned_reranker`.
    """
    reranker = learned_reranker(study, learned=learned, blocks=blocks)
    candidates = candidates_at(study, window, customers, blocks=reranker.blocks)
    pairs = Pairs(
        candidates.owners,
        candidates.items,
        reranker.scores(candidates),
        candidates.opinions.argmax(axis=1).astype(np.int8),
    )
    return rank_by(
        shelf_at(study, window),
        pairs,
        customers=len(customers),
        most=most,
        names=candidates.sources[:-1],
        fade=popular_fade(study),
    )


def _lesson(study: Study, window: Window, blocks: frozenset[str]) -> _Lesson:
    truth = truth_of(study, window)
    truth = truth.take(np.flatnonzero(np.diff(truth.at)))
    candidates = candidates_at(study, window, truth.customers, blocks=blocks)
    width = len(study.ledger.items)
    came_true = np.isin(
        candidates.owners * width + candidates.items, truth.owners * width + truth.items
    )
    return _Lesson(truth, candidates, came_true)


def _sampled(lesson: _Lesson, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the columns and outcomes of what came true and of some that did not."""
    hits = int(lesson.came_true.sum())
    others = max(len(lesson.candidates) - hits, 1)
    share = max((MOST_ROWS - hits) / others, 0.05)
    kept = lesson.came_true | (rng.random(len(lesson.candidates)) < share)
    return lesson.candidates.values[kept], lesson.came_true[kept].astype(np.float32)


def _grow(lessons: Sequence[tuple[Floats, Floats]], *, seed: int) -> Any:  # noqa: ANN401
    """Return trees that tell what comes true from what does not; none if too little did."""
    if sum(int(came_true.sum()) for _, came_true in lessons) < FEWEST:
        return None
    try:
        import lightgbm  # noqa: PLC0415 - the other methods do without it
    except ImportError:
        raise MissingExtra("the method 'reranked'", "lightgbm", "learn") from None

    table = np.concatenate([values for values, _ in lessons])
    came_true = np.concatenate([labels for _, labels in lessons])
    settings = {
        "objective": "binary",
        "learning_rate": 0.06,
        "num_leaves": 15,
        "min_data_in_leaf": int(np.clip(len(table) // 1000, 10, 100)),
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "max_bin": 127,
        "num_threads": 2,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(table, came_true), ROUNDS)


def _opinion(candidates: Candidates, source: int) -> Floats:
    """Return what one source says of each candidate, comparable within a customer."""
    return _standard(candidates.alone[:, source], candidates.owners)


def _grown(trees: Any, candidates: Candidates) -> Floats:  # noqa: ANN401
    """Return what the trees say of each candidate, comparable within a customer."""
    if not len(candidates):
        return np.zeros(0, np.float32)
    raw = trees.predict(candidates.values, raw_score=True, num_threads=2)
    return _standard(np.asarray(raw, np.float32), candidates.owners)


def _mixed(grown: Floats, opinion: Floats, trust: float) -> Floats:
    """Return the trees' word and a source's, the trees' share being ``trust``."""
    if trust == 0.0:
        return opinion
    return np.float32(trust) * grown + np.float32(1 - trust) * opinion


def _standard(scores: Floats, owners: Ints) -> Floats:
    """Return scores of mean 0 and spread 1 within each customer."""
    if not len(scores):
        return scores
    count = np.maximum(np.bincount(owners), 1)
    mean = (np.bincount(owners, scores) / count)[owners]
    spread = np.sqrt(np.bincount(owners, (scores - mean) ** 2) / count)[owners]
    return ((scores - mean) / np.maximum(spread, 1e-9)).astype(np.float32)
