"""What models that learned from the log alone say of customers: the port that heads ask."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.dataset.ledger import Ledger
from limner.errors import BadConfig
from limner.heads.study import Study

__all__ = [
    "Behaviour",
    "Readings",
    "class_column",
    "item_opinions",
    "pair_block",
    "readings_of",
    "sequence_block",
    "vector_block",
]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Readings:
    """What is said of N customers at a cut, each by a model that never learned from them.

    ``vectors`` (N, D); ``scores`` (N, S), named by ``score_names``: log odds of an order and
    logarithms of orders and of money within each horizon; ``class_scores`` (N, C) log odds of the
    categories ``class_names``; ``tastes`` (N, D), what meets the vectors of items. All NaN for
    customers without an event before the cut.
    """

    vectors: Floats
    scores: Floats
    class_scores: Floats
    tastes: Floats
    score_names: tuple[str, ...]
    class_names: tuple[str, ...]

    def of(self, customers: Ints) -> "Readings":
        """Return what is said of some customers, by their codes."""
        return Readings(
            self.vectors[customers],
            self.scores[customers],
            self.class_scores[customers],
            self.tastes[customers],
            self.score_names,
            self.class_names,
        )


class Behaviour(Protocol):
    """Models of a cut; whatever they say of a customer was learned without them.

    Heads learn from what is said of customers at earlier cuts. Had a model learned from the same
    customers' later deeds, it would seem to know them better than it will know anybody.
    """

    def read(self, ledger: Ledger, cut: datetime) -> Readings:
        """Return what is said of all customers of a ledger at a cut, from events before it."""
        ...

    def item_scores(self, ledger: Ledger, cut: datetime, customers: Ints, items: Ints) -> Floats:
        """Return how well items fit customers at a cut (N, K), for codes (N,) and (K,)."""
        ...


def _behaviour(study: Study) -> Behaviour:
    found: Behaviour | None = study.desk.behaviour
    if found is None:
        raise BadConfig(
            f"{study.name}: no behaviour model stands by",
            hint="pip install 'limner[torch]', and let evaluate or fit pretrain",
        )
    return found


def readings_of(study: Study, window: Window, customers: Ints) -> Readings:
    """Return what is said of N customers at a window's cut.

    Raises
    ------
    BadConfig
        If no model stands by.
    """
    behaviour = _behaviour(study)
    found: Readings = study.desk.once(
        ("readings", window.cut), partial(behaviour.read, study.ledger, window.cut)
    )
    return found.of(customers)


def vector_block(study: Study, window: Window, customers: Ints) -> Floats:
    """Return the vectors of N customers: (N, D)."""
    return readings_of(study, window, customers).vectors


def sequence_block(study: Study, window: Window, customers: Ints) -> Floats:
    """Return the vectors and the scores of N customers: (N, D + S)."""
    found = readings_of(study, window, customers)
    return np.hstack([found.vectors, found.scores])


def class_column(study: Study, window: Window, customers: Ints) -> Floats:
    """Return the log odds of the study's classes (N, C), NaN for classes without a score."""
    found = readings_of(study, window, customers)
    place = {name: at for at, name in enumerate(found.class_names)}
    known = np.append(found.class_scores, np.full((len(customers), 1), np.nan), axis=1)
    wanted = study.class_names if study.question.of == "category" else ()
    places = [place.get(name, known.shape[1] - 1) for name in wanted]
    if not places:
        return np.full((len(customers), len(study.classes)), np.nan, np.float32)
    return np.asarray(known[:, places], np.float32)


def pair_block(study: Study, window: Window, customers: Ints) -> Floats:
    """Return of each customer and class its log odds, and the customer's scores: (N, C, 1 + S)."""
    odds = class_column(study, window, customers)[:, :, None]
    scores = readings_of(study, window, customers).scores
    wide = np.broadcast_to(scores[:, None, :], (*odds.shape[:2], scores.shape[1]))
    return np.concatenate([odds, wide], axis=2)


def item_opinions(study: Study, window: Window, customers: Ints, items: Ints) -> Floats:
    """Return the share of a customer's choices that each of K items would have: (N, K).

    A softmax over the items, so that it is above nought and comparable within a customer.
    """
    behaviour = _behaviour(study)
    scores = behaviour.item_scores(study.ledger, window.cut, customers, items)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
