"""What the answers of a model cost: of labels, and of items that came next."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limner.errors import BadConfig
from limner.training.loss import Loss
from limner.training.losses.sampled_softmax import SampledSoftmax
from limner.training.objective import Shelf
from limner.training.panel import Panel
from limner.training.question_model import QuestionModel

__all__ = ["Costs", "ItemCosts", "LabelCosts"]

Ints = NDArray[np.int64]


class Costs(Protocol):
    """Says how wrong a model is about some customers of a panel."""

    def __call__(
        self,
        whole: QuestionModel,
        panel: Panel,
        customers: Ints,
        rng: np.random.Generator,
        *,
        part: int,
    ) -> tuple[Tensor, Ints]:
        """Return costs (P,) or (P, C) and the labels that they are of (P,).

        ``part`` customers are read at once; ``rng`` is the step's own chance.
        """
        ...


class LabelCosts:
    """The costs of labels, by a loss."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def __call__(
        self,
        whole: QuestionModel,
        panel: Panel,
        customers: Ints,
        rng: np.random.Generator,
        *,
        part: int,
    ) -> tuple[Tensor, Ints]:
        """Return what each label costs; nothing is left to chance."""
        del rng
        said, rows = whole.answers(panel, customers, part=part)
        return self.loss(said, torch.from_numpy(panel.truth[rows]).to(said.device)), rows


class ItemCosts:
    """The costs of telling what came next from items that are drawn.

    Parameters
    ----------
    loss
        How items are drawn.
    shelf
        All items, and how common they are.
    """

    def __init__(self, loss: Loss, shelf: Shelf) -> None:
        if not isinstance(loss, SampledSoftmax):
            raise BadConfig(
                "what comes next is told from items that are drawn", hint="loss = 'sampled_softmax'"
            )
        self.loss, self.shelf = loss, shelf

    def __call__(
        self,
        whole: QuestionModel,
        panel: Panel,
        customers: Ints,
        rng: np.random.Generator,
        *,
        part: int,
    ) -> tuple[Tensor, Ints]:
        """Return what each item that came next costs, a few of each label."""
        costs, labels = [next(whole.parameters()).new_zeros(0)], [np.zeros(0, np.int64)]
        for some in panel.parts(customers, count=part):
            asked = panel.asked(some, longest=whole.model.config.longest)
            pairs, items = panel.taken_of(asked.rows)
            choice = self.loss.choose(self.shelf.counts, rng, rows=pairs, items=items)
            if choice is None:
                continue
            codes = self.shelf.codes[choice.items]
            scores = whole.item_scores(panel, asked, items=choice.items, codes=codes)
            costs.append(self.loss.among(scores, choice))
            labels.append(asked.rows[choice.rows])
        return torch.cat(costs), np.concatenate(labels)
