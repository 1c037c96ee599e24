"""Which visits of a batch have a next one, and what is in it."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limner.dataset.batches import Batch

__all__ = ["Following", "following"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Following:
    """N visits that have a next one, and the P lines of those.

    ``asked`` (N,), which of the B * T places each visit has, rising; ``rows`` (P,), after which of
    the N a line comes, rising, and ``lines`` (P,), its place among the lines of the batch.
    """

    asked: Ints
    rows: Ints
    lines: Ints

    def __len__(self) -> int:
        return len(self.asked)

    def states(self, states: Tensor) -> Tensor:
        """Return the states after the visits that are asked (N, D), of all (B, T, D)."""
        return states.reshape(-1, states.shape[-1])[torch.from_numpy(self.asked).to(states.device)]


def following(batch: Batch, rng: np.random.Generator, *, most: int | None = None) -> Following:
    """Find what followed each visit.

    Parameters
    ----------
    batch
        The visits.
    rng
        Chooses, where there are too many.
    most
        How many visits are asked at most; none: all.
    """
    width = batch.gap_days.shape[1]
    asked = np.flatnonzero(np.arange(width) < batch.lengths[:, None] - 1)
    if most is not None and len(asked) > most:
        asked = np.sort(rng.choice(asked, most, replace=False))
    row = np.full(batch.gap_days.size + 1, -1, np.int64)
    row[asked + 1] = np.arange(len(asked))
    of_line = row[batch.visit]
    lines = np.flatnonzero(of_line >= 0)
    return Following(asked, of_line[lines], lines)
