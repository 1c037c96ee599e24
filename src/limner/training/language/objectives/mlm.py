"""Masked tokens, told from those on both sides (Devlin and others 2019, section 3.1)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from limner.config import Config
from limner.encoders.language.opening import Family, Purpose
from limner.encoders.language.tokens import Tokens
from limner.errors import BadModel
from limner.training.language.text_objective import scored

__all__ = ["MaskedTokens"]


class MaskedTokens(Config):
    """Of some tokens eight in ten become a mask, one another token, one stays; all are asked."""

    purpose: ClassVar[Purpose] = "masked"
    scratch: ClassVar[Family] = "encoder"
    sides: ClassVar[tuple[int, ...]] = (1, 2)

    share: float = Field(0.15, gt=0, lt=1)
    """So many of a text's tokens are asked, one at least; the marks of its ends are not."""

    def ready(self, tokeniser: Any) -> None:  # noqa: ANN401
        """Refuse a tokeniser without a mask."""
        if tokeniser.mask_token_id is None:
            raise BadModel("the tokeniser has no mask, so masked tokens cannot be learned")

    def loss(
        self,
        model: nn.Module,
        sides: Sequence[Tokens],
        rows: np.ndarray[Any, np.dtype[np.int64]],
        *,
        tokeniser: Any,  # noqa: ANN401
        rng: np.random.Generator,
    ) -> Tensor:
        """Return how unlikely what was hidden seemed, of all sides."""
        costs = [self._of(model, side, rows, tokeniser, rng) for side in sides]
        return torch.stack(costs).mean()

    def _of(
        self,
        model: Any,  # noqa: ANN401
        side: Tokens,
        rows: np.ndarray[Any, np.dtype[np.int64]],
        tokeniser: Any,  # noqa: ANN401
        rng: np.random.Generator,
    ) -> Tensor:
        numbers, held = side.batch(rows)
        asked = self.hidden(numbers.numpy(), tokeniser, rng)
        shown = numbers.numpy().copy()
        fate = rng.random(shown.shape)
        shown[asked & (fate < 0.8)] = tokeniser.mask_token_id
        other = asked & (fate >= 0.8) & (fate < 0.9)
        shown[other] = rng.integers(0, len(tokeniser), int(other.sum()))
        device = next(model.parameters()).device
        told = model.base_model(
            input_ids=torch.from_numpy(shown).to(device), attention_mask=held.to(device)
        ).last_hidden_state
        places = torch.from_numpy(asked).to(device)
        scores = scored(model, told[places]).float()
        return functional.cross_entropy(scores, numbers.to(device)[places])

    def hidden(
        self,
        numbers: np.ndarray[Any, np.dtype[np.int64]],
        tokeniser: Any,  # noqa: ANN401
        rng: np.random.Generator,
    ) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which tokens (B, L) are asked."""
        may = ~np.isin(numbers, tokeniser.all_special_ids)
        # Where a text has marks alone, its first is asked: a loss of nothing is no number.
        may[~may.any(axis=1), 0] = True
        drawn = np.where(may, rng.random(numbers.shape), np.inf)
        most = np.maximum(1, np.round(self.share * may.sum(axis=1))).astype(np.int64)
        rank = drawn.argsort(axis=1).argsort(axis=1)
        return np.asarray(rank < most[:, None])
