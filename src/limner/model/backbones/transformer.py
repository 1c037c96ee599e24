"""A causal transformer whose attention knows how long ago and how many events ago."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from limner.errors import BadConfig

__all__ = ["Transformer"]

Tail = tuple[Tensor, Tensor, Tensor]
"""Of the newest N events: keys and values (L, B, heads, N, D / heads) each, and days (B, N)."""

_PLACES = 32
_GAPS = 32


class Transformer(nn.Module):
    """Every event looks at itself and at the newest events before it.

    A query sees ``longest`` events, itself among them, so a state that keeps as many of each layer
    says the same as reading the whole history again. Attention is moved by a learned bias a head
    over how many events ago and how long ago, both in classes that widen like a logarithm (Raffel
    and others 2020, section 2.1; Zhai and others 2024, section 3.2). The layers share it.

    Parameters
    ----------
    width
        Length of an event's vector, D.
    layers
        How many lie upon each other, L.
    heads
        How many ways of looking a layer has; they divide the width.
    dropout
        Share of the values that is dropped while learning.
    longest
        How many events are looked at.

    Raises
    ------
    BadConfig
        If the heads do not divide the width.
    """

    place_from: Tensor
    gap_from: Tensor

    def __init__(
        self,
        width: int,
        *,
        layers: int = 2,
        heads: int = 2,
        dropout: float = 0.0,
        longest: int = 256,
    ) -> None:
        if width % heads:
            raise BadConfig(
                f"heads must divide the width, but {width} is no multiple of {heads}",
                hint="take 1, 2 or 4 heads",
            )
        super().__init__()
        self.heads, self.longest = heads, longest
        self.layers = nn.ModuleList(_Layer(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        # Where a class of places or of gaps begins; the first of each begins at 0.
        places = np.unique(np.geomspace(1, max(2, longest), _PLACES).round())
        minutes = np.expm1(np.arange(1, _GAPS) / 2)  # the last class begins after ten years
        self.register_buffer("place_from", torch.from_numpy(places.astype(np.int64)))
        self.register_buffer("gap_from", torch.from_numpy((minutes / 1440).astype(np.float32)))
        self.by_place = nn.Parameter(torch.zeros(heads, len(places) + 1))
        self.by_gap = nn.Parameter(torch.zeros(heads, _GAPS))

    def forward(
        self, events: Tensor, days: Tensor, lengths: NDArray[np.int64] | None = None
    ) -> Tensor:
        """Return what is known after every event (B, T, D), from vectors (B, T, D).

        What stands behind a customer's newest event, padding on the right, comes too late to move
        it, and is read like all else. ``days`` (B, T) says when each event was.
        """
        del lengths
        place = torch.arange(events.shape[1], device=events.device)
        ago = place[:, None] - place
        bias = self._bias(ago, days[:, :, None] - days[:, None, :])
        for layer in self.layers:
            events, _ = cast("_Layer", layer)(events, bias)
        return cast("Tensor", self.norm(events))

    def begin(self, customers: int) -> Tail:
        """Return the state of customers who did nothing yet."""
        weight = self.norm.weight
        empty = weight.new_zeros(
            len(self.layers), customers, self.heads, 0, len(weight) // self.heads
        )
        return empty, empty, weight.new_zeros(customers, 0)

    def renew(self, state: Tail, event: Tensor, days: Tensor) -> tuple[Tail, Tensor]:
        """Return the state after one more event, and its top (B, D), from one (B, D).

        ``days`` (B,) says when it was.
        """
        keys, values, past = state
        known = torch.cat([past.to(days.dtype), days[:, None]], dim=1)
        ago = torch.arange(known.shape[1] - 1, -1, -1, device=event.device)[None]
        bias = self._bias(ago, (days[:, None] - known)[:, None])
        # The next event will itself be one of those that are looked at.
        keep = min(self.longest - 1, known.shape[1])
        top, kept = event[:, None], []
        for at, layer in enumerate(self.layers):
            top, seen = cast("_Layer", layer)(top, bias, (keys[at], values[at]))
            kept.append([each[:, :, each.shape[2] - keep :] for each in seen])
        keys, values = (torch.stack(each) for each in zip(*kept, strict=True))
        return (keys, values, known[:, known.shape[1] - keep :]), self.norm(top[:, 0])

    def _bias(self, ago: Tensor, gap_days: Tensor) -> Tensor:
        """Return what is added to the attention (B, heads, Q, N), from (Q, N) and (B, Q, N)."""
        both = (self.by_place[:, :, None] + self.by_gap[:, None, :]).flatten(1)
        table = functional.pad(both, (0, 1), value=float("-inf"))
        place = torch.bucketize(ago, self.place_from, right=True, out_int32=True)
        gap = torch.bucketize(gap_days, self.gap_from, right=True, out_int32=True)
        hidden = (ago < 0) | (ago >= self.longest)
        entry = (place * _GAPS + gap).masked_fill(hidden, both.shape[1])
        # A head at a time: the gradient of one look-up for all takes six times as long.
        found = [each.index_select(0, entry.flatten()) for each in table]
        return torch.stack(found).reshape(-1, *entry.shape).transpose(0, 1)


class _Layer(nn.Module):
    """One layer: attention, then a step of each event by itself, each after a norm."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.read = nn.Linear(width, 3 * width)
        self.write = nn.Linear(width, width)
        self.step = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(
        self, events: Tensor, bias: Tensor, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the events one layer up, and all keys and values (B, heads, N, D / heads)."""
        split = self.read(self.before(events)).unflatten(-1, (3, self.heads, -1))
        query, key, value = split.permute(2, 0, 3, 1, 4)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        # Torch's own attention is no faster where the bias learns, and cannot be exported here.
        score = (query / key.shape[-1] ** 0.5) @ key.transpose(2, 3)
        seen = torch.softmax(score + bias, dim=-1) @ value
        events = events + self.drop(self.write(seen.transpose(1, 2).reshape(events.shape)))
        events = events + self.drop(self.step(self.between(events)))
        return events, (key, value)
