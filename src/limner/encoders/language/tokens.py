"""Texts as numbers of a vocabulary, without padding until a batch is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Tokens"]

Ints = NDArray[np.int64]
MOST_LETTERS = 48
"""No more characters a token are read of a text that will be cut anyway."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """N texts side by side: ``ids`` (T,) of all their tokens, and where each begins (N + 1,)."""

    ids: NDArray[np.int32]
    at: Ints
    padding: int

    @classmethod
    def of(cls, tokeniser: Any, texts: Sequence[str], *, longest: int) -> Self:  # noqa: ANN401 - a tokeniser of transformers
        """Cut texts into tokens, at most ``longest`` of each, the marks of its ends among them."""
        cut = [text[: longest * MOST_LETTERS] for text in texts]
        rows = tokeniser(cut, truncation=True, max_length=longest)["input_ids"] if cut else []
        # A tokeniser without marks makes nothing of an empty text; a model wants one token.
        blank = tokeniser.eos_token_id if tokeniser.eos_token_id is not None else 0
        rows = [row or [blank] for row in rows]
        padding = tokeniser.pad_token_id
        sizes = [len(row) for row in rows]
        return cls(
            np.fromiter((each for row in rows for each in row), np.int32, sum(sizes)),
            np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            padding if padding is not None else blank,
        )

    def __len__(self) -> int:
        return len(self.at) - 1

    @property
    def lengths(self) -> Ints:
        """How many tokens each text has: (N,)."""
        return np.diff(self.at)

    def take(self, rows: Ints) -> Self:
        """Return some of the texts."""
        lengths = self.lengths[rows]
        at = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        starts = np.repeat(self.at[rows] - at[:-1], lengths)
        return type(self)(self.ids[starts + np.arange(at[-1])], at, self.padding)

    def batch(self, rows: Ints) -> tuple[Tensor, Tensor]:
        """Return numbers (B, L) of some texts, padded behind, and 1 where there is a token."""
        lengths = self.lengths[rows]
        held = np.arange(lengths.max(initial=1)) < lengths[:, None]
        numbers = np.full(held.shape, self.padding, np.int64)
        numbers[held] = self.take(rows).ids  # row by row, as the tokens follow each other
        return torch.from_numpy(numbers), torch.from_numpy(held.astype(np.int64))
