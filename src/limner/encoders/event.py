"""One event as one vector: the sum of all that is known of it."""

from collections.abc import Mapping
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.dataset.batches import Batch
from limner.dataset.sequences import NUMBERS
from limner.dataset.vocabulary import FIELDS, Vocabulary
from limner.encoders.modalities.category import CategoryEncoder
from limner.encoders.modalities.number import NumberEncoder
from limner.encoders.modalities.time import TimeEncoder

__all__ = ["EventEncoder"]


class EventEncoder(nn.Module):
    """Kind, item, department, category, brand, numbers and time, each as a vector, added up.

    An item is what is known of it: one never seen has its category's and its brand's vectors on
    its first day.

    Parameters
    ----------
    vocabulary
        How many numbers each field has.
    edges
        For each of :data:`~limner.dataset.sequences.NUMBERS` the quantiles to measure it by.
    width
        Length of a vector, D.
    """

    def __init__(
        self, vocabulary: Vocabulary, edges: Mapping[str, NDArray[np.float32]], width: int
    ) -> None:
        super().__init__()
        self.names = nn.ModuleList(
            CategoryEncoder(vocabulary.size(field), width) for field in FIELDS
        )
        self.numbers = nn.ModuleList(NumberEncoder(edges[name], width) for name in NUMBERS)
        self.time = TimeEncoder(width)
        self.begins = nn.Linear(1, width, bias=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, batch: Batch) -> Tensor:
        """Return one vector an event: (B, T, D)."""
        where = self.begins.weight.device

        def tensor(values: NDArray[np.generic]) -> Tensor:
            return torch.from_numpy(values).to(where)

        codes, numbers = tensor(batch.codes), tensor(batch.numbers)
        summed = self.time(
            tensor(batch.gap_days),
            tensor(batch.age_days),
            tensor(batch.hour),
            tensor(batch.weekday),
        )
        summed = summed + self.begins(tensor(batch.begins).unsqueeze(-1))
        for place, names in enumerate(self.names):
            summed = summed + names(codes[:, :, place])
        for place, encoder in enumerate(self.numbers):
            summed = summed + encoder(numbers[:, :, place])
        return cast("Tensor", self.norm(summed))
