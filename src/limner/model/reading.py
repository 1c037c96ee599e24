"""What a behaviour model makes of everybody as of a moment, bucket by bucket."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import torch
from numpy.typing import NDArray

from limner.dataset.batches import batch_at
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import cut_sequences
from limner.model.behaviour import BehaviourModel

__all__ = ["Reading", "read_customers"]


@dataclass(frozen=True, slots=True)
class Reading:
    """B customers with an event before the moment, in the order of the ledger's codes.

    ``customers`` (B,) codes, ``vectors`` (B, D), ``class_scores`` (B, C) log odds of buying from
    each of the model's classes.
    """

    customers: NDArray[np.int64]
    vectors: NDArray[np.float32]
    class_scores: NDArray[np.float32]


def read_customers(
    model: BehaviourModel, ledger: Ledger, cut: datetime, *, batch_customers: int = 256
) -> Reading:
    """Read everybody's newest events strictly before a cut, bucket by bucket."""
    moment = round(cut.timestamp() * 1_000_000)
    longest, width = model.config.longest, model.config.width
    customers = [np.zeros(0, np.int64)]
    vectors = [np.zeros((0, width), np.float32)]
    scores = [np.zeros((0, model.classes), np.float32)]
    learning = model.training
    model.eval()
    with torch.inference_mode():
        for bucket in cut_sequences(ledger, model.vocabulary, cut, longest=longest):
            # Customers of like length side by side leave little padding.
            order = np.argsort(bucket.lengths, kind="stable")
            for at in range(0, len(order), batch_customers):
                rows = order[at : at + batch_customers]
                moments = np.full((len(rows), 1), moment, np.int64)
                batch = batch_at(bucket, rows, moments, longest=longest)
                found = model.vectors(batch)
                customers.append(bucket.customers[rows])
                vectors.append(found[:, 0].numpy())
                scores.append(model.class_scores(batch, found)[:, 0].numpy())
    model.train(learning)
    codes = np.concatenate(customers)
    order = np.argsort(codes, kind="stable")
    return Reading(codes[order], np.concatenate(vectors)[order], np.concatenate(scores)[order])
