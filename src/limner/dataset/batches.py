"""Some customers at some moments, padded, as a model takes them in."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limner.dataset.sequences import DAY_US, NUMBERS, Sequences, ranges
from limner.errors import BadShape

__all__ = ["Batch", "batch_at"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


_OF_VISITS = ("gap_days", "age_days", "hour", "weekday", "lines", "worth", "back_days")


@dataclass(frozen=True, slots=True)
class Batch:
    """B customers with up to T visits each, L lines in all, looked at in M moments.

    Of lines, packed, those of one visit side by side: ``codes`` (L, F), ``items`` (L,) and
    ``numbers`` (L, 4) as in :class:`~limner.dataset.sequences.Sequences`; ``bought`` (L,), 0 or 1;
    ``visit`` (L,), which of the B * T places the line belongs to, rising.

    Of visits, padded on the right with 0: ``gap_days`` (B, T) since the visit before, 0 for the
    first held; ``age_days`` (B, T) since the customer was first seen; ``hour`` and ``weekday``
    (B, T) in UTC, Monday 0; ``lines`` (B, T), how many, and ``worth`` (B, T), the sum of amounts;
    ``lengths`` (B,).

    Of moments: ``last`` (B, M), the place of the newest visit before it, -1 where none is held;
    ``since_days`` (B, M) from that visit to the moment; ``known_days`` (B, M) since the customer
    was first seen; ``back_days`` (B, T), from each visit to the last of the customer's moments, and
    ``early_days`` (B, M), by how much a moment comes before that one.
    """

    codes: Ints
    items: Ints
    numbers: Floats
    bought: Floats
    visit: Ints
    gap_days: Floats
    age_days: Floats
    hour: Floats
    weekday: Floats
    lines: Floats
    worth: Floats
    lengths: Ints
    last: Ints
    since_days: Floats
    known_days: Floats
    back_days: Floats
    early_days: Floats

    def __len__(self) -> int:
        return len(self.lengths)

    def packed(self) -> tuple["Batch", Ints]:
        """Return the visits side by side as those of one customer, and their places (V,).

        Whatever looks at one visit at a time has so no padding to look at. Of moments the batch
        says nothing then.
        """
        held = np.flatnonzero(self.lines.reshape(-1) > 0)
        number = np.zeros(self.lines.size, np.int64)
        number[held] = np.arange(len(held))
        visits = {name: getattr(self, name).reshape(1, -1)[:, held] for name in _OF_VISITS}
        lengths = np.array([len(held)])
        return replace(self, **visits, visit=number[self.visit], lengths=lengths), held


def batch_at(
    sequences: Sequences,
    rows: Ints,
    moments_us: Ints,
    *,
    longest: int,
    since: Ints | None = None,
) -> Batch:
    """Gather the newest visits before the last of each customer's moments.

    Parameters
    ----------
    sequences
        The events.
    rows
        Which customers (B,), positions in ``sequences``; one may come more than once.
    moments_us
        When each is looked at (B, M), microseconds since 1970; only earlier events are read.
    longest
        How many visits at most, T.
    since
        Before which visit of each customer nothing is read (B,), counted from 0: the customer is
        then told as if first seen with that visit. None: everything is read.

    Raises
    ------
    BadShape
        If a customer has no event before the last moment.
    """
    final = moments_us.max(axis=1)
    end = sequences.visits_before(rows, final)
    first_us = sequences.first_us[rows]
    start = sequences.visits[rows]
    if since is not None:
        start = start + since
        first_us = sequences.visit_us[np.minimum(start, len(sequences.visit_at) - 2)]
    start = np.maximum(start, end - longest)
    lengths = end - start
    if (lengths <= 0).any():
        raise BadShape(
            "every customer must have an event before the moment",
            hint="leave out customers who come later",
        )
    longest_held = int(lengths.max(initial=1))
    place = np.arange(longest_held)
    there = place < lengths[:, None]
    visit = np.where(there, start[:, None] + place, start[:, None])
    time = sequences.visit_us[visit]
    seconds = time // 1_000_000
    count = moments_us.shape[1]
    before = sequences.visits_before(np.repeat(rows, count), moments_us.reshape(-1))
    last = before.reshape(-1, count) - 1 - start[:, None]
    newest = sequences.visit_us[np.maximum(before - 1, 0)].reshape(-1, count)

    def filled(values: NDArray[np.generic]) -> Floats:
        return np.where(there, values, 0).astype(np.float32)

    held = ranges(start, lengths)
    sizes = sequences.visit_at[held + 1] - sequences.visit_at[held]
    line = ranges(sequences.visit_at[held], sizes)
    owner = np.repeat(np.flatnonzero(there.reshape(-1)), sizes)
    numbers = sequences.numbers[line]
    worth = np.bincount(owner, numbers[:, NUMBERS.index("amount")], minlength=there.size)
    return Batch(
        codes=sequences.codes[line].astype(np.int64),
        items=sequences.items[line].astype(np.int64),
        numbers=numbers,
        bought=sequences.bought[line].astype(np.float32),
        visit=owner,
        gap_days=filled(np.diff(time, axis=1, prepend=time[:, :1]) / DAY_US),
        age_days=filled((time - first_us[:, None]) / DAY_US),
        hour=filled(seconds % 86_400 / 3_600),
        weekday=filled((seconds // 86_400 + 3) % 7),
        lines=np.bincount(owner, minlength=there.size).reshape(there.shape).astype(np.float32),
        worth=worth.reshape(there.shape).astype(np.float32),
        lengths=lengths,
        last=np.where(last >= 0, last, -1),
        since_days=np.where(last >= 0, (moments_us - newest) / DAY_US, 0).astype(np.float32),
        known_days=np.maximum((moments_us - first_us[:, None]) / DAY_US, 0).astype(np.float32),
        back_days=filled((final[:, None] - time) / DAY_US),
        early_days=((final[:, None] - moments_us) / DAY_US).astype(np.float32),
    )
