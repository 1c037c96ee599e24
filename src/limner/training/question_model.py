"""A behaviour model with a question's head upon it, and what it says of labelled customers."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from limner.model.behaviour import BehaviourModel
from limner.training.panel import Asked, Panel
from limner.training.question_heads import ItemHead, Joint, QuestionHead, VectorHead

__all__ = ["QuestionModel"]

Ints = NDArray[np.int64]

PART = 64
"""So many customers are read at once."""


class QuestionModel(nn.Module):
    """Says the numbers that a loss is about.

    Parameters
    ----------
    model
        The behaviour model.
    head
        What reads its vectors: a :class:`~limner.training.question_heads.QuestionHead`, or a
        :class:`~limner.training.question_heads.ItemHead`.
    joint
        Lets counted columns move the vectors; none: nothing does.
    """

    def __init__(self, model: BehaviourModel, head: nn.Module, joint: Joint | None = None) -> None:
        super().__init__()
        self.model, self.head, self.joint = model, head, joint

    def forward(self, panel: Panel, asked: Asked) -> Tensor:
        """Return what is said for each label asked for: (P,), (P, C) or (P, K)."""
        said = cast("QuestionHead", self.head)(self.model, asked.batch, self.vectors(panel, asked))
        return said.flatten(0, 1)[torch.from_numpy(asked.places).to(said.device)]

    def item_scores(self, panel: Panel, asked: Asked, *, items: Ints, codes: Ints) -> Tensor:
        """Return how well items fit, for each label asked for: (P, K).

        ``items`` (K,) are codes of the ledger and ``codes`` (K, 5) their numbers.
        """
        vectors = cast("ItemHead", self.head).turned(self.vectors(panel, asked))
        scores = self.model.item_scores(asked.batch, vectors, items=items, codes=codes)
        return scores.flatten(0, 1)[torch.from_numpy(asked.places).to(scores.device)]

    def vectors(self, panel: Panel, asked: Asked) -> Tensor:
        """Return the vectors that the head reads: (B, W, D).

        A :class:`~limner.training.question_heads.VectorHead` reads the columns too: (B, W, D + F).
        """
        vectors = self.model.vectors(asked.batch)
        if self.joint is None or panel.columns is None:
            return vectors
        pairs = asked.batch.last.shape
        columns = np.zeros((asked.batch.last.size, panel.columns.shape[1]), np.float32)
        columns[asked.places] = panel.columns[asked.rows]
        told = torch.from_numpy(columns.reshape(*pairs, -1)).to(vectors)
        moved = cast("Tensor", self.joint(vectors, told))
        return torch.cat([moved, told], dim=-1) if isinstance(self.head, VectorHead) else moved

    def answers(self, panel: Panel, customers: Ints, *, part: int = PART) -> tuple[Tensor, Ints]:
        """Return what is said for all labels of customers, and which labels these are: (P,).

        ``part`` of them are read at once.
        """
        found, rows = [], []
        for some in panel.parts(customers, count=part):
            asked = panel.asked(some, longest=self.model.config.longest)
            found.append(self(panel, asked))
            rows.append(asked.rows)
        return torch.cat(found), np.concatenate(rows)
