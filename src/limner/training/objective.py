"""What a model may learn from a log without labels: the port of all objectives."""

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from limner.dataset.batches import Batch
from limner.dataset.futures import Futures
from limner.model.behaviour import BehaviourModel
from limner.training.item_loss import ItemLossConfig

__all__ = ["Exercise", "Objective", "Setting", "Shelf"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The I items of a ledger, as a model learns of them.

    ``codes`` (I, 5), their numbers in the vocabulary; ``counts`` (I,), how often each was bought
    before the cut.
    """

    codes: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Setting:
    """What an objective must know before it can have weights.

    The vector's width D, the horizons to look ahead, in days, the items, and how the right ones of
    them are told.
    """

    width: int
    horizons_days: tuple[float, ...]
    shelf: Shelf
    items: ItemLossConfig = field(default_factory=ItemLossConfig)


@dataclass(frozen=True, slots=True)
class Exercise:
    """B customers at M moments, and what followed; ``future`` has B * M rows.

    ``slices`` are parts of histories, two of one customer side by side, each looked at right after
    its end; none where nobody asked for them. ``rng`` is the step's own chance.
    """

    batch: Batch
    future: Futures
    slices: Batch | None
    rng: np.random.Generator


class Objective(Protocol):
    """A module with heads of its own; made from a :class:`Setting`."""

    names: tuple[str, ...]
    """What its terms are called."""
    slices: bool
    """Whether it needs parts of histories."""

    def __call__(
        self, model: BehaviourModel, exercise: Exercise, states: Tensor, vectors: Tensor
    ) -> Tensor:
        """Return its terms (K,), each a mean that is better the lower it is.

        ``states`` (B, T, D) after each visit and ``vectors`` (B, M, D) at each moment are those of
        ``exercise.batch``.
        """
        ...
