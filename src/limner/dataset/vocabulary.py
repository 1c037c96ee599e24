"""Names as numbers that stay: common ones have their own, the others share a few by hash."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as part_of
from datetime import datetime
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from limner.config import Config
from limner.dataset.codebook import Codebook
from limner.dataset.ledger import Ledger
from limner.errors import BadShape, NotFitted
from limner.events.item_vectors import ItemVectors

__all__ = ["FIELDS", "Vocabulary", "VocabularyConfig", "catalogue_codes"]

Ints = NDArray[np.int64]
FIELDS = ("kind", "item", "department", "category", "brand")
"""What of an event has names."""


class VocabularyConfig(Config):
    """Which names get a number of their own."""

    least_events: int = Field(3, ge=1)
    """A name needs so many events."""
    most_names: int = Field(50_000, ge=1)
    """At most so many names of one field have their own number; the commonest are kept."""
    shared: int = Field(64, ge=1)
    """So many numbers are shared by all other names, by hash."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """For each of :data:`FIELDS` the names that have a number of their own, the commonest first.

    Number 0 means that nothing is known; then come the names, then ``shared`` numbers for all
    others. A name unseen while learning so has a number on its first day, always the same one.

    Where a log keeps what models made of the items' words or pictures, each item also has the
    numbers of the typical vectors that it is like: ``codebooks`` by the names of
    :data:`~limner.events.item_vectors.LOOKS`. They come after the others, in the order of
    :attr:`fields`.
    """

    names: Mapping[str, tuple[str, ...]]
    shared: int
    codebooks: Mapping[str, Codebook] = part_of(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """All that an event has numbers for (F,): :data:`FIELDS`, then the steps of codebooks."""
        return FIELDS + tuple(name for each in self.codebooks for name in self.steps(each))

    def steps(self, look: str) -> tuple[str, ...]:
        """Return the fields of one codebook, its steps."""
        return tuple(f"{look} {step + 1}" for step in range(self.codebooks[look].steps))

    @classmethod
    def learn(
        cls, ledger: Ledger, cut: datetime, *, config: VocabularyConfig | None = None
    ) -> Self:
        """Count the names of all events before a cut."""
        config = config or VocabularyConfig()
        names = {}
        for field in FIELDS:
            known = names_of(ledger, field)
            counts = np.zeros(len(known) + 1, np.int64)
            for _, _, part in ledger.parts():
                past = part.filter((pl.col("time") < cut) & pl.col(field).is_not_null())
                codes = past[field].to_numpy().astype(np.int64)
                counts += np.bincount(codes, minlength=len(counts))
            order = np.argsort(-counts, kind="stable")
            kept = [code for code in order if counts[code] >= config.least_events]
            names[field] = tuple(str(known[code]) for code in kept[: config.most_names])
        return cls(names, config.shared)

    def size(self, field: str) -> int:
        """Return how many numbers a field has, with nought and the shared ones."""
        if field not in FIELDS:
            return self.codebooks[field.rpartition(" ")[0]].size
        return 1 + len(self.names[field]) + self.shared

    def numbers(self, field: str, names: Sequence[str]) -> Ints:
        """Return the number of each name: (N,), from 1."""
        own = {name: place + 1 for place, name in enumerate(self.names[field])}
        return np.array(
            [own.get(name) or self.shared_number(field, name) for name in names], np.int64
        )

    def shared_number(self, field: str, name: str) -> int:
        """Return the number of a name that has none of its own."""
        return 1 + len(self.names[field]) + zlib.crc32(name.encode()) % self.shared

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain tables, ready for JSON."""
        table: dict[str, Any] = {
            "names": {field: list(known) for field, known in self.names.items()},
            "shared": self.shared,
        }
        if self.codebooks:
            table["codebooks"] = {
                look: {"version": book.version, "centres": book.centres.tolist()}
                for look, book in self.codebooks.items()
            }
        return table

    def look_numbers(self, looks: Mapping[str, ItemVectors], items: int) -> Ints:
        """Return what items are like (I, S): the numbers of all codebooks side by side.

        Parameters
        ----------
        looks
            The vectors of the items, by name.
        items
            How many items there are, I.

        Raises
        ------
        NotFitted
            If a codebook has nothing to look at, or what another model made.
        """
        hint = "limner items, with [text] and [image] as when it learned; or limner pretrain anew"
        parts = [np.zeros((items, 0), np.int64)]
        for look, book in self.codebooks.items():
            if look not in looks:
                raise NotFitted(
                    f"the model looks at each item's {look}, but the log keeps no vectors of it",
                    hint=hint,
                )
            if looks[look].version != book.version:
                raise NotFitted(
                    f"the model looks at each item's {look}, but it has been read by another "
                    "model since",
                    hint=hint,
                )
            parts.append(book.numbers(looks[look].vectors))
        return np.concatenate(parts, axis=1)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_dict` gave.

        Raises
        ------
        BadShape
            If a field is missing.
        """
        missing = [field for field in FIELDS if field not in table.get("names", {})]
        if missing:
            raise BadShape(f"a vocabulary must have the fields {FIELDS}, but it lacks {missing}")
        books = {
            look: Codebook(np.asarray(told["centres"], np.float32), told["version"])
            for look, told in table.get("codebooks", {}).items()
        }
        names = {field: tuple(table["names"][field]) for field in FIELDS}
        return cls(names, int(table["shared"]), books)


def catalogue_codes(ledger: Ledger, vocabulary: Vocabulary) -> Ints:
    """Return the numbers of every item of a ledger (I, F), a column each field; the kind is 0."""
    codes = np.zeros((len(ledger.items), len(FIELDS)), np.int64)
    of = {
        "item": np.arange(len(ledger.items)),
        "department": ledger.item_department,
        "category": ledger.item_category,
        "brand": ledger.item_brand,
    }
    for place, field in enumerate(FIELDS):
        if field in of:
            numbers = np.append(vocabulary.numbers(field, names_of(ledger, field)), 0)
            codes[:, place] = numbers[of[field]]
    return np.concatenate([codes, vocabulary.look_numbers(ledger.looks, len(codes))], axis=1)


def names_of(ledger: Ledger, field: str) -> Sequence[str]:
    """Return the names behind a ledger's codes of one of :data:`FIELDS`."""
    if field == "item":
        return [str(name) for name in ledger.items]
    return ledger.kinds if field == "kind" else ledger.names_of(field)
