"""The behaviour model: what a customer did, read at a moment, as a vector and as class scores."""

import math
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from limner.config import Config
from limner.dataset.batches import Batch
from limner.dataset.vocabulary import FIELDS, Vocabulary
from limner.encoders.event import EventEncoder
from limner.encoders.modalities.time import SpanEncoder
from limner.model.backbones.recurrent import Recurrent

__all__ = ["BehaviourConfig", "BehaviourModel"]

_HALF_LIVES_DAYS = (7.0, 30.0, 90.0)


class BehaviourConfig(Config):
    """How large the behaviour model is, and how far it looks back."""

    width: int = Field(64, ge=4)
    """Length of every vector within, and of the block, D."""
    longest: int = Field(256, ge=1)
    """How many of a customer's newest events are read, T."""
    layers: int = Field(1, ge=1)
    """Recurrent layers upon each other."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Share of values that is dropped while learning."""
    classes: int = Field(50, ge=1)
    """How many of the commonest categories have a score."""


class BehaviourModel(nn.Module):
    """Events go through an encoder and a backbone; a question is asked at a moment.

    The state after the newest event meets an encoding of how long ago that was: the same history a
    month later is another customer. A class' score also sees the customer's own history with the
    class, as decayed counts and recency, for that path is worth more than depth.

    Parameters
    ----------
    config
        Its size.
    vocabulary
        The names it knows.
    edges
        Quantiles of each number of an event.
    """

    class_of: Tensor
    half_lives: Tensor

    def __init__(
        self,
        config: BehaviourConfig,
        vocabulary: Vocabulary,
        edges: Mapping[str, NDArray[np.float32]],
    ) -> None:
        super().__init__()
        self.config, self.vocabulary = config, vocabulary
        self.edges = dict(edges)
        width = config.width
        self.encoder = EventEncoder(vocabulary, edges, width)
        self.drop = nn.Dropout(config.dropout)
        self.backbone = Recurrent(width, layers=config.layers, dropout=config.dropout)
        self.since, self.known = SpanEncoder(width), SpanEncoder(width)
        self.read = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )
        self.classes = min(config.classes, len(vocabulary.names["category"]))
        # A shop without categories has no class; torch has no layer without a row.
        room = max(1, self.classes)
        self.class_table = nn.Linear(width, room)
        features = len(_HALF_LIVES_DAYS) + 1
        self.own = nn.Sequential(nn.Linear(features + 8, 32), nn.GELU(), nn.Linear(32, 1))
        self.class_kind = nn.Embedding(room, 8)
        # Categories are numbered by how common they are, from 1: the first C are the classes.
        of = torch.full((vocabulary.size("category"),), self.classes)
        of[1 : 1 + self.classes] = torch.arange(self.classes)
        self.register_buffer("class_of", of)
        self.register_buffer("half_lives", torch.tensor(_HALF_LIVES_DAYS))

    @property
    def class_names(self) -> Sequence[str]:
        """The categories that have a score (C,), the commonest first."""
        return self.vocabulary.names["category"][: self.classes]

    def states(self, batch: Batch) -> Tensor:
        """Return the state after each event: (B, T, D)."""
        events = self.drop(self.encoder(batch))
        return cast("Tensor", self.backbone(events))

    def vectors(self, batch: Batch, states: Tensor | None = None) -> Tensor:
        """Return who the customers are at their moments: (B, M, D).

        Where no event before a moment is held, the vector is that of an empty history.
        """
        states = self.states(batch) if states is None else states
        where = states.device
        last = torch.from_numpy(batch.last).to(where)
        at = last.clamp(min=0).unsqueeze(-1).expand(-1, -1, states.shape[-1])
        newest = states.gather(1, at) * (last >= 0).unsqueeze(-1)
        since = self.since(torch.from_numpy(batch.since_days).to(where))
        known = self.known(torch.from_numpy(batch.known_days).to(where))
        mixed = newest + since + known
        return cast("Tensor", mixed + self.read(self.drop(mixed)))

    def class_scores(self, batch: Batch, vectors: Tensor) -> Tensor:
        """Return the log odds of buying from each class (B, M, C), given vectors (B, M, D)."""
        if not self.classes:
            return vectors.new_zeros(*vectors.shape[:2], 0)
        history = self._own_history(batch, vectors.device)
        kinds = self.class_kind.weight.expand(*history.shape[:3], -1)
        own = self.own(torch.cat([history, kinds], dim=-1)).squeeze(-1)
        return cast("Tensor", self.class_table(self.drop(vectors)) + own)

    def _own_history(self, batch: Batch, where: torch.device) -> Tensor:
        """Return decayed counts of purchases and the recency a class: (B, M, C, 4)."""
        category = torch.from_numpy(batch.codes[:, :, FIELDS.index("category")]).to(where)
        bought = torch.from_numpy(batch.bought).to(where)
        owner = torch.where(bought > 0, self.class_of[category], self.classes)  # (B, T)
        back = torch.from_numpy(batch.back_days).to(where)[:, None, :]
        back = back - torch.from_numpy(batch.early_days).to(where)[:, :, None]  # (B, M, T)
        # By place: as 32-bit days, an event seconds before a moment is not before it.
        last = torch.from_numpy(batch.last).to(where)[:, :, None]
        past = torch.arange(back.shape[2], device=where) <= last
        rows = owner[:, None, :].expand_as(back)
        found = []
        for half in self.half_lives:
            weight = torch.exp(-math.log(2) * back.clamp(min=0) / half) * past
            total = back.new_zeros(*back.shape[:2], self.classes + 1).scatter_add(2, rows, weight)
            found.append(torch.log1p(total))
        nearness = torch.where(past, 1 / (1 + back.clamp(min=0) / 7), torch.zeros_like(back))
        nearest = back.new_zeros(*back.shape[:2], self.classes + 1).scatter_reduce(
            2, rows, nearness, "amax"
        )
        found.append(nearest)
        return torch.stack(found, dim=-1)[:, :, : self.classes]
