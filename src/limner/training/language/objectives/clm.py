"""The next token, told from those before it (Radford and others 2018)."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from limner.config import Config
from limner.encoders.language.opening import Family, Purpose
from limner.encoders.language.tokens import Tokens
from limner.errors import BadModel
from limner.training.language.text_objective import scored

__all__ = ["NextToken"]


class NextToken(Config):
    """Every token is asked, of a model that sees those before it alone."""

    purpose: ClassVar[Purpose] = "next"
    scratch: ClassVar[Family] = "decoder"
    sides: ClassVar[tuple[int, ...]] = (1,)

    def ready(self, tokeniser: Any) -> None:  # noqa: ANN401
        """Refuse a tokeniser that has no end."""
        if tokeniser.eos_token_id is None:
            raise BadModel("the tokeniser has no mark of the end, where a writer stops")

    def loss(
        self,
        model: Any,  # noqa: ANN401
        sides: Sequence[Tokens],
        rows: np.ndarray[Any, np.dtype[np.int64]],
        *,
        tokeniser: Any,  # noqa: ANN401
        rng: np.random.Generator,
    ) -> Tensor:
        """Return how unlikely each token seemed; a text of one token asks for its end."""
        del rng  # nothing is left to chance
        numbers, held = sides[0].batch(rows)
        end = torch.full((len(numbers), 1), tokeniser.eos_token_id)
        wanted = torch.cat([numbers, end], dim=1)[:, 1:]
        last = held.sum(dim=1) - 1
        wanted[torch.arange(len(wanted)), last] = tokeniser.eos_token_id
        device = next(model.parameters()).device
        told = model.base_model(
            input_ids=numbers.to(device), attention_mask=held.to(device)
        ).last_hidden_state
        places = held.bool().to(device)
        scores = scored(model, told[places]).float()
        return functional.cross_entropy(scores, wanted.to(device)[places])
