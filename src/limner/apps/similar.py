"""Who or what is most alike: by the angle between vectors, or by traits on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TraitTable", "by_angle", "trait_table"]

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TraitTable:
    """Traits of N customers on one scale: (N, T) float32, of mean 0 and spread 1 each.

    What is not known of somebody is the mean. ``customers`` (N,) ids, ``traits`` names (T,).
    """

    customers: NDArray[np.str_]
    traits: tuple[str, ...]
    values: Floats

    def nearest(self, customer_id: str) -> tuple[NDArray[np.int64], Floats] | None:
        """Return everybody else's places, the nearest first, and how near, in (0, 1].

        That is 1 / (1 + d), d the root of the mean squared difference of the traits. None where
        the customer is not in the table.
        """
        at = np.flatnonzero(self.customers == customer_id)
        if not len(at):
            return None
        apart = np.square(self.values - self.values[at[0]]).sum(axis=1)
        apart /= max(1, len(self.traits))
        near = (1.0 / (1.0 + np.sqrt(apart))).astype(np.float32)
        return _ordered(near, int(at[0]))


def trait_table(people: Sequence[tuple[str, Mapping[str, Any]]]) -> TraitTable:
    """Return the numbers among the traits of customers on one scale.

    Amounts and counts lean far to the right, so each value x counts as sign(x) log(1 + |x|). Traits
    that are the same of all are left out.

    Parameters
    ----------
    people
        Id and traits by name of each; values that are no numbers are passed over.
    """
    names = sorted(
        {name for _, traits in people for name, value in traits.items() if _counts(value)}
    )
    raw = np.full((len(people), len(names)), np.nan)
    place = {name: at for at, name in enumerate(names)}
    for row, (_, traits) in enumerate(people):
        for name, value in traits.items():
            if _counts(value):
                raw[row, place[name]] = value
    raw = np.sign(raw) * np.log1p(np.abs(raw))
    known = ~np.isnan(raw)
    count = known.sum(axis=0).clip(min=1)
    mean = np.where(known, raw, 0.0).sum(axis=0) / count
    centred = np.where(known, raw - mean, 0.0)
    spread = np.sqrt(np.square(centred).sum(axis=0) / count)
    keep = spread > 0
    values = (centred[:, keep] / spread[keep]).astype(np.float32)
    kept = tuple(name for name, stays in zip(names, keep, strict=True) if stays)
    return TraitTable(np.array([who for who, _ in people], np.str_), kept, values)


def by_angle(vectors: Floats, at: int) -> tuple[NDArray[np.int64], Floats]:
    """Return the places of all other rows of (N, D), the nearest first, and their cosines.

    Rows of nought are like nothing: their cosine is 0.
    """
    lengths = np.linalg.norm(vectors, axis=1)
    lengths[lengths == 0] = 1.0
    near = (vectors @ vectors[at] / (lengths * lengths[at])).astype(np.float32)
    return _ordered(near, at)


def _ordered(near: Floats, at: int) -> tuple[NDArray[np.int64], Floats]:
    order = np.argsort(-near, kind="stable")
    order = order[order != at]
    return order, near[order]


def _counts(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
