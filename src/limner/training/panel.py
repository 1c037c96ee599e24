"""Labelled customers at all cuts at once: one reading of a history serves every cut."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from limner.dataset.batches import Batch, batch_at
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import Sequences, cut_sequences, ranges
from limner.dataset.vocabulary import Vocabulary
from limner.errors import BadShape, TooFew
from limner.heads.study import Sample

__all__ = ["Asked", "Panel"]

Ints = NDArray[np.int64]
Kind = TypeVar("Kind", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Asked:
    """B customers at W cuts as a batch, and which of the B * W pairs have a label.

    ``places`` (P,) point into the pairs, a customer's cuts side by side; ``rows`` (P,) say which
    labels of the panel are theirs.
    """

    batch: Batch
    places: Ints
    rows: Ints


@dataclass(frozen=True, slots=True)
class Panel:
    """N customers and W cuts.

    ``sequences`` hold these customers alone. ``rows`` (N, W) say which label belongs to a customer
    at a cut, -1 where there is none; ``truth`` (R,) or (R, C) are the labels and ``columns``
    (R, F), where a head reads them, what is counted of the customers; ``taken`` are, where it is
    asked what comes next, bounds (R + 1,) and the items of each label, codes of the ledger.
    """

    sequences: Sequences
    cuts_us: Ints
    rows: Ints
    truth: NDArray[np.float32]
    columns: NDArray[np.float32] | None = None
    taken: tuple[Ints, Ints] | None = None

    @classmethod
    def of(
        cls,
        ledger: Ledger,
        vocabulary: Vocabulary,
        samples: Sequence[Sample],
        *,
        columns: NDArray[np.float32] | None = None,
        taken: tuple[Ints, Ints] | None = None,
    ) -> "Panel":
        """Lay samples side by side.

        Parameters
        ----------
        ledger, vocabulary
            The log as codes, and the numbers of its names.
        samples
            Who was asked at which cut, and what came true.
        columns
            What is counted of them, the samples one after another (R, F).
        taken
            What came next, likewise: bounds (R + 1,) and items.

        Raises
        ------
        TooFew
            If nobody was asked.
        BadShape
            If a customer did nothing before the newest cut.
        """
        samples = list(samples)
        customers = np.unique(np.concatenate([one.customers for one in samples]))
        if not len(customers):
            raise TooFew("nobody has a label to learn from", hint="take a larger share of labels")
        newest = max(one.window.cut for one in samples)
        sequences = _picked(list(cut_sequences(ledger, vocabulary, newest)), customers)
        if not np.array_equal(sequences.customers, customers):
            raise BadShape(f"some of {len(customers)} customers did nothing before {newest}")
        cuts = sorted({one.window.cut for one in samples})
        rows = np.full((len(customers), len(cuts)), -1, np.int64)
        before = 0
        for one in samples:
            place = np.searchsorted(customers, one.customers)
            rows[place, cuts.index(one.window.cut)] = before + np.arange(len(place))
            before += len(place)
        return cls(
            sequences=sequences,
            cuts_us=np.array([round(cut.timestamp() * 1_000_000) for cut in cuts]),
            rows=rows,
            truth=np.concatenate([one.truth for one in samples]).astype(np.float32),
            columns=columns,
            taken=taken,
        )

    @classmethod
    def by_bucket(
        cls,
        ledger: Ledger,
        vocabulary: Vocabulary,
        sample: Sample,
        *,
        columns: NDArray[np.float32] | None = None,
        longest: int | None = None,
    ) -> Iterator["Panel"]:
        """Go through one sample by the buckets of the log, as :meth:`of` would lay it.

        ``rows`` point into the sample; ``longest`` visits of a customer are read.
        """
        order = np.argsort(sample.customers, kind="stable")
        for bucket in cut_sequences(ledger, vocabulary, sample.window.cut, longest=longest):
            picked = _picked([bucket], sample.customers)
            if not len(picked):
                continue
            place = np.searchsorted(sample.customers, picked.customers, sorter=order)
            yield cls(
                sequences=picked,
                cuts_us=np.array([round(sample.window.cut.timestamp() * 1_000_000)]),
                rows=order[place][:, None],
                truth=sample.truth.astype(np.float32),
                columns=columns,
            )

    def __len__(self) -> int:
        return len(self.rows)

    def asked(self, customers: Ints, *, longest: int) -> Asked:
        """Return some of the N customers, read back at most ``longest`` visits, at all their cuts.

        A label at a cut before which no visit is read is left out.
        """
        moments = np.tile(self.cuts_us, (len(customers), 1))
        batch = batch_at(self.sequences, customers, moments, longest=longest)
        rows = np.where(batch.last >= 0, self.rows[customers], -1).reshape(-1)
        places = np.flatnonzero(rows >= 0)
        return Asked(batch, places, rows[places])

    def taken_of(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return what came next of labels (P,): places among them, rising, and items."""
        if self.taken is None:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        at, items = self.taken
        counts = at[rows + 1] - at[rows]
        return np.repeat(np.arange(len(rows)), counts), items[ranges(at[rows], counts)]

    def parts(self, customers: Ints, *, count: int) -> list[Ints]:
        """Return customers in parts of at most so many.

        Those of like length come together: so few of the places of a batch stay empty.
        """
        order = customers[np.argsort(self.sequences.lengths[customers], kind="stable")]
        return [order[at : at + count] for at in range(0, len(order), count)]


def _picked(buckets: Sequence[Sequences], customers: Ints) -> Sequences:
    """Return some customers' sequences as one; the customers rise, through the buckets too."""
    parts = []
    for bucket in buckets:
        rows = np.flatnonzero(np.isin(bucket.customers, customers))
        lines = ranges(bucket.at[rows], np.diff(bucket.at)[rows])
        visits = ranges(bucket.visits[rows], bucket.lengths[rows])
        parts.append((bucket, rows, lines, np.diff(bucket.visit_at)[visits]))

    def of_lines(values: Callable[[Sequences], NDArray[Kind]]) -> NDArray[Kind]:
        return np.concatenate([values(bucket)[lines] for bucket, _, lines, _ in parts])

    def limits(sizes: list[Ints]) -> Ints:
        return np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)

    return Sequences(
        customers=np.concatenate([bucket.customers[rows] for bucket, rows, _, _ in parts]),
        at=limits([np.diff(bucket.at)[rows] for bucket, rows, _, _ in parts]),
        visits=limits([bucket.lengths[rows] for bucket, rows, _, _ in parts]),
        visit_at=limits([sizes for _, _, _, sizes in parts]),
        time_us=of_lines(lambda bucket: bucket.time_us),
        begins=of_lines(lambda bucket: bucket.begins),
        bought=of_lines(lambda bucket: bucket.bought),
        codes=of_lines(lambda bucket: bucket.codes),
        items=of_lines(lambda bucket: bucket.items),
        numbers=of_lines(lambda bucket: bucket.numbers),
        first_us=np.concatenate([bucket.first_us[rows] for bucket, rows, _, _ in parts]),
    )
