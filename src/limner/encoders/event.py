"""One visit as one vector: the sum of all that is known of it."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from limner import plugins
from limner.dataset.batches import Batch
from limner.encoders import modalities
from limner.encoders.modality import Known
from limner.errors import BadConfig
from limner.events.item_vectors import LOOKS

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
        Which modalities are read; empty: all that there is something to read of.
    dropout
        Share of the values of visits that is dropped while learning.

    Raises
    ------
    UnknownPlugin
        If there is no modality of that name.
    BadConfig
        If one is named that reads what the log does not keep.
    """

    def __init__(
        self, known: Known, width: int, *, names: Sequence[str] = (), dropout: float = 0.0
    ) -> None:
        super().__init__()
        unseen = set(LOOKS).difference(known.vocabulary.codebooks)
        if blind := sorted(unseen.intersection(names)):
            raise BadConfig(
                f"modalities: {' and '.join(blind)} cannot be read, for the log keeps no such "
                "vectors of its items",
                hint="limner items, with [text] or [vision] in limner.toml",
            )
        there = [name for name in plugins.names(modalities) if name not in unseen]
        self.modalities = nn.ModuleDict(
            {name: plugins.load(modalities, name)(known, width) for name in names or there}
        )
        self.norm, self.drop = nn.LayerNorm(width), nn.Dropout(dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Return one vector a visit: (B, T, D), nought where there is none."""
        if torch.onnx.is_in_onnx_export():
            return self._read(batch)
        told, held = self.packed(batch)
        whole = told.new_zeros(batch.lines.size, told.shape[1])
        return whole.index_copy(0, held, told).reshape(*batch.lines.shape, -1)

    def packed(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return one vector a visit side by side (V, D), and their places among B * T: (V,)."""
        packed, held = batch.packed()
        told = self._read(packed)[0]
        return told, torch.from_numpy(held).to(told.device)

    def _read(self, batch: Batch) -> Tensor:
        parts = [modality(batch) for modality in self.modalities.values()]
        return cast("Tensor", self.drop(self.norm(sum(parts[1:], start=parts[0]))))

    def items(self, codes: Tensor) -> Tensor:
        """Return one vector an item (K, D), the sum of what the modalities know of it.

        ``codes`` (K, F) are numbers of the vocabulary, one column a field; the kind is 0. Where no
        modality knows anything of items, all are alike.
        """
        parts = [
            part
            for modality in self.modalities.values()
            if (part := modality.items(codes)) is not None  # type: ignore[operator]
        ]
        if not parts:
            return self.norm.weight.new_zeros(len(codes), len(self.norm.weight))
        return torch.stack(parts).sum(dim=0)
