"""A gated recurrent backbone (Cho and others 2014): one state, renewed by every event."""

import math
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

__all__ = ["Recurrent"]

_STAIRS = 8
"""In so many groups of like length the customers of a batch leave."""


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
        where ``lengths`` (B,) are told, most of it is not read at all: the customers go down a
        stair, those with short histories leaving first. Torch's packed sequences would leave out
        all of it, but on a CPU their gradient takes time with the square of the length.
        """
        del days
        state = self.begin(events.shape[0]).to(events)
        if lengths is None or len(lengths) < 2 * _STAIRS:
            return self._read(events.transpose(0, 1), state)[0].transpose(0, 1)
        order = np.argsort(-lengths, kind="stable")
        place = torch.from_numpy(order).to(events.device)
        sorted_events = events[place].transpose(0, 1)
        parts, done = [], 0
        for stair in range(_STAIRS, 0, -1):
            going = -(-len(order) * stair // _STAIRS)
            # All of them are read up to the longest history of those who then leave.
            until = int(lengths[order[-(-len(order) * (stair - 1) // _STAIRS)]])
            if until <= done:
                continue
            states, state = self._read(sorted_events[done:until, :going], state[:, :going])
            parts.append(pad(states, (0, 0, 0, len(order) - going)))
            done = until
        whole = pad(torch.cat(parts), (0, 0, 0, 0, 0, events.shape[1] - done))
        return whole.transpose(0, 1)[torch.argsort(place)]

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
