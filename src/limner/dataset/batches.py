"""Some customers at some moments, padded, as a model takes them in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limner.dataset.futures import events_before
from limner.dataset.sequences import DAY_US, Sequences
from limner.errors import BadShape

__all__ = ["Batch", "batch_at"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Batch:
    """B customers with up to T events each, looked at in M moments.

    Shapes of what is told of events, padded on the right with 0, numbers with NaN: ``codes``
    (B, T, 5) and ``numbers`` (B, T, 4) as in :class:`~limner.dataset.sequences.Sequences`;
    ``gap_days`` (B, T) since the event before, 0 for the first held; ``age_days`` (B, T) since the
    customer was first seen; ``hour`` and ``weekday`` (B, T) in UTC, Monday 0; ``begins`` and
    ``bought`` (B, T), 0 or 1; ``lengths`` (B,).

    Of moments: ``last`` (B, M), the place of the newest event before it, -1 where none is held;
    ``since_days`` (B, M) from that event to the moment; ``known_days`` (B, M) since the customer
    was first seen; ``back_days`` (B, T), from each event to the last of the customer's moments, and
    ``early_days`` (B, M), by how much a moment comes before that one.
    """

    codes: Ints
    numbers: Floats
    gap_days: Floats
    age_days: Floats
    hour: Floats
    weekday: Floats
    begins: Floats
    bought: Floats
    lengths: Ints
    last: Ints
    since_days: Floats
    known_days: Floats
    back_days: Floats
    early_days: Floats

    def __len__(self) -> int:
        return len(self.lengths)


def batch_at(sequences: Sequences, rows: Ints, moments_us: Ints, *, longest: int) -> Batch:
    """Gather the newest events before the last of each customer's moments.

    Parameters
    ----------
    sequences
        The events.
    rows
        Which customers (B,), positions in ``sequences``.
    moments_us
        When each is looked at (B, M), microseconds since 1970; only earlier events are read.
    longest
        How many events at most, T.

    Raises
    ------
    BadShape
        If a customer has no event before the last moment.
    """
    final = moments_us.max(axis=1)
    end = events_before(sequences, rows, final)
    start = np.maximum(sequences.at[rows], end - longest)
    lengths = end - start
    if (lengths <= 0).any():
        raise BadShape(
            "every customer must have an event before the moment",
            hint="leave out customers who come later",
        )
    place = np.arange(int(lengths.max(initial=1)))
    there = place < lengths[:, None]
    event = np.where(there, start[:, None] + place, start[:, None])
    time = sequences.time_us[event]
    first = sequences.first_us[rows][:, None]
    seconds = time // 1_000_000
    count = moments_us.shape[1]
    before = events_before(sequences, np.repeat(rows, count), moments_us.reshape(-1))
    last = before.reshape(-1, count) - 1 - start[:, None]
    newest = sequences.time_us[np.maximum(before - 1, 0)].reshape(-1, count)

    def filled(values: NDArray[np.generic]) -> Floats:
        return np.where(there, values, 0).astype(np.float32)

    return Batch(
        codes=np.where(there[:, :, None], sequences.codes[event], 0).astype(np.int64),
        numbers=np.where(there[:, :, None], sequences.numbers[event], np.nan).astype(np.float32),
        gap_days=filled(np.diff(time, axis=1, prepend=time[:, :1]) / DAY_US),
        age_days=filled((time - first) / DAY_US),
        hour=filled(seconds % 86_400 / 3_600),
        weekday=filled((seconds // 86_400 + 3) % 7),
        begins=filled(sequences.begins[event]),
        bought=filled(sequences.bought[event]),
        lengths=lengths,
        last=np.where(last >= 0, last, -1),
        since_days=np.where(last >= 0, (moments_us - newest) / DAY_US, 0).astype(np.float32),
        known_days=np.maximum((moments_us - first) / DAY_US, 0).astype(np.float32),
        back_days=filled((final[:, None] - time) / DAY_US),
        early_days=((final[:, None] - moments_us) / DAY_US).astype(np.float32),
    )
