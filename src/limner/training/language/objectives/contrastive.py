"""Texts that belong together near each other, all others of a batch far (Gao and others 2021)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config
from limner.encoders.language.opening import Family, Purpose
from limner.encoders.language.tokens import Tokens

__all__ = ["Contrast"]


class Contrast(Config):
    """Rows of two texts belong together: a query and what was clicked, a review and its product.

    Where a row has one text, it belongs to itself: read twice, with other values dropped.
    """

    purpose: ClassVar[Purpose] = "vectors"
    scratch: ClassVar[Family] = "encoder"
    sides: ClassVar[tuple[int, ...]] = (1, 2)

    temperature: float = Field(0.05, gt=0)
    """Cosines are divided by it: the smaller, the more the nearest others count."""

    def ready(self, tokeniser: Any) -> None:  # noqa: ANN401
        """Take any tokeniser."""

    def loss(
        self,
        model: Any,  # noqa: ANN401
        sides: Sequence[Tokens],
        rows: NDArray[np.int64],
        *,
        tokeniser: Any,  # noqa: ANN401
        rng: np.random.Generator,
    ) -> Tensor:
        """Return how much likelier others of the batch seemed than what belongs, both ways.

        A row whose other side is the same text as another's is no mistake, and is left out.
        """
        del tokeniser, rng
        device = next(model.parameters()).device
        read = []
        for side in (sides[0], sides[-1]):
            numbers, held = side.batch(rows)
            vectors = model(numbers.to(device), held.to(device)).float()
            read.append(functional.normalize(vectors, dim=1))
        near = read[0] @ read[1].T / self.temperature
        same = torch.from_numpy(_alike(sides[0], rows) | _alike(sides[-1], rows)).to(device)
        near = near.masked_fill(same, -torch.inf)
        own = torch.arange(len(rows), device=device)
        return (functional.cross_entropy(near, own) + functional.cross_entropy(near.T, own)) / 2


def _alike(side: Tokens, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which other rows hold the same tokens: (B, B)."""
    said = [side.ids[side.at[row] : side.at[row + 1]].tobytes() for row in rows]
    _, number = np.unique(np.array(said, dtype=object), return_inverse=True)
    alike = number[:, None] == number[None, :]
    np.fill_diagonal(alike, val=False)
    return np.asarray(alike)
