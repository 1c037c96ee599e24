"""What comes within 7, 14, 30 and 90 days of a moment: whether, how many, how much, of which."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.model.behaviour import BehaviourModel
from limner.training.objective import Exercise, Setting
from limner.training.sampling import choose_items

__all__ = ["FutureWindow"]

OTHERS = 2000
"""Beside the items that were bought, so many are scored."""
ITEM_MOMENTS = 2
"""At so many of a customer's moments items are scored."""


class FutureWindow(nn.Module):
    """Heads on the vector at a moment, one set a horizon, and the model's class and item scores.

    Parameters
    ----------
    setting
        Width, horizons H and items.
    """

    names = ("whether", "how many", "how much", "which", "which items")
    slices = False

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.horizons_days, self.shelf = setting.horizons_days, setting.shelf
        horizons = len(self.horizons_days)
        self.whether = nn.Linear(setting.width, horizons)
        self.orders = nn.Linear(setting.width, horizons)
        self.worth = nn.Linear(setting.width, horizons)

    def answers(self, vectors: Tensor) -> dict[str, Tensor]:
        """Return log odds of an order, and ``log1p`` of orders and of worth: (…, H) each."""
        return {
            "whether": self.whether(vectors),
            "orders": self.orders(vectors),
            "worth": self.worth(vectors),
        }

    def forward(
        self, model: BehaviourModel, exercise: Exercise, states: Tensor, vectors: Tensor
    ) -> Tensor:
        """Return the terms of :attr:`names` (5,): means over known futures."""
        del states
        batch, future, where = exercise.batch, exercise.future, vectors.device
        held = torch.from_numpy(batch.last.reshape(-1) >= 0).to(where)
        known = torch.from_numpy(future.known).to(where) & held[:, None]
        flat = vectors.reshape(-1, vectors.shape[-1])
        said = self.answers(flat)
        orders = torch.from_numpy(future.orders).to(where)
        worth = torch.from_numpy(future.worth).to(where).clamp(min=0)
        scores = model.class_scores(batch, vectors).reshape(len(flat), -1)
        bought = torch.from_numpy(future.classes).to(where).float()
        chosen = torch.from_numpy(future.classes_known).to(where) & held
        return torch.stack(
            [
                _mean(
                    functional.binary_cross_entropy_with_logits(
                        said["whether"], (orders > 0).float(), reduction="none"
                    ),
                    known,
                ),
                _mean((said["orders"] - orders.log1p()).square(), known),
                _mean((said["worth"] - worth.log1p()).square(), known),
                _mean(
                    functional.binary_cross_entropy_with_logits(scores, bought, reduction="none"),
                    chosen[:, None].expand_as(bought),
                ),
                self._items(model, exercise, vectors),
            ]
        )

    def _items(self, model: BehaviourModel, exercise: Exercise, vectors: Tensor) -> Tensor:
        """Return how surprising the items bought next are, by sampled softmax."""
        batch, future = exercise.batch, exercise.future
        # A few moments of each customer are enough: every item costs a history with it.
        moments, few = batch.last.shape[1], min(ITEM_MOMENTS, batch.last.shape[1])
        row = np.repeat(np.arange(len(future.bought_at) - 1), np.diff(future.bought_at))
        asked = (future.classes_known & (batch.last.reshape(-1) >= 0))[row] & (row % moments < few)
        rows = row // moments * few + row % moments
        batch = replace(
            batch,
            last=batch.last[:, :few],
            since_days=batch.since_days[:, :few],
            known_days=batch.known_days[:, :few],
            early_days=batch.early_days[:, :few],
        )
        choice = choose_items(
            self.shelf.counts,
            exercise.rng,
            rows=rows[asked],
            items=future.bought[asked],
            others=min(OTHERS, len(self.shelf.counts)),
        )
        if choice is None:
            return vectors.new_zeros(())
        scores = model.item_scores(
            batch, vectors[:, :few], items=choice.items, codes=self.shelf.codes[choice.items]
        ).reshape(-1, len(choice.items))
        logits = scores - torch.from_numpy(choice.log_drawn).to(vectors.device)
        right = torch.from_numpy(choice.rows), torch.from_numpy(choice.places)
        # Beside one right item the others that are right are no mistakes: they are left out.
        mask = torch.zeros_like(logits, dtype=torch.bool)
        mask[torch.from_numpy(choice.all_rows), torch.from_numpy(choice.all_places)] = True
        wrong = logits.masked_fill(mask, -torch.inf).logsumexp(dim=1)[right[0]]
        return functional.softplus(wrong - logits[right]).mean()


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
