"""A gated recurrent layer (Cho and others 2014) over packed sequences, and its gradient."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

__all__ = ["gated_recurrence"]

Weights = tuple[Tensor, Tensor, Tensor, Tensor]


def gated_recurrence(events: Tensor, sizes: Tensor, weights: Weights) -> Tensor:
    """Return the state after every event (N, D), each sequence beginning with noughts.

    It computes what :class:`torch.nn.GRU` does. On a processor torch's gradient walks through some
    thirty small operations a step, and of packed sequences takes time with the square of the
    length. Here the gates of all steps are found at once from the states that are known by then,
    and a step is one product of matrices and little beside.

    Parameters
    ----------
    events
        Vectors (N, D), step by step: first the first event of each sequence, the longest sequence
        first, then the second of each that has one, and so on.
    sizes
        How many sequences have a first, a second, … event (T,), falling, on the processor.
    weights
        From an event to the gates (3D, D), from a state to them (3D, D), and their biases (3D,),
        the rows of each being those of the reset gate, the update gate and the new state.
    """
    device = events.device.type
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
        events = events.to(dtype)
        weights = tuple(each.to(dtype) for each in weights)  # type: ignore[assignment] # four
    with torch.autocast(device, enabled=False):
        if device != "cpu" or not torch.is_grad_enabled():
            return _forward(events, sizes, weights)
        told: Tensor = _GatedRecurrence.apply(events, sizes, *weights)  # type: ignore[no-untyped-call]
        return told


def _forward(events: Tensor, sizes: Tensor, weights: Weights) -> Tensor:
    begin = events.new_zeros(1, int(sizes[0]), events.shape[1])
    # cuDNN keeps what its way back needs only where it is told that it learns.
    learns = torch.is_grad_enabled()
    states, _ = torch.gru(events, sizes, begin, list(weights), True, 1, 0.0, learns, False)
    return states


class _GatedRecurrence(torch.autograd.Function):
    """Torch's way forward, and a way back whose steps are few operations each."""

    @staticmethod
    def forward(ctx: Any, events: Tensor, sizes: Tensor, *weights: Tensor) -> Tensor:  # noqa: ANN401 - torch's
        from_event, from_state, of_event, of_state = weights
        states = _forward(events, sizes, (from_event, from_state, of_event, of_state))
        ctx.save_for_backward(events, states, *weights)
        ctx.sizes = sizes.tolist()
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, told: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 - torch's
        events, states, from_event, from_state, of_event, of_state = ctx.saved_tensors
        sizes: list[int] = ctx.sizes
        width, first = events.shape[1], sizes[0]
        before = torch.cat([states.new_zeros(first, width), _shifted(states, sizes)])
        here = torch.addmm(of_event, events, from_event.T).reshape(-1, 3, width)
        past = torch.addmm(of_state, before, from_state.T).reshape(-1, 3, width)
        reset = torch.sigmoid(here[:, 0] + past[:, 0])
        update = torch.sigmoid(here[:, 1] + past[:, 1])
        new = torch.tanh(here[:, 2] + reset * past[:, 2])
        # What each of the gates' sums moves the state by, of which only the state's own gradient
        # is not known before the step.
        to_new = (1 - update) * (1 - new.square())
        slopes = torch.stack(
            [
                to_new * past[:, 2] * reset * (1 - reset),
                (before - new) * update * (1 - update),
                to_new * reset,
            ],
            dim=1,
        )
        whole = told.clone(memory_format=torch.contiguous_format)
        moved = torch.empty_like(slopes)
        end = len(whole)
        carried: Tensor | None = None
        for size in reversed(sizes):
            rows = slice(end - size, end)
            now = whole[rows]
            if carried is not None:
                now[: len(carried)] += carried
            sums = torch.mul(now.unsqueeze(1), slopes[rows], out=moved[rows])
            carried = torch.addmm(now * update[rows], sums.flatten(1), from_state)
            end -= size
        of_past = moved.flatten(1)
        of_here = torch.cat([of_past[:, : 2 * width], whole * to_new], dim=1)
        return (
            of_here @ from_event,
            None,
            of_here.T @ events,
            of_past.T @ before,
            of_here.sum(dim=0),
            of_past.sum(dim=0),
        )


def _shifted(states: Tensor, sizes: list[int]) -> Tensor:
    """Return the state before each event but the first of each sequence."""
    parts, start = [], 0
    for size, after in pairwise(sizes):
        parts.append(states[start : start + after])
        start += size
    return torch.cat([states[:0], *parts])
