"""What customers might not have done: the same histories, each with something left out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limner.dataset.batches import Batch, batch_at
from limner.dataset.sequences import DAY_US, Sequences, ranges
from limner.dataset.vocabulary import FIELDS

__all__ = ["LeftOut", "Occluded", "leave_out"]

Ints = NDArray[np.int64]

MOST_CATEGORIES = 3
"""So many categories of a customer are left out, one after another; the commonest."""
RECENT_DAYS = 30
"""Visits so many days before the moment are recent."""
_COLUMNS = 3
"""Moments of a row: with everything, without the last visit, without the recent visits."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What one answer goes without, and where it stands.

    ``owner`` is the place of the customer, ``row`` and ``column`` those of the answer in the batch.
    ``category`` is its number in the vocabulary, 0 for visits. ``first_us`` and ``last_us`` are the
    moments of the oldest and the newest of what is left out, ``count`` how many visits or lines.
    """

    owner: int
    row: int
    column: int
    factor: Literal["last_visit", "recent_visits", "category"]
    category: int
    first_us: int
    last_us: int
    count: int


@dataclass(frozen=True, slots=True)
class Occluded:
    """A batch in which customers stand several times.

    ``whole`` (B,) are the rows that leave nothing out, at the first of their moments.
    """

    batch: Batch
    whole: Ints
    left_out: tuple[LeftOut, ...]


def leave_out(
    sequences: Sequences, rows: Ints, moment_us: int, *, longest: int, categories: int
) -> Occluded:
    """Gather customers as of a moment, and beside them the same without some of what they did.

    Without the newest visits the state is that of an earlier visit, which the model comes by
    anyway; without the lines of a category the history has to be read once more. Nobody is told of
    without anything at all.

    Parameters
    ----------
    sequences, rows, longest
        As for :func:`~limner.dataset.batches.batch_at`.
    moment_us
        When all are looked at, microseconds since 1970.
    categories
        So many numbers of a category have a name; the others are not left out.
    """
    found: list[LeftOut] = []
    kept: list[Ints] = []
    owners: list[int] = []
    whole = []
    for owner, customer in enumerate(rows.tolist()):
        # Only what is read is left out; whatever lies further back stays unread.
        end = int(np.searchsorted(_times(sequences, customer), moment_us))
        visits = sequences.visits[customer] + np.arange(max(0, end - longest), end)
        line = _lines(sequences, visits)
        whole.append(len(kept))
        found += _newest(sequences, visits, moment_us, owner=owner, row=len(kept))
        kept.append(line)
        owners.append(customer)
        category = sequences.codes[line, FIELDS.index("category")]
        for number in _commonest(category, categories):
            those = line[category == number]
            if len(those) == len(line):
                continue
            time = sequences.time_us[those]
            found.append(
                LeftOut(
                    owner,
                    len(kept),
                    0,
                    "category",
                    number,
                    int(time[0]),
                    int(time[-1]),
                    len(those),
                )
            )
            kept.append(line[category != number])
            owners.append(customer)
    batch = _batch(_only(sequences, owners, kept), moment_us, found, longest=longest)
    return Occluded(batch, np.array(whole), tuple(found))


def _times(sequences: Sequences, customer: int) -> Ints:
    """Return when each visit of a customer was, in microseconds since 1970."""
    start, end = sequences.visits[customer], sequences.visits[customer + 1]
    return sequences.time_us[sequences.visit_at[start:end]]


def _lines(sequences: Sequences, visits: Ints) -> Ints:
    """Return the places of the lines of visits."""
    starts = sequences.visit_at[visits]
    return ranges(starts, sequences.visit_at[visits + 1] - starts)


def _commonest(category: NDArray[np.int32], categories: int) -> list[int]:
    """Return the numbers of the commonest named categories, of equally common ones the first."""
    counts = np.bincount(category[(category > 0) & (category <= categories)])
    order = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    return [int(number) for number in order if counts[number]]


def _newest(
    sequences: Sequences, visits: Ints, moment_us: int, *, owner: int, row: int
) -> list[LeftOut]:
    """Return the last visit, and all recent ones if these are more and not all."""
    times = sequences.time_us[sequences.visit_at[visits]]
    recent = int((times >= moment_us - RECENT_DAYS * DAY_US).sum())
    last = int(times[-1])
    found = []
    if len(times) > 1:
        found.append(LeftOut(owner, row, 1, "last_visit", 0, last, last, 1))
    if 1 < recent < len(times):
        first = int(times[-recent])
        found.append(LeftOut(owner, row, 2, "recent_visits", 0, first, last, recent))
    return found


def _only(sequences: Sequences, owners: Sequence[int], kept: Sequence[Ints]) -> Sequences:
    """Return customers with some of their lines each; one may come more than once."""
    line = np.concatenate(kept)
    at = np.cumsum([0, *(len(each) for each in kept)])
    visit = np.repeat(np.arange(len(sequences.visit_at) - 1), np.diff(sequences.visit_at))[line]
    begins = np.diff(visit, prepend=-1) != 0
    begins[at[:-1]] = True
    visit_at = np.append(np.flatnonzero(begins), len(line))
    return Sequences(
        customers=sequences.customers[owners],
        at=at,
        visits=np.searchsorted(visit_at, at),
        visit_at=visit_at,
        time_us=sequences.time_us[line],
        begins=sequences.begins[line],
        bought=sequences.bought[line],
        codes=sequences.codes[line],
        items=sequences.items[line],
        numbers=sequences.numbers[line],
        first_us=sequences.first_us[owners],
    )


def _batch(
    sequences: Sequences, moment_us: int, left_out: Sequence[LeftOut], *, longest: int
) -> Batch:
    """Return a batch whose rows are looked at as if their newest visits had not been."""
    count = len(sequences)
    moments = np.full((count, _COLUMNS), moment_us, np.int64)
    batch = batch_at(sequences, np.arange(count), moments, longest=longest)
    last = batch.last.copy()
    for each in left_out:
        if each.column:
            last[each.row, each.column] -= each.count
    since = np.take_along_axis(batch.back_days, last, axis=1)
    return replace(batch, last=last, since_days=since)
