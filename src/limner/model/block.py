"""One way of saying who customers are: the port of all blocks of a profile, and its record."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from limner.dataset.ledger import Ledger
from limner.errors import BadShape
from limner.model.normaliser import Normaliser

__all__ = ["BlockMaker", "BlockTable", "digest_of"]

Features = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BlockTable:
    """B customers as of a moment, a vector each.

    Attributes
    ----------
    name
        Which block it is: a file of ``model/blocks``.
    version
        Vectors of the same version mean the same, at whatever moment they were read; what learned
        from them may read no other.
    as_of
        Only events strictly before it were read.
    customers
        Codes of the ledger (B,), rising: those of whom the block can say something.
    vectors
        One each (B, D), NaN where a single value is not known.
    coverage
        Which share of all customers with an event before the moment has it, from 0 to 1.
    """

    name: str
    version: str
    as_of: datetime
    customers: Ints
    vectors: Features
    coverage: float

    def __post_init__(self) -> None:
        if self.vectors.ndim != 2:
            raise BadShape(f"vectors must be (B, D), got shape {self.vectors.shape}")
        if self.customers.shape != (len(self.vectors),):
            raise BadShape(f"{len(self.vectors)} vectors, but codes {self.customers.shape}")
        if (np.diff(self.customers) <= 0).any():
            raise BadShape(
                f"the customers of the block {self.name!r} must rise", hint="sort them by code"
            )
        if not 0 <= self.coverage <= 1:
            raise BadShape(f"coverage must be from 0 to 1, got {self.coverage}")

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def dim(self) -> int:
        """Length D of the vectors."""
        return int(self.vectors.shape[1])

    def has(self, customers: Ints) -> NDArray[np.bool_]:
        """Say which of N customers have it, by their codes: (N,)."""
        return np.isin(customers, self.customers)

    def of(self, customers: Ints) -> Features:
        """Return the vectors of N customers by their codes (N, D), NaN for those without."""
        found = np.full((len(customers), self.dim), np.nan, np.float32)
        known = self.has(customers)
        found[known] = self.vectors[np.searchsorted(self.customers, customers[known])]
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return what is to be known of it beside the vectors, ready for JSON."""
        return {
            "name": self.name,
            "version": self.version,
            "dim": self.dim,
            "coverage": round(self.coverage, 6),
            "as_of": self.as_of.isoformat(),
        }


class BlockMaker(Protocol):
    """Makes one block, as of any moment; one file each in ``model/blocks``."""

    name: ClassVar[str]
    """What the block is called."""

    @property
    def version(self) -> str:
        """What tells its vectors from those of any other maker; see :func:`digest_of`.

        Raises
        ------
        NotFitted
            If it has not learned yet.
        """
        ...

    def at(self, ledger: Ledger, cut: datetime) -> BlockTable:
        """Say who customers are, from what happened strictly before a cut.

        Raises
        ------
        NotFitted
            If it has not learned yet.
        """
        ...

    def normaliser(self) -> Normaliser:
        """Return what brings its columns to one scale, not fitted yet."""
        ...


def digest_of(formula: int, *parts: str | NDArray[Any]) -> str:
    """Return a version: the number of the formula, and a digest of what it works with.

    Parameters
    ----------
    formula
        Rises whenever the code gives other vectors from the same parts.
    parts
        What was set and learned.

    Examples
    --------
    >>> digest_of(1, "a") == digest_of(1, "a"), digest_of(1, "a") == digest_of(1, "b")
    (True, False)
    """
    found = hashlib.blake2b(digest_size=6)
    for part in parts:
        plain = part.encode() if isinstance(part, str) else np.ascontiguousarray(part).tobytes()
        found.update(len(plain).to_bytes(8, "little") + plain)
    return f"{formula}-{found.hexdigest()}"
