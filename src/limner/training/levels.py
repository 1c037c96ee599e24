"""By what typical amounts are multiplied, so that all customers together come to what came."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
import torch
from numpy.typing import NDArray

from limner.dataset.batches import batch_at
from limner.dataset.futures import futures
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import DAY_US, Sequences, cut_sequences
from limner.model.behaviour import BehaviourModel
from limner.training.objectives.future_window import FutureWindow

__all__ = ["learn_levels"]

_BATCH = 64
_HEADS = ("orders", "worth")


def learn_levels(
    ledger: Ledger,
    cut: datetime,
    *,
    model: BehaviourModel,
    window: FutureWindow,
    most: int = 1000,
    seed: int = 0,
) -> Mapping[str, tuple[float, ...]]:
    """Return a factor for each amount and each horizon: ``orders`` and ``worth``, (H,) each.

    What a model says of an amount is typical: one less than the exponential of a mean of
    logarithms, and so below the mean. Customers are asked one horizon before the cut, and what all
    of them then did up to the cut is divided by the sum of what was said. Where nothing came or
    nothing was said, the factor is 1.

    Parameters
    ----------
    ledger, cut
        The log, and the moment up to which it is known.
    model, window
        What speaks, and its heads.
    most
        So many customers are asked at most.
    seed
        Which.
    """
    until = round(cut.timestamp() * 1_000_000)
    ahead = np.array([round(days * DAY_US) for days in window.horizons_days])
    horizons = np.arange(len(ahead))
    said, came = np.zeros((2, len(ahead))), np.zeros((2, len(ahead)))
    learning = model.training
    model.eval()
    for bucket, rows in _chosen(list(cut_sequences(ledger, model.vocabulary, cut)), most, seed):
        asked = rows[bucket.first_us[rows] < until - ahead.min()]
        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            moments = np.tile(until - ahead, (len(part), 1))
            known = bucket.first_us[part, None] < moments
            future = futures(
                bucket,
                np.repeat(part, len(ahead)),
                moments.reshape(-1),
                until_us=until,
                horizons_days=window.horizons_days,
                class_of=np.full(len(bucket.codes), -1),
                classes=0,
                class_days=min(window.horizons_days),
            )
            with torch.inference_mode():
                batch = batch_at(bucket, part, moments, longest=model.config.longest)
                answers = window.answers(model.vectors(batch))
            for place, (name, truth) in enumerate(
                zip(_HEADS, (future.orders, future.worth), strict=True)
            ):
                typical = np.expm1(answers[name].cpu().numpy().astype(np.float64))
                each = np.maximum(typical[:, horizons, horizons], 0)
                true = truth.reshape(typical.shape)[:, horizons, horizons]
                said[place] += (each * known).sum(axis=0)
                came[place] += (np.maximum(true, 0) * known).sum(axis=0)
    model.train(learning)
    both = (said > 0) & (came > 0)
    levels = np.divide(came, said, out=np.ones_like(said), where=both)
    return {name: tuple(levels[place].tolist()) for place, name in enumerate(_HEADS)}


def _chosen(
    buckets: list[Sequences], most: int, seed: int
) -> Iterator[tuple[Sequences, NDArray[np.int64]]]:
    """Go through some customers of each bucket, as many of each in proportion, by length."""
    rng = np.random.default_rng([seed, 7])
    share = min(1.0, most / max(1, sum(len(one) for one in buckets)))
    for bucket in buckets:
        rows = rng.permutation(len(bucket))[: round(share * len(bucket))]
        yield bucket, rows[np.argsort(bucket.lengths[rows], kind="stable")]
