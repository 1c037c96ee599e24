"""Blocks for customers who lack one: what the blocks that they have say of it, and a mark."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import solve

from limner.config import Config
from limner.errors import BadShape, NotFitted, TooFew
from limner.model.block import BlockTable
from limner.model.normaliser import Normaliser

__all__ = ["Filled", "Imputer", "ImputerConfig"]

Features = NDArray[np.float32]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class ImputerConfig(Config):
    """How a block is told from others."""

    penalties: tuple[float, ...] = Field((30.0, 300.0, 3000.0, 30_000.0), min_length=1)
    """Weights of the squared coefficients that are tried; dimensionless."""
    held_out: float = Field(0.2, gt=0, lt=1)
    """The share of the customers by whom the way is chosen."""
    least: int = Field(50, ge=2)
    """From fewer customers who have both, nothing but the mean is learned."""
    most: int = Field(20_000, ge=2)
    """From so many customers it learns at most, drawn at random."""


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """One block of N customers: ``vectors`` (N, D), and who had none of their own (N,)."""

    vectors: Features
    imputed: NDArray[np.bool_]

    @property
    def columns(self) -> Features:
        """The vectors, and a last column that says what was filled in: (N, D + 1)."""
        return np.column_stack([self.vectors, self.imputed]).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    """How one block is told from some others: ``weights`` (F, D) and ``offset`` (D,).

    ``explained`` is the share of its variance that was told of those held out.
    """

    target: str
    sources: tuple[str, ...]
    weights: Floats
    offset: Floats
    explained: float


class Imputer:
    """Fills in a block by ridge regression from the blocks that a customer has, or by its mean.

    There is one regression for each set of other blocks; its penalty is chosen on customers held
    out. Whoever lacks a block gets it by the regression that told most of those held out, of all
    that need no block which the customer lacks too; the mean of all who have the block if none told
    more than it. A block that is not known in every value is filled by the mean alone.

    Those who lack a block are seldom like those who have it, and by those it is learned: so the
    mark belongs to what is filled in.

    Parameters
    ----------
    normalisers
        For each block, what brings it to one scale; they learn with the imputer.
    config
        See :class:`ImputerConfig`.
    seed
        Which customers are held out.

    Attributes
    ----------
    means_
        The mean of each block (D,); set by :meth:`fit`.
    versions_
        Of which versions it can speak.
    """

    def __init__(
        self,
        normalisers: Mapping[str, Normaliser],
        config: ImputerConfig | None = None,
        *,
        seed: int = 0,
    ) -> None:
        self.normalisers, self.config, self.seed = normalisers, config or ImputerConfig(), seed
        self.means_: dict[str, Floats] | None = None
        self.versions_: dict[str, str] = {}
        self._rules: dict[tuple[str, tuple[str, ...]], _Rule] = {}

    def fit(self, tables: Sequence[BlockTable]) -> Self:
        """Learn from the blocks of one moment.

        Raises
        ------
        TooFew
            If nobody has one of the blocks.
        BadShape
            If blocks and normalisers are not of the same names.
        """
        if {table.name for table in tables} != set(self.normalisers):
            raise BadShape(
                f"there are normalisers of {', '.join(self.normalisers)}, but blocks "
                f"{', '.join(table.name for table in tables)}"
            )
        for table in tables:
            if not len(table):
                raise TooFew(
                    f"nobody has the block {table.name!r} as of {table.as_of:%Y-%m-%d}",
                    hint="choose a later cut, or leave the block out",
                )
            self.normalisers[table.name].fit(table.vectors)
        self.versions_ = {table.name: table.version for table in tables}
        self.means_ = {table.name: _mean(table.vectors) for table in tables}
        self._rules = {}
        for target in tables:
            if np.isnan(target.vectors).any():
                continue
            others = [table for table in tables if table is not target]
            for count in range(1, len(others) + 1):
                for sources in combinations(others, count):
                    rule = self._learn(target, sources)
                    if rule is not None:
                        self._rules[rule.target, rule.sources] = rule
        return self

    def fill(self, tables: Sequence[BlockTable], customers: Ints) -> dict[str, Filled]:
        """Return every block of N customers, none of them missing.

        Parameters
        ----------
        tables
            The blocks of one moment, of the versions from which it was learned.
        customers
            Codes (N,).

        Raises
        ------
        NotFitted
            If :meth:`fit` has not been called.
        BadShape
            If a block is of another version.
        """
        means = self._fitted()
        for table in tables:
            if self.versions_.get(table.name) != table.version:
                raise BadShape(
                    f"the block {table.name!r} must be of version "
                    f"{self.versions_.get(table.name)}, got {table.version}",
                    hint="fit the imputer again",
                )
        names = [table.name for table in tables]
        has = np.stack([table.has(customers) for table in tables], axis=1)
        scores = {table.name: self.normalisers[table.name](table.of(customers)) for table in tables}
        filled = {}
        for place, table in enumerate(tables):
            lacking, vectors = ~has[:, place], table.of(customers)
            vectors[lacking] = means[table.name]
            for held in np.unique(has[lacking], axis=0):
                rule = self._best(table.name, [names[at] for at in np.flatnonzero(held)])
                if rule is not None:
                    rows = (has == held).all(axis=1)
                    known = np.hstack([scores[name][rows] for name in rule.sources])
                    vectors[rows] = known @ rule.weights + rule.offset
            filled[table.name] = Filled(vectors, lacking)
        return filled

    def explained(self) -> dict[str, float]:
        """Return how much of each block others told of customers held out: ``b from a+c`` -> R²."""
        self._fitted()
        return {
            f"{rule.target} from {'+'.join(rule.sources)}": rule.explained
            for rule in self._rules.values()
        }

    def save(self, folder: Path) -> None:
        """Write it to a folder: names as JSON, numbers as ``.npz``, a file each normaliser."""
        means = self._fitted()
        folder.mkdir(parents=True, exist_ok=True)
        rules = list(self._rules.values())
        table = {
            "config": self.config.model_dump(mode="json"),
            "seed": self.seed,
            "versions": self.versions_,
            "rules": [[rule.target, list(rule.sources), rule.explained] for rule in rules],
        }
        (folder / "imputer.json").write_text(json.dumps(table, indent=2), encoding="utf-8")
        arrays: dict[str, Any] = {f"mean {name}": mean for name, mean in means.items()}
        for place, rule in enumerate(rules):
            arrays |= {f"weights {place}": rule.weights, f"offset {place}": rule.offset}
        np.savez_compressed(folder / "imputer.npz", **arrays)
        for name, normaliser in self.normalisers.items():
            normaliser.save(folder / f"{name}.npz")

    @classmethod
    def load(cls, folder: Path, normalisers: Mapping[str, Normaliser]) -> Self:
        """Read what :meth:`save` wrote; the normalisers are those of the same blocks, not fitted.

        Raises
        ------
        NotFitted
            If nothing was saved there.
        """
        if not (folder / "imputer.json").is_file():
            raise NotFitted(f"there is no imputer in {folder}", hint="call fit(…) and save(folder)")
        table = json.loads((folder / "imputer.json").read_text(encoding="utf-8"))
        config = ImputerConfig.read(table["config"], where=str(folder / "imputer.json"))
        made = cls(normalisers, config, seed=table["seed"])
        made.versions_ = table["versions"]
        with np.load(folder / "imputer.npz", allow_pickle=False) as arrays:
            made.means_ = {name: arrays[f"mean {name}"] for name in made.versions_}
            for place, (target, sources, explained) in enumerate(table["rules"]):
                rule = _Rule(
                    target,
                    tuple(sources),
                    arrays[f"weights {place}"],
                    arrays[f"offset {place}"],
                    explained,
                )
                made._rules[target, rule.sources] = rule
        for name, normaliser in normalisers.items():
            normaliser.load(folder / f"{name}.npz")
        return made

    def _fitted(self) -> dict[str, Floats]:
        if self.means_ is None:
            raise NotFitted("the imputer has not learned yet", hint="call fit(tables) first")
        return self.means_

    def _best(self, target: str, held: Sequence[str]) -> _Rule | None:
        """Return the rule that told most of a block and needs no block that is not held."""
        able = [
            rule
            for rule in self._rules.values()
            if rule.target == target and set(rule.sources) <= set(held)
        ]
        return max(able, key=lambda rule: rule.explained, default=None)

    def _learn(self, target: BlockTable, sources: Sequence[BlockTable]) -> _Rule | None:
        """Return the best regression, or nothing where the mean is as good."""
        both = target.customers
        for table in sources:
            both = both[table.has(both)]
        if len(both) < self.config.least:
            return None
        rng = np.random.default_rng(self.seed)
        both = rng.permutation(both)[: self.config.most]
        known = np.hstack([self.normalisers[table.name](table.of(both)) for table in sources])
        told = np.asarray(known, np.float64)
        truth = np.asarray(target.of(both), np.float64)
        held = max(1, round(self.config.held_out * len(both)))
        missed = [
            ((truth[:held] - told[:held] @ weights - offset) ** 2).sum()
            for weights, offset in self._ridges(told[held:], truth[held:])
        ]
        by_mean = ((truth[:held] - truth[held:].mean(axis=0)) ** 2).sum()
        best = int(np.argmin(missed))
        if missed[best] >= by_mean:
            return None
        weights, offset = self._ridges(told, truth)[best]
        names = tuple(table.name for table in sources)
        return _Rule(target.name, names, weights, offset, float(1 - missed[best] / by_mean))

    def _ridges(self, known: Floats, truth: Floats) -> list[tuple[Floats, Floats]]:
        """Return weights (F, D) and offset (D,) of a ridge regression at each penalty."""
        middle, mean = known.mean(axis=0), truth.mean(axis=0)
        around = known - middle
        gram, moments = around.T @ around, around.T @ (truth - mean)
        found = []
        for penalty in self.config.penalties:
            held_back = gram + penalty * np.eye(len(gram))
            weights = np.asarray(solve(held_back, moments, assume_a="pos"))
            found.append((weights, mean - middle @ weights))
        return found


def _mean(vectors: Features) -> Floats:
    """Return the mean of what is known of each column, NaN where nothing is."""
    known = ~np.isnan(vectors)
    total = np.where(known, vectors, 0).sum(axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / known.sum(axis=0))
