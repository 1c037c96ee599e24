"""The block ``text``: what a pretrained language model makes of what somebody met and wrote."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from limner.config import Config
from limner.dataset.labels import Deeds
from limner.dataset.ledger import Ledger
from limner.dataset.meetings import Meetings, known_customers, meetings
from limner.dataset.written import item_texts, written
from limner.encoders.language.vector_cache import TextReader
from limner.encoders.reduction import Reduction
from limner.errors import NotFitted, TooFew
from limner.model.block import BlockTable, digest_of
from limner.model.looks import IDLE, met_vectors
from limner.model.normaliser import Normaliser, StandardScores

__all__ = ["TextBlock"]

Floats = NDArray[np.float32]
FORMULA = 1


class TextConfig(Config):
    """What is read, and how briefly it is told."""

    dim: int = Field(64, ge=1)
    """Length of the vectors; they are shorter where the language model's are."""
    half_life_days: float = Field(180.0, gt=0)
    """After so many days an event counts half."""
    kinds: tuple[str, ...] = ()
    """Which kinds of event count; none: all but messages and returns."""
    own_words: float = Field(1.0, ge=0)
    """How much a text of the customer's own counts beside an item that was met once."""


class TextBlock:
    """The mean of the vectors of what somebody met and wrote, the newer the more.

    An item's vector is a language model's, of title, description, category and brand: so an item
    has it on its first day. Vectors are told by their place along the main directions of all items
    that anybody met, learned once, and brought to length 1; a customer is the mean over items,
    each by the logarithm of its decayed count, and over texts of their own.

    Customers who met and wrote nothing with words before the moment have no vector.

    Parameters
    ----------
    reader
        Makes a vector of a text; it is asked again at every moment, so let it remember.
    config
        What is read.

    Attributes
    ----------
    reduction_
        The main directions (D, D0); set by :meth:`fit`.
    """

    name: ClassVar[str] = "text"

    def __init__(self, reader: TextReader, config: TextConfig | None = None) -> None:
        self.reader, self.config = reader, config or TextConfig()
        self.reduction_: Reduction | None = None

    def fit(self, ledger: Ledger, *, before: datetime) -> Self:
        """Learn the directions from items met, and texts written, strictly before a moment.

        Raises
        ------
        TooFew
            If nobody met or wrote anything with words.
        """
        met = np.zeros(len(ledger.items), np.bool_)
        for one in self._met(ledger, before):
            met[np.unique(one.counts["item"].indices)] = True
        texts = item_texts(ledger)
        said = [texts[at] for at in np.flatnonzero(met) if texts[at]]
        if self.config.own_words:
            for some in written(ledger, before, half_life_days=self.config.half_life_days):
                said += sorted(set(some.texts))
        if not said:
            raise TooFew(
                f"before {before:%Y-%m-%d} nobody met an item with a title, or wrote anything",
                hint="name the titles in the mapping: limner doctor",
            )
        self.reduction_ = Reduction.learn(self.reader.read(said), most=self.config.dim)
        return self

    @property
    def version(self) -> str:
        """The formula, the reader, and what was set and learned."""
        known = self._fitted()
        said = (self.config.model_dump_json(), self.reader.version)
        return digest_of(FORMULA, *said, known.centre, known.directions)

    def items(self, ledger: Ledger) -> Floats:
        """Return the vectors of a ledger's items (V, D), of length 1; nought where none is named.

        Texts of items are not dated: what a catalogue says now of an item counts at any moment.
        """
        return self._told(item_texts(ledger))

    def at(self, ledger: Ledger, cut: datetime) -> BlockTable:
        """Say who met and wrote what strictly before a cut."""
        sums = met_vectors(
            ledger,
            cut,
            vectors=self.items(ledger),
            half_life_days=self.config.half_life_days,
            kinds=self.config.kinds,
        )
        if self.config.own_words:
            for some in written(ledger, cut, half_life_days=self.config.half_life_days):
                told = self._told(some.texts)
                weights = self.config.own_words * np.log1p(some.weights)
                np.add.at(sums, some.customers, told * weights[:, None].astype(np.float32))
        length = np.sqrt(np.square(sums).sum(axis=1))
        found = np.flatnonzero(length > 0)
        everybody = len(known_customers(ledger, cut))
        return BlockTable(
            name=self.name,
            version=self.version,
            as_of=cut,
            customers=found,
            vectors=sums[found] / length[found, None],
            coverage=len(found) / max(1, everybody),
        )

    def normaliser(self) -> Normaliser:
        """Return one scale for all: what tells texts apart most shall stay largest."""
        return StandardScores(each=False)

    def save(self, folder: Path) -> None:
        """Write it to a folder: settings as JSON, numbers as ``.npz``; the reader is not kept."""
        known = self._fitted()
        folder.mkdir(parents=True, exist_ok=True)
        table = {"config": self.config.model_dump(mode="json"), "reader": self.reader.version}
        (folder / "config.json").write_text(json.dumps(table), encoding="utf-8")
        known.save(folder / "directions.npz")

    @classmethod
    def load(cls, folder: Path, reader: TextReader) -> Self:
        """Read what :meth:`save` wrote, with the reader that it learned by.

        Raises
        ------
        NotFitted
            If it learned by another reader.
        """
        table = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if table["reader"] != reader.version:
            raise NotFitted(
                f"the block text in {folder} learned by another language model",
                hint="let it learn again",
            )
        made = cls(reader, TextConfig.read(table["config"], where=str(folder / "config.json")))
        made.reduction_ = Reduction.load(folder / "directions.npz")
        return made

    def _told(self, texts: tuple[str, ...]) -> Floats:
        """Return texts along the main directions (N, D), of length 1; nought where nothing is."""
        return self._fitted().read(self.reader.read(texts))

    def _met(self, ledger: Ledger, cut: datetime) -> Iterator[Meetings]:
        kinds = self.config.kinds or tuple(kind for kind in ledger.kinds if kind not in IDLE)
        return meetings(
            ledger,
            cut,
            columns=("item",),
            deeds=Deeds(kinds or ("purchase",)),
            half_life_days=self.config.half_life_days,
        )

    def _fitted(self) -> Reduction:
        if self.reduction_ is None:
            raise NotFitted(
                "the block text has not learned yet", hint="call fit(ledger, before=cut) first"
            )
        return self.reduction_
