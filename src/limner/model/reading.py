"""What a behaviour model makes of everybody as of a moment, bucket by bucket."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limner.dataset.batches import Batch, batch_at
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import Sequences, cut_sequences
from limner.model.behaviour import BehaviourModel
from limner.model.threads import on_one_thread

__all__ = ["Reading", "read_batches", "read_customers"]

BATCH = 256
"""So many customers are read at a time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """B customers with an event before the moment, in the order of the ledger's codes.

    ``customers`` (B,) codes, ``vectors`` (B, D), ``class_scores`` (B, C) log odds of buying from
    each of the model's classes, if they were asked.
    """

    customers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    class_scores: NDArray[np.float32]


def read_batches(
    model: BehaviourModel,
    buckets: Iterable[Sequences],
    cut: datetime,
    *,
    among: NDArray[np.bool_] | None = None,
    batch_customers: int = BATCH,
) -> Iterator[tuple[NDArray[np.int64], Batch, Tensor]]:
    """Read the newest events strictly before a cut, some customers at a time.

    Parameters
    ----------
    model
        Reads without learning.
    buckets
        What happened, as :func:`~limner.dataset.sequences.cut_sequences` returns it.
    cut
        Up to when it is read.
    among
        Who is read, one mark for each code of the ledger (N,); none: everybody.
    batch_customers
        How many at a time.

    Yields
    ------
    Their codes (B,), what they did, and their vectors (B, 1, D).
    """
    moment, longest = round(cut.timestamp() * 1_000_000), model.config.longest
    learning = model.training
    model.eval()
    try:
        for bucket in buckets:
            rows = np.arange(len(bucket))
            if among is not None:
                rows = np.flatnonzero(among[bucket.customers])
            # Customers of like length side by side leave little padding.
            rows = rows[np.argsort(bucket.lengths[rows], kind="stable")]
            for at in range(0, len(rows), batch_customers):
                some = rows[at : at + batch_customers]
                batch = batch_at(bucket, some, np.full((len(some), 1), moment), longest=longest)
                with torch.inference_mode(), on_one_thread():
                    vectors = model.vectors(batch)
                yield bucket.customers[some], batch, vectors
    finally:
        model.train(learning)


def read_customers(
    model: BehaviourModel,
    ledger: Ledger,
    cut: datetime,
    *,
    classes: bool = False,
    batch_customers: int = BATCH,
) -> Reading:
    """Read everybody's newest events strictly before a cut, with scores of ``classes`` if asked."""
    customers = [np.zeros(0, np.int64)]
    vectors = [np.zeros((0, model.config.width), np.float32)]
    scores = [np.zeros((0, model.classes if classes else 0), np.float32)]
    buckets = cut_sequences(ledger, model.vocabulary, cut, longest=model.config.longest)
    for codes, batch, found in read_batches(model, buckets, cut, batch_customers=batch_customers):
        customers.append(codes)
        vectors.append(found[:, 0].numpy())
        if classes:
            with torch.inference_mode():
                scores.append(model.class_scores(batch, found)[:, 0].numpy())
        else:
            scores.append(np.zeros((len(codes), 0), np.float32))
    everybody = np.concatenate(customers)
    order = np.argsort(everybody, kind="stable")
    return Reading(everybody[order], np.concatenate(vectors)[order], np.concatenate(scores)[order])
