"""A table of tokens that learns a model's vectors: no network is left, a text is a mean of rows.

The rows begin as what the model makes of each token alone, in fewer numbers, rare tokens weighing
more (model2vec, Tulkens and van Dongen 2024); then they learn from texts.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from limner.config import Config
from limner.encoders.language.export import write_facts
from limner.encoders.language.light import TABLE_FILE
from limner.encoders.language.text_encoder import TextEncoder
from limner.encoders.language.tokens import Tokens
from limner.training.language.compression import onto_teacher, teach_vectors

__all__ = ["Distil"]

Floats = NDArray[np.float32]


class Distil(Config):
    """A text is the mean of its tokens' rows, turned onto the model's space."""

    needs_texts: ClassVar[bool] = True

    width: int = Field(128, ge=2)
    """Numbers of a row."""
    epochs: float = Field(5.0, ge=0)
    """How often each text teaches; 0: the rows stay as they begin."""
    rate: float = Field(3e-3, gt=0)
    """The learning rate."""
    batch: int = Field(128, ge=2)
    """Texts of one batch."""

    def write(
        self,
        encoder: TextEncoder,
        tokeniser: Any,  # noqa: ANN401
        folder: Path,
        *,
        texts: Sequence[str],
        longest: int,
        seed: int,
        progress: Callable[[str, float], None] | None,
    ) -> None:
        """Read every token alone, learn from texts, and write the table."""
        tokens = Tokens.of(tokeniser, texts, longest=longest)
        wanted = encoder.read(tokens)
        rows = _begun(encoder, tokeniser, tokens, width=self.width)
        student = _Table(rows, onto_teacher(_means(rows, tokens), wanted))
        if self.epochs:
            teach_vectors(
                student,
                tokens,
                wanted,
                epochs=self.epochs,
                rate=self.rate,
                batch=self.batch,
                seed=seed,
                progress=progress,
            )
        onto = np.concatenate(
            [student.onto.weight.detach().numpy().T, student.onto.bias.detach().numpy()[None]]
        )
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / TABLE_FILE,
            table=student.table.weight.detach().numpy().astype(np.float16),
            onto=onto.astype(np.float32),
        )
        write_facts(folder, tokeniser, width=encoder.width, longest=longest)


class _Table(nn.Module):
    """The mean of the rows of a text's tokens, turned."""

    def __init__(self, rows: Floats, onto: nn.Linear) -> None:
        super().__init__()
        self.table = nn.Embedding(*rows.shape)
        with torch.no_grad():
            self.table.weight.copy_(torch.from_numpy(rows))
        self.onto = onto.requires_grad_(requires_grad=True)

    def forward(self, numbers: Tensor, held: Tensor) -> Tensor:
        """Return (B, D) for tokens (B, L) and 1 where there is one."""
        weights = held.unsqueeze(-1).to(self.table.weight)
        mean = (self.table(numbers) * weights).sum(dim=1) / weights.sum(dim=1)
        return cast("Tensor", self.onto(mean))


def _begun(encoder: TextEncoder, tokeniser: Any, tokens: Tokens, *, width: int) -> Floats:  # noqa: ANN401
    """Return rows (V, E): what the model makes of each token alone, in its widest directions."""
    every = Tokens(
        np.arange(len(tokeniser), dtype=np.int32),
        np.arange(len(tokeniser) + 1, dtype=np.int64),
        tokens.padding,
    )
    alone = encoder.read(every, part=512)
    alone -= alone.mean(axis=0)
    width = min(width, *alone.shape)
    _, _, directions = np.linalg.svd(alone.T @ alone)
    rows = alone @ directions[:width].T
    counts = np.bincount(tokens.ids, minlength=len(tokeniser)).astype(np.float64)
    rarity = 1e-3 / (1e-3 + counts / max(counts.sum(), 1))
    return np.ascontiguousarray(rows * rarity[:, None], np.float32)


def _means(rows: Floats, tokens: Tokens) -> Floats:
    sums = np.add.reduceat(rows[tokens.ids], tokens.at[:-1], axis=0)
    return np.asarray(sums / tokens.lengths[:, None], np.float32)
