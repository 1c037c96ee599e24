"""What comes within 7, 14, 30 and 90 days of a moment: whether, how many, how much, of which."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.dataset.batches import Batch
from limner.dataset.futures import Futures
from limner.model.behaviour import BehaviourModel

__all__ = ["FutureWindow"]


class FutureWindow(nn.Module):
    """Heads on the vector at a moment, one set a horizon, and the model's class scores.

    The terms are weighed by learned log variances (Kendall, Gal and Cipolla 2018, equation 7).

    Parameters
    ----------
    width
        Length of the vector, D.
    horizons_days
        How far ahead is looked, in days, H of them.
    """

    def __init__(self, width: int, horizons_days: tuple[float, ...]) -> None:
        super().__init__()
        self.horizons_days = horizons_days
        self.whether = nn.Linear(width, len(horizons_days))
        self.orders = nn.Linear(width, len(horizons_days))
        self.worth = nn.Linear(width, len(horizons_days))
        self.log_variance = nn.Parameter(torch.zeros(4))

    def answers(self, vectors: Tensor) -> dict[str, Tensor]:
        """Return log odds of an order, and ``log1p`` of orders and of worth: (…, H) each."""
        return {
            "whether": self.whether(vectors),
            "orders": self.orders(vectors),
            "worth": self.worth(vectors),
        }

    def forward(
        self, model: BehaviourModel, batch: Batch, vectors: Tensor, future: Futures
    ) -> Tensor:
        """Return the loss: the terms, weighed as they were learned to be; see :meth:`terms`."""
        terms = self.terms(model, batch, vectors, future)
        return (terms * torch.exp(-self.log_variance) + self.log_variance).sum()

    def terms(
        self, model: BehaviourModel, batch: Batch, vectors: Tensor, future: Futures
    ) -> Tensor:
        """Return whether, how many, how much and of which (4,): means over known futures.

        Parameters
        ----------
        model
            Gives the class scores.
        batch, vectors
            B customers at M moments, and their vectors (B, M, D).
        future
            What followed, the moments of one customer after another: B * M rows.
        """
        where = vectors.device
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
            ]
        )


def _mean(values: Tensor, where: Tensor) -> Tensor:
    return (values * where).sum() / where.sum().clamp(min=1)
