"""A gated recurrent backbone (Cho and others 2014): one state, renewed by every event."""

import math
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import dropout

from limner.model.gated_recurrence import gated_recurrence

__all__ = ["Recurrent"]


class Recurrent(nn.Module):
    """Carries a state of fixed size through the events.

    It computes what :class:`torch.nn.GRU` computes, as fast and from the same first weights, but
    its matrices are linear layers with names of their own: what changes a linear layer by factors
    of low rank, as ``peft`` does, so reaches the gates too.

    Parameters
    ----------
    width
        Length of an event's vector and of the state, D.
    layers
        How many lie upon each other.
    dropout
        Share of the values between layers that is dropped while learning.
    longest
        Not needed: the state is of one size however long the history is.
    """

    def __init__(
        self, width: int, *, layers: int = 1, dropout: float = 0.0, longest: int | None = None
    ) -> None:
        super().__init__()
        del longest
        self.width, self.dropout = width, dropout if layers > 1 else 0.0
        # Rows of each: reset, update and new state.
        self.from_event = nn.ModuleList(_gates(width) for _ in range(layers))
        self.from_state = nn.ModuleList(_gates(width) for _ in range(layers))
        with torch.no_grad():
            for weight in self._weights():
                weight.uniform_(-1 / math.sqrt(width), 1 / math.sqrt(width))

    def forward(
        self, events: Tensor, days: Tensor, lengths: NDArray[np.int64] | None = None
    ) -> Tensor:
        """Return the state after every event (B, T, D), from vectors (B, T, D).

        When an event was, its vector says; ``days`` (B, T) are not read. What stands behind a
        customer's newest event, padding on the right, comes too late to move the state after it;
        where ``lengths`` (B,) are told, it is not read at all, and its states are nought.
        """
        if lengths is None:
            begin = self.begin(events.shape[0]).to(events)
            return self._read(events.transpose(0, 1), begin)[0].transpose(0, 1)
        held = np.flatnonzero(np.arange(events.shape[1]) < lengths[:, None])
        place = torch.from_numpy(held).to(events.device)
        flat = events.flatten(0, 1)
        states = self.packed(flat[place], days.flatten()[place], lengths)
        whole = states.new_zeros(flat.shape)
        return whole.index_copy(0, place, states).reshape(events.shape)

    def packed(self, events: Tensor, days: Tensor, lengths: NDArray[np.int64]) -> Tensor:
        """Return the states of events that lie customer by customer (V, D), as many as lengths say.

        ``days`` (V,) are not read.
        """
        del days
        order = np.argsort(-lengths, kind="stable")
        step, which = np.nonzero(lengths[order] > np.arange(lengths.max())[:, None])
        first = np.cumsum(lengths) - lengths
        place = torch.from_numpy(first[order[which]] + step).to(events.device)
        sizes = torch.from_numpy(np.bincount(step))
        states, weights = events[place], self._weights()
        for layer in range(len(self.from_event)):
            states = dropout(states, self.dropout, self.training and layer > 0)
            four = weights[4 * layer : 4 * layer + 4]
            states = gated_recurrence(states, sizes, (four[0], four[1], four[2], four[3]))
        return torch.zeros_like(states).index_copy(0, place, states)

    def begin(self, customers: int) -> Tensor:
        """Return the state of customers who did nothing yet: (L, B, D)."""
        where = next(self.parameters())
        return where.new_zeros(len(self.from_event), customers, self.width)

    def renew(self, state: Tensor, event: Tensor, days: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state after one more event (L, B, D), and its top (B, D), from one (B, D)."""
        del days
        top, state = self._read(event.unsqueeze(0), state)
        return state, top[0]

    def _read(self, events: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states after events (T, B, D), and the last one of each layer (L, B, D)."""
        return torch.gru(
            events,
            state,
            self._weights(),
            has_biases=True,
            num_layers=len(self.from_event),
            dropout=self.dropout,
            train=self.training,
            bidirectional=False,
            batch_first=False,
        )

    def _weights(self) -> list[Tensor]:
        """Return the matrices and biases that count now, in the order in which torch wants them."""
        found = []
        for event, state in zip(self.from_event, self.from_state, strict=True):
            found += [_effective(event), _effective(state)]
            found += [cast("Tensor", event.bias), cast("Tensor", state.bias)]
        return found


def _gates(width: int) -> nn.Linear:
    """Return a layer without weights yet: the first ones are drawn in the order of nn.GRU."""
    return nn.Linear(width, 3 * width, device="meta").to_empty(device="cpu")


def _effective(layer: nn.Module) -> Tensor:
    """Return the matrix of a linear layer, with all that was put upon it."""
    # What peft wraps keeps the weight as it was, and knows its own share in it.
    wrapped: Any = layer
    weight = cast("Tensor", layer.weight)
    if isinstance(layer, nn.Linear) or wrapped.merged or wrapped.disable_adapters:
        return weight
    for name in wrapped.active_adapters:
        weight = weight + wrapped.get_delta_weight(name)
    return weight
