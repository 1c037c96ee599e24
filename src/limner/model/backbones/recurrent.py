"""A gated recurrent backbone (Cho and others 2014): one state, renewed by every event."""

import torch
from torch import Tensor, nn

__all__ = ["Recurrent"]


class Recurrent(nn.Module):
    """Carries a state of fixed size through the events.

    Parameters
    ----------
    width
        Length of an event's vector and of the state, D.
    layers
        How many lie upon each other.
    dropout
        Share of the values between layers that is dropped while learning.
    """

    def __init__(self, width: int, *, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.cells = nn.GRU(width, width, layers, dropout=dropout if layers > 1 else 0.0)

    def forward(self, events: Tensor) -> Tensor:
        """Return the state after every event (B, T, D), from vectors (B, T, D).

        What stands behind a customer's newest event, padding on the right, comes too late to move
        the state after it. Torch's packed sequences would leave it out, but on a CPU their
        gradient takes time with the square of the length.
        """
        states: Tensor = self.cells(events.transpose(0, 1))[0]
        return states.transpose(0, 1)

    def begin(self, customers: int) -> Tensor:
        """Return the state of customers who did nothing yet: (L, B, D)."""
        where = next(self.cells.parameters()).device
        return torch.zeros(self.cells.num_layers, customers, self.cells.hidden_size, device=where)

    def renew(self, state: Tensor, event: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state after one more event (L, B, D), and its top (B, D), from one (B, D)."""
        top, state = self.cells(event.unsqueeze(0), state)
        return state, top[0]
