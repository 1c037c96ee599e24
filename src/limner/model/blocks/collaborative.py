"""The block ``collaborative``: who bought what others with like tastes buy too."""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_array, diags_array, hstack, vstack

from limner.config import Config
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.dataset.meetings import Meetings, known_customers, meetings
from limner.dataset.vocabulary import names_of
from limner.errors import NotFitted, TooFew
from limner.model.block import BlockTable, digest_of
from limner.model.directions import main_directions
from limner.model.normaliser import Normaliser, StandardScores

__all__ = ["CollaborativeBlock"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
FORMULA = 1
FACETS = ("item", "category", "brand")
IDLE = ("message", "return")
"""What a customer receives or undoes says nothing of what they like."""


class CollaborativeConfig(Config):
    """What is counted, and how briefly it is told."""

    dim: int = Field(48, ge=1)
    """Length of the vectors; they are shorter where the log holds fewer names."""
    half_life_days: float = Field(180.0, gt=0)
    """After so many days an event counts half."""
    kinds: tuple[str, ...] = ()
    """Which kinds of event count; none: all but messages and returns."""
    items: int = Field(4000, ge=0)
    """How many of the items that most customers met are told apart."""
    categories: int = Field(2000, ge=0)
    """How many of the categories."""
    brands: int = Field(2000, ge=0)
    """How many of the brands."""
    least_customers: int = Field(5, ge=1)
    """Whatever fewer customers met is left out."""
    learners: int = Field(100_000, ge=1)
    """From so many customers it learns at most, drawn by their names."""


class CollaborativeBlock:
    """Factors of the matrix of customers by items, categories and brands.

    Each customer is a row: the logarithms of decayed counts, what few met weighing more, each of
    the three parts brought to length 1, so that taste is told and not volume. The row is told by
    its place along the main directions of all rows. These are learned once; customers at any other
    moment are folded in by least squares, which for directions at right angles is a product, so
    that the vectors of all moments lie in one space.

    Customers who met nothing with a known name before the moment have no vector.

    Attributes
    ----------
    names_
        The names of each part that are told apart, sorted; set by :meth:`fit`.
    weights_
        How much each name weighs (V,), the parts one after another.
    directions_
        (D, V), of length 1.

    References
    ----------
    Deerwester and others: "Indexing by latent semantic analysis", JASIS 1990, with customers for
    documents. Factors by implicit alternating least squares told no more but with one setting, and
    took ten times as long: docs/experiments.md.
    """

    name: ClassVar[str] = "collaborative"

    def __init__(self, config: CollaborativeConfig | None = None, *, seed: int = 0) -> None:
        self.config, self.seed = config or CollaborativeConfig(), seed
        self.names_: Mapping[str, Sequence[str]] | None = None
        self.weights_: Floats | None = None
        self.directions_: Floats | None = None

    def fit(self, ledger: Ledger, *, before: datetime) -> Self:
        """Learn the names, their weights and the directions from events before a moment.

        Raises
        ------
        TooFew
            If customers met nothing with a name that is common enough.
        """
        rows = list(self._learners(ledger, before))
        met = {facet: csr_array(vstack([one.counts[facet] for one in rows])) for facet in FACETS}
        most = (self.config.items, self.config.categories, self.config.brands)
        names, weights = {}, []
        for facet, limit in zip(FACETS, most, strict=True):
            customers = np.bincount(met[facet].indices, minlength=met[facet].shape[1])
            common = np.argsort(-customers, kind="stable")[:limit]
            common = np.sort(common[customers[common] >= self.config.least_customers])
            known = names_of(ledger, facet)
            names[facet] = tuple(str(known[code]) for code in common)
            weights.append(np.log((met[facet].shape[0] + 1) / (customers[common] + 1)) + 1)
        if not any(names.values()):
            raise TooFew(
                f"before {before:%Y-%m-%d} no item, category or brand was met by "
                f"{self.config.least_customers} customers",
                hint="choose a later cut",
            )
        self.names_ = names
        self.weights_ = np.concatenate(weights).astype(np.float32)
        matrix, _ = _rows(_placed(met, _places(ledger, names), names), self.weights_)
        self.directions_ = main_directions(matrix, most=self.config.dim, seed=self.seed)
        return self

    @property
    def version(self) -> str:
        """The formula, and what was set and learned."""
        names, weights, directions = self._fitted()
        said = [self.config.model_dump_json(), *("\n".join(names[facet]) for facet in FACETS)]
        return digest_of(FORMULA, *said, weights, directions)

    def at(self, ledger: Ledger, cut: datetime) -> BlockTable:
        """Fold in everybody who met something with a known name strictly before a cut."""
        names, weights, directions = self._fitted()
        places = _places(ledger, names)
        customers = [np.zeros(0, np.int64)]
        vectors = [np.zeros((0, len(directions)), np.float32)]
        for one in self._met(ledger, cut):
            matrix, said = _rows(_placed(one.counts, places, names), weights)
            customers.append(one.customers[said])
            vectors.append(np.asarray(matrix[said] @ directions.T, np.float32))
        found = np.concatenate(customers)
        everybody = len(known_customers(ledger, cut))
        return BlockTable(
            name=self.name,
            version=self.version,
            as_of=cut,
            customers=found,
            vectors=np.concatenate(vectors),
            coverage=len(found) / max(1, everybody),
        )

    def directions_of(self, facet: str, names: Sequence[str]) -> Floats:
        """Return what each name adds to each number (C, D), NaN for names that it knows not.

        Parameters
        ----------
        facet
            ``item``, ``category`` or ``brand``; of any other facet no name is known.
        names
            Of the log.
        """
        known, _, directions = self._fitted()
        at, place = 0, {}
        for each in FACETS:
            if each == facet:
                place = {name: at + number for number, name in enumerate(known[each])}
            at += len(known[each])
        found = np.full((len(names), len(directions)), np.nan, np.float32)
        for row, name in enumerate(names):
            if name in place:
                found[row] = directions[:, place[name]]
        return found

    def normaliser(self) -> Normaliser:
        """Return one scale for all: what weighs little in the matrix shall stay so."""
        return StandardScores(each=False)

    def save(self, folder: Path) -> None:
        """Write it to a folder: settings and names as JSON, numbers as ``.npz``."""
        names, weights, directions = self._fitted()
        folder.mkdir(parents=True, exist_ok=True)
        table = {"config": self.config.model_dump(mode="json"), "seed": self.seed, "names": names}
        text = json.dumps(table, ensure_ascii=False)
        (folder / "config.json").write_text(text, encoding="utf-8")
        np.savez_compressed(folder / "factors.npz", weights=weights, directions=directions)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        table = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config = CollaborativeConfig.read(table["config"], where=str(folder / "config.json"))
        made = cls(config, seed=table["seed"])
        made.names_ = {facet: tuple(table["names"][facet]) for facet in FACETS}
        with np.load(folder / "factors.npz", allow_pickle=False) as arrays:
            made.weights_, made.directions_ = arrays["weights"], arrays["directions"]
        return made

    def _fitted(self) -> tuple[Mapping[str, Sequence[str]], Floats, Floats]:
        if self.names_ is None or self.weights_ is None or self.directions_ is None:
            raise NotFitted(
                "the block collaborative has not learned yet",
                hint="call fit(ledger, before=cut) first",
            )
        return self.names_, self.weights_, self.directions_

    def _met(self, ledger: Ledger, cut: datetime) -> Iterator[Meetings]:
        kinds = self.config.kinds or tuple(kind for kind in ledger.kinds if kind not in IDLE)
        return meetings(
            ledger,
            cut,
            columns=FACETS,
            deeds=Deeds(kinds or ("purchase",)),
            half_life_days=self.config.half_life_days,
        )

    def _learners(self, ledger: Ledger, before: datetime) -> Iterator[Meetings]:
        """Go through what customers met; of many, some are drawn by their names.

        A name's own bytes decide, so that nobody is drawn or left out for who comes later.
        """
        share = self.config.learners / max(1, len(known_customers(ledger, before)))
        for one in self._met(ledger, before):
            drawn = np.ones(len(one.customers), np.bool_)
            if share < 1:
                marks = [
                    zlib.crc32(f"{self.seed} {who}".encode())
                    for who in ledger.customers[one.customers]
                ]
                drawn = np.array(marks, np.float64) < share * 2**32
            counts = {facet: one.counts[facet][drawn] for facet in FACETS}
            yield Meetings(one.customers[drawn], counts)


def _rows(counts: Mapping[str, csr_array], weights: Floats) -> tuple[csr_array, NDArray[np.bool_]]:
    """Return the rows of customers (B, V), and of which anything is said (B,)."""
    at, parts = 0, []
    used = [facet for facet in FACETS if counts[facet].shape[1]]
    for facet in used:
        matrix = counts[facet].copy()
        own = weights[at : at + matrix.shape[1]]
        at += matrix.shape[1]
        matrix.data = np.log1p(matrix.data) * own[matrix.indices]
        length = np.sqrt(matrix.power(2).sum(axis=1)) * np.sqrt(len(used))
        parts.append(diags_array(1 / np.maximum(length, 1e-12)) @ matrix)
    rows = csr_array(hstack(parts))
    return rows, np.diff(rows.indptr) > 0


def _places(ledger: Ledger, names: Mapping[str, Sequence[str]]) -> dict[str, Ints]:
    """Return where each code of a ledger stands among names, -1 for none.

    Another ledger of the same log has other codes as soon as it holds one name more.
    """
    found = {}
    for facet in FACETS:
        own = {name: place for place, name in enumerate(names[facet])}
        codes = [own.get(str(name), -1) for name in names_of(ledger, facet)]
        found[facet] = np.array(codes, np.int64)
    return found


def _placed(
    counts: Mapping[str, csr_array], places: Mapping[str, Ints], names: Mapping[str, Sequence[str]]
) -> dict[str, csr_array]:
    """Move counts from a ledger's codes to the places of names; all other names fall away."""
    placed = {}
    for facet, matrix in counts.items():
        place = places[facet][matrix.indices]
        kept = place >= 0
        at = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
        shape = (matrix.shape[0], len(names[facet]))
        placed[facet] = csr_array((matrix.data[kept], place[kept], at), shape=shape)
    return placed
