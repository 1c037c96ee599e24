"""Cross-entropy over very many items, of which a few are drawn (Jean and others 2015)."""

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config
from limner.training.sampling import Choice, choose_items

__all__ = ["SampledSoftmax"]


class SampledSoftmax(Config):
    """The log loss of what is right among items that are drawn, made up for how they were drawn.

    Items are drawn by how common they are, the same for all rows of a batch, and the logarithm of
    how often each is met is taken off its score: else common ones, which are met oftener, would be
    held down (Yi and others 2019, section 3).
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})
    outputs: ClassVar[int] = 1

    others: int = Field(2000, ge=1)
    """How many items are drawn beside the right ones."""
    power: float = Field(0.75, ge=0, le=1)
    """They are drawn by their counts to this power: with 0 all alike."""

    def choose(
        self,
        counts: NDArray[np.int64],
        rng: np.random.Generator,
        *,
        rows: NDArray[np.int64],
        items: NDArray[np.int64],
    ) -> Choice | None:
        """Draw the items for a batch; see :func:`~limner.training.sampling.choose_items`."""
        others = min(self.others, len(counts))
        return choose_items(counts, rng, rows=rows, items=items, others=others, power=self.power)

    def among(self, scores: Tensor, choice: Choice) -> Tensor:
        """Return what each right pair of a choice costs (P,), from scores of its items (N, K).

        Beside one right item the others that are right are no mistakes: they are left out.
        """
        logits = scores - torch.from_numpy(choice.log_drawn).to(scores)
        right = torch.from_numpy(choice.rows), torch.from_numpy(choice.places)
        true = torch.zeros_like(logits, dtype=torch.bool)
        true[torch.from_numpy(choice.all_rows), torch.from_numpy(choice.all_places)] = True
        wrong = logits.masked_fill(true, -torch.inf).logsumexp(dim=1)[right[0]]
        return functional.softplus(wrong - logits[right])

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each row (N,) over all items: scores (N, V), and 1 for what is right.

        Where several are right, each counts alike.
        """
        wanted = truth / truth.sum(dim=-1, keepdim=True).clamp(min=1)
        return -(wanted * said.log_softmax(dim=-1)).sum(dim=-1)

    def answer(self, said: Tensor) -> Tensor:
        """Return probabilities that sum to one a row."""
        return said.softmax(dim=-1)
