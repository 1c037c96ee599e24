"""Heads that a question adds to a behaviour model, and the joint head that reads counts too."""

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self, cast

import torch
from torch import Tensor, nn

from limner.dataset.batches import Batch
from limner.dataset.vocabulary import FIELDS
from limner.model.behaviour import BehaviourModel
from limner.model.change import twin
from limner.model.own_history import own_history

__all__ = ["ClassHead", "HeadPlan", "ItemHead", "Joint", "QuestionHead", "VectorHead"]


UNREAD = ("class_table", "class_kind", "class_who", "own", "item_read", "item_own")
"""What of a model serves its own scores alone."""


class QuestionHead(Protocol):
    """Says what is asked of B customers at M moments."""

    def __call__(self, model: BehaviourModel, batch: Batch, vectors: Tensor) -> Tensor:
        """Return numbers before any link (B, M), (B, M, C) or (B, M, K), of vectors (B, M, D)."""
        ...


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """Which head a question wants: so many numbers of the vector, classes, or items.

    With ``names`` of classes and their ``field`` it is a :class:`ClassHead`, with ``items`` an
    :class:`ItemHead`, else a :class:`VectorHead`.
    """

    outputs: int = 1
    flat: bool = True
    field: str = ""
    names: tuple[str, ...] = ()
    items: bool = False

    def base(self, model: BehaviourModel) -> BehaviourModel:
        """Return a copy of a model in which all is frozen that the head does not read."""
        copied = twin(model)
        for name, part in copied.named_children():
            if name in UNREAD and not (self.items and name.startswith("item_")):
                part.requires_grad_(requires_grad=False)
        return copied

    def make(self, model: BehaviourModel, *, columns: int = 0) -> nn.Module:
        """Return a head for a model, before anything was learned.

        So many counted ``columns`` stand behind the vector of a :class:`VectorHead`.
        """
        if self.field:
            return ClassHead(model, self.field, self.names)
        if self.items:
            return ItemHead(model.config.width)
        width = model.config.width + columns
        return VectorHead(width, outputs=self.outputs, flat=self.flat)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Self:
        """Return the plan that :meth:`to_dict` described."""
        return cls(**table | {"names": tuple(table["names"])})


class VectorHead(nn.Module):
    """One linear layer upon the vector.

    Parameters
    ----------
    width
        Length of the vector, D.
    outputs
        How many numbers an answer has.
    flat
        Whether the one number has no axis of its own.
    """

    def __init__(self, width: int, *, outputs: int = 1, flat: bool = True) -> None:
        super().__init__()
        self.flat = flat and outputs == 1
        self.read = nn.Linear(width, outputs)
        nn.init.zeros_(self.read.weight)
        nn.init.zeros_(self.read.bias)

    def forward(self, model: BehaviourModel, batch: Batch, vectors: Tensor) -> Tensor:
        """Return (B, M) or (B, M, K)."""
        del batch
        said = self.read(model.drop(vectors))
        return cast("Tensor", said.squeeze(-1) if self.flat else said)


class ClassHead(nn.Module):
    """A score for each class that sees the customer's own history with it.

    It begins as the model's own scores of categories, as far as the classes are the same; the way
    from a history to a score is the model's for any classes.

    Parameters
    ----------
    model
        The model; it stays as it is.
    field
        What the classes are: one of :data:`~limner.dataset.vocabulary.FIELDS`.
    names
        The classes, C of them.

    Attributes
    ----------
    fresh
        The classes that the model knows nothing of.
    """

    of: Tensor

    def __init__(self, model: BehaviourModel, field: str, names: Sequence[str]) -> None:
        super().__init__()
        self.place, self.classes = FIELDS.index(field), len(names)
        of = torch.full((model.vocabulary.size(field),), self.classes)
        of[torch.from_numpy(model.vocabulary.numbers(field, names))] = torch.arange(self.classes)
        of[0] = self.classes
        self.register_buffer("of", of)
        self.who, self.own = copy.deepcopy(model.class_who), copy.deepcopy(model.own)
        self.table = nn.Linear(model.class_table.in_features, self.classes)
        self.kind = nn.Embedding(self.classes, model.class_kind.embedding_dim)
        nn.init.zeros_(self.table.weight)
        nn.init.zeros_(self.table.bias)
        nn.init.normal_(self.kind.weight, std=0.1)
        known = {name: at for at, name in enumerate(model.class_names)}
        if field != "category":
            known = {}
        mine = [at for at, name in enumerate(names) if name in known]
        theirs = [known[names[at]] for at in mine]
        with torch.no_grad():
            self.table.weight[mine] = model.class_table.weight[theirs]
            self.table.bias[mine] = model.class_table.bias[theirs]
            self.kind.weight[mine] = model.class_kind.weight[theirs]
        self.fresh = sorted(set(range(self.classes)) - set(mine))
        self.requires_grad_(requires_grad=True)

    def forward(self, model: BehaviourModel, batch: Batch, vectors: Tensor) -> Tensor:
        """Return (B, M, C)."""
        owner = self.of[torch.from_numpy(batch.codes[:, self.place]).to(self.of.device)]
        history = own_history(batch, owner, classes=self.classes)
        shape = (*history.shape[:3], -1)
        kinds = self.kind.weight.expand(*shape)
        who = self.who(vectors).unsqueeze(2).expand(*shape)
        own = self.own(torch.cat([history, kinds, who], dim=-1)).squeeze(-1)
        return cast("Tensor", self.table(model.drop(vectors)) + own)


class ItemHead(nn.Module):
    """Turns the vector towards the items of a question; at first not at all.

    Parameters
    ----------
    width
        Length of the vector, D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.turn = nn.Linear(width, width)
        nn.init.zeros_(self.turn.weight)
        nn.init.zeros_(self.turn.bias)

    def turned(self, vectors: Tensor) -> Tensor:
        """Return the vectors that the model scores items by: (B, M, D)."""
        return vectors + cast("Tensor", self.turn(vectors))


class Joint(nn.Module):
    """Lets what is counted of a customer move the vector; nothing is moved at first.

    Parameters
    ----------
    width
        Length of the vector, D.
    columns
        How many are counted, F.
    hidden
        How many numbers both meet in.
    dropout
        Share of these that is dropped while learning.
    """

    def __init__(self, width: int, columns: int, *, hidden: int, dropout: float) -> None:
        super().__init__()
        self.hidden = hidden
        self.meet = nn.Sequential(
            nn.Linear(width + columns, hidden), nn.GELU(), nn.Dropout(dropout)
        )
        self.move = nn.Linear(hidden, width)
        nn.init.zeros_(self.move.weight)
        nn.init.zeros_(self.move.bias)

    def forward(self, vectors: Tensor, columns: Tensor) -> Tensor:
        """Return vectors (B, M, D), from those and columns (B, M, F)."""
        met = self.meet(torch.cat([vectors, columns], dim=-1))
        return vectors + cast("Tensor", self.move(met))
