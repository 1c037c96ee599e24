"""How far a model is from telling the right item from all others, or from some that are drawn."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config
from limner.training.sampling import choose_items

__all__ = ["ItemLossConfig", "item_logits", "item_loss"]

Ints = NDArray[np.int64]


class ItemLossConfig(Config):
    """Which items the right one is told from, and how."""

    others: int = Field(2000, ge=0)
    """So many items are drawn, for all visits of a batch alike, beside what is right for one of
    them; 0: the right one is told from all items."""
    power: float = Field(0.75, ge=0, le=1)
    """They are drawn by their counts to this power: 0 draws all alike, 1 as they are bought."""
    correction: float = Field(1.0, ge=0, le=1)
    """How much is taken off a logit of the logarithm of how often its item is met (Yi and others
    2019): 1 is as if all items were met, and with less the common ones are held back."""
    smoothing: float = Field(0.0, ge=0, lt=1)
    """This share of what is right is spread over all items alike."""
    cosine: bool = False
    """Whether the lengths of the vectors do not count."""
    temperature: float = Field(1.0, gt=0)
    """Logits are divided by this. With cosines it is about 0.1; above 1 it lets products of vectors
    that move fast grow slowly."""


def item_logits(states: Tensor, items: Tensor, *, config: ItemLossConfig) -> Tensor:
    """Return how well K items (K, D) fit N states (N, D): (N, K)."""
    if config.cosine:
        states, items = functional.normalize(states, dim=-1), functional.normalize(items, dim=-1)
    return states @ items.T / config.temperature


def item_loss(
    states: Tensor,
    table: Callable[[Ints], Tensor],
    *,
    rows: Ints,
    items: Ints,
    counts: Ints,
    config: ItemLossConfig,
    rng: np.random.Generator,
) -> Tensor:
    """Return the mean cross-entropy of the right items.

    Parameters
    ----------
    states
        What is to tell them (N, D).
    table
        Gives the vectors (K, D) of items, each asked for once.
    rows, items
        What is right: pairs of a state, rising, and an item (P,).
    counts
        How common each item is (I,).
    config
        How they are told.
    rng
        The step's own chance.
    """
    every = not config.others or config.others >= len(counts)
    choice = choose_items(
        counts,
        rng,
        rows=rows,
        items=items,
        others=0 if every else config.others,
        most_right=2,
        power=config.power,
    )
    if choice is None:
        return states.new_zeros(())
    chosen = np.arange(len(counts)) if every else choice.items
    logits = item_logits(states, table(chosen), config=config)
    if not every and config.correction:
        logits = logits - config.correction * torch.from_numpy(choice.log_drawn).to(states.device)
    places = choice.items[choice.places] if every else choice.places
    right = torch.from_numpy(choice.rows), torch.from_numpy(places).to(states.device)
    return functional.cross_entropy(logits[right[0]], right[1], label_smoothing=config.smoothing)
