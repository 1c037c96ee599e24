"""What carries what happened from event to event: the port of all backbones."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Backbone", "PackedBackbone"]


class Backbone(Protocol):
    """Reads events in order; nothing that comes later moves what is said of an earlier one.

    What it carries from one event to the next, its *state*, has a size that does not grow, so that
    one more event is read without reading the history again.
    """

    def __call__(
        self, events: Tensor, days: Tensor, lengths: NDArray[np.int64] | None = None
    ) -> Tensor:
        """Return what is known after each event.

        Parameters
        ----------
        events
            Vectors (B, T, D), the newest last; padding stands on the right.
        days
            When each event was (B, T), in days, rising; where they are counted from is the same
            for all events of a customer.
        lengths
            How many events each customer has (B,), so that padding need not be read; what is said
            of padding may be anything finite. None: nothing is known of it.

        Returns
        -------
        One vector an event: (B, T, D).
        """
        ...

    def begin(self, customers: int) -> Any:  # noqa: ANN401 - each backbone has its own state
        """Return the state of so many customers who did nothing yet."""
        ...

    def renew(self, state: Any, event: Tensor, days: Tensor) -> tuple[Any, Tensor]:  # noqa: ANN401
        """Return the state after one more event, and what is known then: (B, D).

        ``event`` is (B, D), ``days`` (B,), when it was.
        """
        ...


@runtime_checkable
class PackedBackbone(Protocol):
    """A backbone that also reads events without any padding between customers."""

    def packed(self, events: Tensor, days: Tensor, lengths: NDArray[np.int64]) -> Tensor:
        """Return what is known after each event (V, D).

        Parameters
        ----------
        events
            Vectors (V, D), customer by customer, the newest last.
        days
            When each event was (V,), in days.
        lengths
            How many events each customer has (B,).
        """
        ...
