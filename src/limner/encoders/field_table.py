"""Numbers of some fields as learned vectors, added up over the lines of a visit."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from limner.dataset.batches import Batch
from limner.encoders.modality import Known

__all__ = ["FieldTable"]


class FieldTable(nn.Module):
    """A vector for each number of each field; number 0, nothing known, is nought.

    A line is the sum of its fields; a visit is the sum of its lines over the root of their number.

    Parameters
    ----------
    known
        How many numbers each field has.
    width
        Length of a vector, D.
    fields
        Which of the vocabulary's fields are read.
    """

    first: Tensor

    def __init__(self, known: Known, width: int, *, fields: Sequence[str]) -> None:
        super().__init__()
        names = known.vocabulary.fields
        self.columns = [names.index(field) for field in fields]
        sizes = [known.vocabulary.size(field) for field in fields]
        # All fields share one table; row 0 is the nought of all of them.
        self.table = nn.Embedding(1 + sum(size - 1 for size in sizes), width, padding_idx=0)
        nn.init.normal_(self.table.weight, std=0.1)
        with torch.no_grad():
            self.table.weight[0].zero_()
        before = torch.tensor([0, *(size - 1 for size in sizes[:-1])]).cumsum(0)
        self.register_buffer("first", before)

    def forward(self, batch: Batch) -> Tensor:
        """Return one vector a visit: (B, T, D)."""
        where = self.table.weight.device
        rows = self._rows(torch.as_tensor(batch.codes, device=where))
        shape = batch.gap_days.shape
        lines = torch.as_tensor(batch.lines, device=where).reshape(-1)
        summed = self._summed(rows, lines, torch.as_tensor(batch.visit, device=where))
        return (summed / lines.clamp(min=1).sqrt().unsqueeze(-1)).reshape(*shape, -1)

    def items(self, codes: Tensor) -> Tensor:
        """Return the vectors of items (K, D), from numbers of their fields (K, F)."""
        return functional.embedding_bag(
            self._rows(codes), self.table.weight, mode="sum", padding_idx=0
        )

    def _summed(self, rows: Tensor, lines: Tensor, visit: Tensor) -> Tensor:
        """Return the sum of the vectors of each place's lines: (B * T, D)."""
        if torch.onnx.is_in_onnx_export():
            # ONNX has no bags, but adds up rows by their places; here a field at a time.
            summed = self.table.weight.new_zeros(lines.numel(), self.table.embedding_dim)
            for field in rows.unbind(dim=1):
                summed = summed.index_add(0, visit, self.table(field))
            return summed
        starts = (lines.cumsum(0) - lines).long() * rows.shape[1]
        return functional.embedding_bag(
            rows.reshape(-1), self.table.weight, starts, mode="sum", padding_idx=0
        )

    def _rows(self, codes: Tensor) -> Tensor:
        """Return which rows of the table belong to numbers of all fields (K, F)."""
        read = codes[:, self.columns[0] : self.columns[-1] + 1]
        return torch.where(read > 0, read + self.first, 0)
