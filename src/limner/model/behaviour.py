"""The behaviour model: what a customer did, read at a moment, as a vector and as scores."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn

from limner import plugins
from limner.config import Config
from limner.dataset.batches import Batch
from limner.dataset.vocabulary import FIELDS
from limner.encoders.event import EventEncoder
from limner.encoders.modality import Known
from limner.encoders.scales import SpanEncoder
from limner.model import backbones
from limner.model.backbone import PackedBackbone
from limner.model.own_history import (
    CUSTOMER_MEASURES,
    OWN_MEASURES,
    customer_history,
    own_history,
)

__all__ = ["AUTO", "BehaviourConfig", "BehaviourModel"]

AUTO = "auto"
"""The name that stands for whichever backbone is examined best."""
_KIND = 8
"""Length of what tells one class from another beside the history with it."""


class BehaviourConfig(Config):
    """How large the behaviour model is, and how far it looks back."""

    width: int = Field(64, ge=4)
    """Length of every vector within, and of the block, D."""
    longest: int = Field(256, ge=1)
    """How many of a customer's newest visits are read, T."""
    backbone: str = "recurrent"
    """What carries the past from visit to visit: ``recurrent`` or ``transformer``; ``auto`` tries
    each for a while before it learns, and takes the one examined best."""
    layers: int = Field(1, ge=1)
    """Layers of the backbone upon each other."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Share of values that is dropped while learning."""
    event_dropout: float | None = Field(None, ge=0, lt=1)
    """The same of the vectors of visits, before they meet the backbone; empty: as ``dropout``."""
    modalities: tuple[str, ...] = ()
    """Which aspects of a visit are read, of ``category``, ``number`` and ``time``, and of ``text``
    and ``image`` where the log keeps vectors of the items' words and pictures; empty: all. Of a log
    without amounts or times the others would tell nothing."""
    classes: int = Field(50, ge=1)
    """How many of the commonest categories have a score."""


class BehaviourModel(nn.Module):
    """Visits go through an encoder and a backbone; a question is asked at a moment.

    The state after the newest visit meets an encoding of how long ago that was, and decayed counts
    of all visits: the same history a month later is another customer. The score of a class or an
    item also sees the customer's own history with it, as decayed counts and recency, for that path
    is worth more than depth.

    Parameters
    ----------
    config
        Its size.
    known
        The names it knows, and the quantiles of each number.
    """

    class_of: Tensor

    def __init__(self, config: BehaviourConfig, known: Known) -> None:
        super().__init__()
        self.config, self.known = config, known
        self.vocabulary = known.vocabulary
        width = config.width
        of_events = config.dropout if config.event_dropout is None else config.event_dropout
        self.encoder = EventEncoder(known, width, names=config.modalities, dropout=of_events)
        self.drop = nn.Dropout(config.dropout)
        make = plugins.load(backbones, config.backbone)
        self.backbone = make(
            width, layers=config.layers, dropout=config.dropout, longest=config.longest
        )
        self.since, self.age = SpanEncoder(width), SpanEncoder(width)
        self.totals = nn.Linear(CUSTOMER_MEASURES, width)
        self.read = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)
        )
        self.classes = min(config.classes, len(self.vocabulary.names["category"]))
        # A shop without categories has no class; torch has no layer without a row.
        room = max(1, self.classes)
        self.class_table = nn.Linear(width, room)
        self.class_kind = nn.Embedding(room, _KIND)
        self.class_who = nn.Linear(width, _KIND)
        self.own = nn.Sequential(
            nn.Linear(OWN_MEASURES + 2 * _KIND, 32), nn.GELU(), nn.Linear(32, 1)
        )
        self.item_read = nn.Linear(width, width)
        self.item_own = nn.Linear(OWN_MEASURES, 1, bias=False)
        # Categories are numbered by how common they are, from 1: the first C are the classes.
        of = torch.full((self.vocabulary.size("category"),), self.classes)
        of[1 : 1 + self.classes] = torch.arange(self.classes)
        self.register_buffer("class_of", of)

    @property
    def class_names(self) -> Sequence[str]:
        """The categories that have a score (C,), the commonest first."""
        return self.vocabulary.names["category"][: self.classes]

    @property
    def width(self) -> int:
        """The length of every vector within, D."""
        return self.config.width

    @property
    def below(self) -> tuple[str, ...]:
        """The parts that make the state; what reads it stands above."""
        return "encoder", "backbone"

    @property
    def layers(self) -> tuple[str, ...]:
        """The encoder and every layer of the backbone; one that shows none is one layer."""
        stack = getattr(self.backbone, "layers", None)
        if not isinstance(stack, nn.ModuleList):
            return self.below
        return ("encoder", *(f"backbone.layers.{at}" for at in range(len(stack))))

    @property
    def device(self) -> torch.device:
        """Where the weights lie."""
        return self.class_of.device

    def states(self, batch: Batch) -> Tensor:
        """Return the state after each visit: (B, T, D)."""
        events = self.encoder(batch)
        days = torch.as_tensor(batch.age_days, device=self.device)
        lengths = batch.lengths if isinstance(batch.lengths, np.ndarray) else None
        return cast("Tensor", self.backbone(events, days, lengths))

    def vectors(self, batch: Batch, states: Tensor | None = None) -> Tensor:
        """Return who the customers are at their moments: (B, M, D).

        Where no visit before a moment is held, the vector is that of an empty history.
        """
        newest = self._newest(batch, states)
        since = self.since(torch.as_tensor(batch.since_days, device=self.device))
        age = self.age(torch.as_tensor(batch.known_days, device=self.device))
        mixed = newest + since + age + self.totals(customer_history(batch, self.device))
        return cast("Tensor", mixed + self.read(self.drop(mixed)))

    def _newest(self, batch: Batch, states: Tensor | None) -> Tensor:
        """Return the state after the newest visit before each moment: (B, M, D)."""
        last = torch.as_tensor(batch.last, device=self.device)
        reading = not torch.is_grad_enabled() and not torch.onnx.is_in_onnx_export()
        if states is None and reading and isinstance(self.backbone, PackedBackbone):
            # Where nothing is learned, nobody asks the states by their places in a table.
            events, held = self.encoder.packed(batch)
            days = torch.as_tensor(batch.age_days, device=self.device).reshape(-1)[held]
            told = self.backbone.packed(events, days, batch.lengths)
            first = torch.as_tensor(np.cumsum(batch.lengths) - batch.lengths, device=self.device)
            found = told[first.unsqueeze(1) + last.clamp(min=0)]
        else:
            states = self.states(batch) if states is None else states
            at = last.clamp(min=0).unsqueeze(-1).expand(-1, -1, states.shape[-1])
            found = states.gather(1, at)
        return found * (last >= 0).unsqueeze(-1)

    def class_scores(self, batch: Batch, vectors: Tensor) -> Tensor:
        """Return the log odds of buying from each class (B, M, C), given vectors (B, M, D)."""
        if not self.classes:
            return vectors.new_zeros(*vectors.shape[:2], 0)
        category = torch.as_tensor(batch.codes[:, FIELDS.index("category")], device=self.device)
        history = own_history(batch, self.class_of[category], classes=self.classes)
        shape = (*history.shape[:3], -1)
        kinds = self.class_kind.weight.expand(*shape)
        who = self.class_who(vectors).unsqueeze(2).expand(*shape)
        own = self.own(torch.cat([history, kinds, who], dim=-1)).squeeze(-1)
        return cast("Tensor", self.class_table(self.drop(vectors)) + own)

    def item_scores(
        self,
        batch: Batch,
        vectors: Tensor,
        *,
        items: NDArray[np.int64],
        codes: NDArray[np.int64],
    ) -> Tensor:
        """Return how well items fit the customers at their moments: (B, M, K), a logit.

        An item is what is known of it, so one never seen is scored by its category and brand.

        Parameters
        ----------
        batch, vectors
            B customers at M moments, and their vectors (B, M, D).
        items
            Which K items, codes of the ledger, each once.
        codes
            Their numbers in the vocabulary (K, F); see
            :func:`~limner.dataset.vocabulary.catalogue_codes`.
        """
        table = self.encoder.items(torch.from_numpy(codes).to(self.device))
        scores = self.item_read(self.drop(vectors)) @ table.T
        order = np.argsort(items)
        place = np.searchsorted(items[order], batch.items).clip(max=len(items) - 1)
        found = np.where(items[order][place] == batch.items, order[place], len(items))
        owner = torch.from_numpy(found).to(self.device)
        history = own_history(batch, owner, classes=len(items))
        return cast("Tensor", scores + self.item_own(history).squeeze(-1))
