"""What customers did before each moment, as decayed counts: of each class, and in all."""

import math

import torch
from torch import Tensor

from limner.dataset.batches import Batch
from limner.dataset.sequences import NUMBERS

__all__ = ["CUSTOMER_MEASURES", "OWN_MEASURES", "customer_history", "own_history"]

HALF_LIVES_DAYS = (7.0, 30.0, 90.0)
"""After how many days a purchase counts half."""
OWN_MEASURES = len(HALF_LIVES_DAYS) + 1
"""How many numbers :func:`own_history` gives for each class."""
CUSTOMER_MEASURES = 2 * len(HALF_LIVES_DAYS) + 2
"""How many numbers :func:`customer_history` gives."""


def own_history(batch: Batch, owner: Tensor, *, classes: int) -> Tensor:
    """Return what each customer bought of each class before each moment: (B, M, C, 4).

    The logarithms of decayed counts of lines, and how near the last one is.

    Parameters
    ----------
    batch
        B customers at M moments.
    owner
        The class of each line (L,), ``classes`` for none.
    classes
        How many there are, C.
    """
    customers, moments = batch.last.shape
    where = owner.device
    bought = torch.as_tensor(batch.bought, device=where) > 0
    kept = torch.nonzero(bought & (owner < classes)).squeeze(1)
    back, past = _back(batch, torch.as_tensor(batch.visit, device=where)[kept])
    customer = torch.as_tensor(batch.visit, device=where)[kept] // batch.gap_days.shape[1]
    first = (customer * moments * classes + owner[kept]).unsqueeze(1)
    place = (first + torch.arange(moments, device=where) * classes).reshape(-1)
    size = customers * moments * classes
    found = []
    for half in HALF_LIVES_DAYS:
        weight = torch.exp(-math.log(2) / half * back) * past
        total = back.new_zeros(size).scatter_add_(0, place, weight.reshape(-1))
        found.append(torch.log1p(total))
    near = (past / (1 + back / 7)).reshape(-1)
    found.append(back.new_zeros(size).scatter_reduce_(0, place, near, "amax"))
    return torch.stack(found, dim=-1).reshape(customers, moments, classes, -1)


def customer_history(batch: Batch, where: torch.device) -> Tensor:
    """Return how often each customer came and what they spent before each moment: (B, M, 8).

    The logarithms of decayed counts of visits and of decayed amounts of what was bought, and of
    both undecayed.
    """
    customers, moments = batch.last.shape
    width = batch.gap_days.shape[1]
    lines = torch.as_tensor(batch.lines, device=where).reshape(-1)
    # A view has a price too, but nobody paid it.
    paid = torch.as_tensor(batch.bought * batch.numbers[:, NUMBERS.index("amount")], device=where)
    visit = torch.as_tensor(batch.visit, device=where)
    worth = torch.zeros_like(lines).index_add_(0, visit, paid).clamp(min=0)
    back, past = _back(batch, torch.arange(customers * width, device=where))
    held = past * (lines > 0).unsqueeze(1)
    found = []
    for half in (*HALF_LIVES_DAYS, math.inf):
        weight = torch.exp(-math.log(2) / half * back) * held
        visits = weight.reshape(customers, width, moments).sum(dim=1)
        spent = (weight * worth.unsqueeze(1)).reshape(customers, width, moments).sum(dim=1)
        found += [torch.log1p(visits), torch.log1p(spent)]
    return torch.stack(found, dim=-1)


def _back(batch: Batch, visit: Tensor) -> tuple[Tensor, Tensor]:
    """Return how long before each moment visits were, in days, and whether before it: (N, M).

    By place: as 32-bit days, a visit seconds before a moment is not before it.
    """
    where = visit.device
    width = batch.gap_days.shape[1]
    customer, place = visit // width, visit % width
    back = torch.as_tensor(batch.back_days, device=where).reshape(-1)[visit].unsqueeze(1)
    early = torch.as_tensor(batch.early_days, device=where)[customer]
    last = torch.as_tensor(batch.last, device=where)[customer]
    return (back - early).clamp(min=0), (place.unsqueeze(1) <= last).float()
