"""A language model with a head upon it, which may read what else is known beside the text."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from limner.errors import BadModel

__all__ = ["Encoder", "TextModel", "features_of"]

MEETING = 32
"""In so many numbers text and what is known beside it meet."""


def features_of(vectors: Sequence[Tensor], beside: Tensor | None) -> Tensor:
    """Return what a head reads of one text's vector (B, D) or of two, and of columns (B, F).

    A vector is brought to the length of the root of D; of two, the distance in each number and the
    product stand side by side (Conneau and others 2017).
    """
    scaled = [
        functional.normalize(each, dim=1) * each.shape[1] ** 0.5  # so that a number is about 1
        for each in vectors
    ]
    if len(scaled) == 2:
        scaled = [(scaled[0] - scaled[1]).abs(), scaled[0] * scaled[1]]
    return torch.cat(scaled if beside is None else [*scaled, beside], dim=1)


class Encoder(Protocol):
    """Makes a vector of a text or a picture; a module of torch."""

    @property
    def width(self) -> int:
        """The length of a vector, D."""
        ...

    def __call__(self, *batch: Tensor) -> Tensor:
        """Return vectors (B, D) for what :meth:`Side.batch` gives."""
        ...


class TextModel(nn.Module):
    """Says the numbers that a loss is about.

    Parameters
    ----------
    encoder
        What makes a vector of a text, or of a picture.
    sides
        Texts a row: one, or two.
    columns
        How many numbers are known beside, F.
    outputs
        Numbers an answer, K.
    dropout
        The share of what the head reads that is dropped while learning.
    """

    def __init__(
        self, encoder: nn.Module, *, sides: int, columns: int, outputs: int, dropout: float
    ) -> None:
        super().__init__()
        self.encoder, self.drop = encoder, nn.Dropout(dropout)
        width = cast("Encoder", encoder).width * sides + columns
        self.head = nn.Linear(width, outputs)
        self.meeting: nn.Module | None = None
        if columns:
            read = nn.Linear(width, MEETING)
            told = nn.Linear(MEETING, outputs)
            nn.init.zeros_(told.weight)
            nn.init.zeros_(told.bias)
            self.meeting = nn.Sequential(read, nn.GELU(), nn.Dropout(dropout), told)

    def take_head(self, weights: NDArray[np.float32], shifts: NDArray[np.float32]) -> None:
        """Take over the weights (K, F) and shifts (K,) of a linear head."""
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(weights))
            self.head.bias.copy_(torch.from_numpy(shifts))

    def load_head(self, weights: Mapping[str, Tensor]) -> None:
        """Take over a head, and whatever of the encoder is kept with it.

        Raises
        ------
        BadModel
            If a weight of the head is missing, or one is of no part of this model.
        """
        told = self.load_state_dict(dict(weights), strict=False)
        missing = [name for name in told.missing_keys if not name.startswith("encoder.")]
        if missing or told.unexpected_keys:
            raise BadModel(
                f"the head lacks or has too much: {[*missing, *told.unexpected_keys][0]}"
            )

    def forward(self, sides: Sequence[tuple[Tensor, ...]], beside: Tensor | None) -> Tensor:
        """Return numbers before any link (B, K), of a batch a side."""
        return self.said([self.encoder(*side) for side in sides], beside)

    def said(self, vectors: Sequence[Tensor], beside: Tensor | None) -> Tensor:
        """Return the same of vectors (B, D), one a side."""
        features = self.drop(features_of(vectors, beside))
        said: Tensor = self.head(features)
        return said if self.meeting is None else said + self.meeting(features)
