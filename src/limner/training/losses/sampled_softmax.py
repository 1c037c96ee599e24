"""Cross-entropy over very many items, of which a few are drawn (Jean and others 2015)."""

from typing import ClassVar

import torch
from pydantic import Field
from torch import Tensor

from limner.config import Config

__all__ = ["SampledSoftmax"]


class SampledSoftmax(Config):
    """The log loss of the true item among those drawn, made up for how they were drawn.

    Items are drawn by their popularity to a power, with replacement, the same for all rows of a
    batch. The logarithm of how often an item is drawn on average is taken off its score: else
    popular items, which are drawn more often, would be held down (Yi and others 2019, section 3).
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"what_next"})
    outputs: ClassVar[int] = 1

    drawn: int = Field(512, ge=1)
    """How many items the true one has to stand out from, S."""
    power: float = Field(0.75, ge=0, le=1)
    """Popularity counts to this power: with 0 all items are drawn alike."""

    def draw(self, popularity: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw items by their popularity.

        Parameters
        ----------
        popularity
            How often each item was taken (V,), none below 0; an item never taken counts as once.
        generator
            Where chance comes from.

        Returns
        -------
        Which items (S,), and for every item the logarithm of how often it is drawn on average (V,).
        """
        weights = popularity.clamp(min=1).double() ** self.power
        shares = weights / weights.sum()
        drawn = torch.multinomial(shares, self.drawn, replacement=True, generator=generator)
        return drawn, (shares * self.drawn).log().to(torch.get_default_dtype())

    def among(
        self,
        true_scores: Tensor,
        drawn_scores: Tensor,
        *,
        true: Tensor,
        drawn: Tensor,
        log_expected: Tensor,
    ) -> Tensor:
        """Return the cost of each true item: (N,).

        Parameters
        ----------
        true_scores, drawn_scores
            Scores of the true item (N,) and of the drawn ones (N, S).
        true, drawn
            Which items these are: (N,), (S,).
        log_expected
            What :meth:`draw` gave: (V,).
        """
        rivals = drawn_scores - log_expected[drawn]
        rivals = rivals.masked_fill(true[:, None] == drawn, float("-inf"))
        # The true item is there for certain, so nothing is made up for it: with every item drawn
        # once this is the whole softmax.
        both = torch.cat([true_scores[:, None], rivals], dim=1)
        return both.logsumexp(dim=1) - true_scores

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each row (N,) over all items: scores (N, V), and 1 for what is true.

        Where several are true, each counts alike.
        """
        wanted = truth / truth.sum(dim=-1, keepdim=True).clamp(min=1)
        return -(wanted * said.log_softmax(dim=-1)).sum(dim=-1)

    def answer(self, said: Tensor) -> Tensor:
        """Return probabilities that sum to one a row."""
        return said.softmax(dim=-1)
