"""The simple sources of recommendations: own history, popularity, and items that go together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from limner.dataset.cuts import Window
from limner.heads.item_affinity import cosine_affinity, ease_affinity, overlap
from limner.heads.item_ranking import ndcg_at_10, rank_pairs
from limner.heads.item_shelf import Shelf, shelf_at, truth_of
from limner.heads.study import Ranked, Study

__all__ = [
    "Affinity",
    "Mixture",
    "Pairs",
    "affinities_at",
    "choose",
    "mixed",
    "own_pairs",
    "rank_by",
    "settings_key",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Setting = TypeVar("Setting")

SLOW = 4
"""The place of the half-life in which items are compared: four horizons."""

COMMONEST = 3000
"""Of how many of the commonest items it is learned which go together. Time grows with the cube,
memory with the square: 36 MB a matrix."""

JUDGES = 1000
"""A setting is chosen by so many customers of the validation window at most."""

KEPT = 100
"""How many items that go with a customer's own are kept a customer."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Scored pairs (P,), each once: row of the customer, item, score, code of the reason."""

    owners: Ints
    items: Ints
    scores: Floats
    reasons: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Affinity:
    """Which of the commonest items go together at a cut.

    ``common`` (W,) item codes, ``columns`` (V,) their places, -1 for the others,
    ``weights`` (W, W): a row is what the customer had, a column what it speaks for.
    """

    common: Ints
    columns: Ints
    weights: Floats

    def scores(self, evidence: csr_array) -> Floats:
        """Return what speaks for each item (N, W), from evidence of the same shape."""
        return np.asarray(evidence @ self.weights, np.float32)


@dataclass(frozen=True, slots=True)
class Mixture:
    """How a customer's own history and what goes with it are weighed.

    ``fade`` is the place of the half-life, ``own`` what one's own evidence weighs.
    """

    fade: int
    own: float
    ridge: float | None = None


def settings_key(study: Study, name: str) -> tuple[object, ...]:
    """Return under which key a desk keeps what was chosen for a question and plan."""
    question = study.question
    return (
        name,
        question.deeds.kinds,
        repr(question.where),
        study.plan,
        question.among_days,
        question.new_days,
        question.active,
        study.seed,
    )


def choose(
    study: Study,
    settings: Sequence[Setting],
    rank: Callable[[Setting, Window, Ints], Ints],
    *,
    name: str,
) -> Setting:
    """Return the setting whose ranking is best on the validation window, the first among equals.

    Parameters
    ----------
    rank
        Ranks ten items a customer: (N, 10) codes from a setting, a window and customers.
    name
        What the choice is for; it is made once a question and desk.
    """

    def best() -> Setting:
        window = study.plan.validation
        truth = truth_of(study, window)
        if len(settings) == 1 or not len(truth.items):
            return settings[0]
        bought = np.flatnonzero(np.diff(truth.at))
        judged = truth.take(bought[:: -(-len(bought) // JUDGES)])
        values = [
            ndcg_at_10(rank(setting, window, judged.customers), judged.at, judged.items)
            for setting in settings
        ]
        return settings[int(np.argmax(values))]

    chosen: Setting = study.desk.once(settings_key(study, name), best)
    return chosen


def own_pairs(shelf: Shelf, customers: Ints, *, fade: int) -> Pairs:
    """Return every item that a customer met, scored by what speaks for it."""
    owners, places = shelf.pairs_of(customers)
    scores = shelf.evidence(fade)[places]
    return Pairs(owners, shelf.history.items[places], scores, np.zeros(len(owners), np.int8))


def affinities_at(
    study: Study, window: Window, *, ridges: Sequence[float | None]
) -> list[Affinity]:
    """Return which items go together at a cut: cosine for a ridge of none, else EASE.

    It is learned from the evidence of all customers strictly before the cut. What belongs to the
    validation and the test cut is kept on the desk, for several methods ask for it.
    """
    # What goes together is learned of all items, whichever are offered.
    shelf = replace(shelf_at(study, window), offered=None)
    asked = (study.question.deeds.kinds, repr(study.question.where), window)
    desk = study.desk if window in (study.plan.validation, study.plan.test) else None
    here: dict[object, object] = {}

    def once(key: object, make: Callable[[], Setting]) -> Setting:
        if desk is not None:
            return desk.once((key, *asked), make)  # type: ignore[no-any-return]
        if key not in here:
            here[key] = make()
        return here[key]  # type: ignore[return-value]

    def share() -> tuple[Ints, Ints, Floats]:
        common = np.sort(shelf.popular(SLOW)[:COMMONEST])
        columns = np.full(shelf.items, -1, np.int64)
        columns[common] = np.arange(len(common))
        return common, columns, overlap(damped(shelf.matrix(SLOW, columns, len(common))))

    def learn(ridge: float | None) -> Affinity:
        common, columns, shared = once("item_overlap", share)
        if ridge is None:
            weights = cosine_affinity(shared, shrink=float(np.diag(shared).mean()) / 10)
        else:
            weights = ease_affinity(shared, ridge=ridge)
        return Affinity(common, columns, weights)

    return [once(("item_affinity", ridge), partial(learn, ridge)) for ridge in ridges]


def damped(evidence: csr_array) -> csr_array:
    """Return the square roots: a tenth purchase of an item says less than the first."""
    copy = evidence.copy()
    copy.data = np.sqrt(copy.data)
    return copy


def mixed(shelf: Shelf, affinity: Affinity, customers: Ints, mixture: Mixture) -> Pairs:
    """Return a customer's own items and those that go with them, scored by both together.

    Scores are in units of the customer's strongest; reason 0 says that one's own history weighs
    more, 1 that what goes with it does.
    """
    mine = own_pairs(shelf, customers, fade=mixture.fade)
    width, count = len(affinity.common), len(customers)
    evidence = damped(shelf.matrix(mixture.fade, affinity.columns, width)[customers])
    beside = affinity.scores(evidence)
    beside /= np.maximum(beside.max(axis=1, keepdims=True, initial=0.0), np.float32(1e-9))
    # Rounded, so that sums that differ in their last bits only are a tie.
    np.round(beside, 5, out=beside)
    own = np.sqrt(mine.scores)
    strongest = np.zeros(count, np.float32)
    np.maximum.at(strongest, mine.owners, own)
    own *= np.float32(mixture.own) / np.maximum(strongest[mine.owners], np.float32(1e-9))
    place = affinity.columns[mine.items]
    known = place >= 0
    linked = np.zeros(len(own), np.float32)
    linked[known] = np.maximum(beside[mine.owners[known], place[known]], 0.0)
    beside[mine.owners[known], place[known]] = -1.0
    kept = min(KEPT, width)
    top = (
        np.argpartition(-beside, kept - 1, axis=1)[:, :kept] if width else np.zeros((count, 0), int)
    )
    fresh_owner = np.repeat(np.arange(count), kept)
    fresh_place = top.reshape(-1)
    fresh = beside[fresh_owner, fresh_place]
    new = fresh > 0
    return Pairs(
        np.concatenate([mine.owners, fresh_owner[new]]),
        np.concatenate([mine.items, affinity.common[fresh_place[new]]]),
        np.concatenate([own + linked, fresh[new]]),
        np.concatenate([(linked > own).astype(np.int8), np.ones(int(new.sum()), np.int8)]),
    )


def rank_by(
    shelf: Shelf, pairs: Pairs, *, customers: int, most: int, names: tuple[str, ...], fade: int
) -> Ranked:
    """Rank pairs, and fill up with what is popular at this cut in the half-life of ``fade``."""
    kept = slice(None) if shelf.offered is None else shelf.offered[pairs.items]
    return rank_pairs(
        pairs.owners[kept],
        pairs.items[kept],
        pairs.scores[kept],
        pairs.reasons[kept],
        customers=customers,
        popular=shelf.popular(fade),
        most=most,
        reason_names=(*names, "popularity"),
    )
