"""One visit as one vector: the sum of all that is known of it."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from limner import plugins
from limner.dataset.batches import Batch
from limner.encoders import modalities
from limner.encoders.modality import Known

__all__ = ["EventEncoder"]


class EventEncoder(nn.Module):
    """What every modality makes of a visit, added up and brought to one scale.

    Parameters
    ----------
    known
        The names and quantiles of the log.
    width
        Length of a vector, D.
    names
        Which modalities are read; empty: all.

    Raises
    ------
    UnknownPlugin
        If there is no modality of that name.
    """

    def __init__(self, known: Known, width: int, *, names: Sequence[str] = ()) -> None:
        super().__init__()
        self.modalities = nn.ModuleDict(
            {
                name: plugins.load(modalities, name)(known, width)
                for name in names or plugins.names(modalities)
            }
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, batch: Batch) -> Tensor:
        """Return one vector a visit: (B, T, D)."""
        parts = [modality(batch) for modality in self.modalities.values()]
        return cast("Tensor", self.norm(torch.stack(parts).sum(dim=0)))

    def items(self, codes: Tensor) -> Tensor:
        """Return one vector an item (K, D), the sum of what the modalities know of it.

        ``codes`` (K, 5) are numbers of the vocabulary, one column a field; the kind is 0.
        """
        parts = [
            part
            for modality in self.modalities.values()
            if (part := modality.items(codes)) is not None  # type: ignore[operator]
        ]
        return torch.stack(parts).sum(dim=0)
