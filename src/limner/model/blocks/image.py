"""The block ``image``: what the pictures look like of the items that somebody met."""

from datetime import datetime
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from limner.config import Config
from limner.dataset.ledger import Ledger
from limner.dataset.meetings import known_customers
from limner.errors import NotFitted
from limner.model.block import BlockTable, digest_of
from limner.model.looks import met_vectors
from limner.model.normaliser import Normaliser, StandardScores

__all__ = ["ImageBlock"]

Floats = NDArray[np.float32]
FORMULA = 1
LOOK = "image"


class ImageConfig(Config):
    """What is looked at."""

    half_life_days: float = Field(180.0, gt=0)
    """After so many days an event counts half."""
    kinds: tuple[str, ...] = ()
    """Which kinds of event count; none: all but messages and returns."""


class ImageBlock:
    """The mean of the vectors of the pictures that somebody met, the newer the more.

    The vectors are those that the log keeps beside it (``limner items``); a customer is the mean
    over items, each by the logarithm of its decayed count, and of length 1. Nothing is learned.

    Customers who met no item with a picture before the moment have no vector.

    Parameters
    ----------
    config
        What is looked at.
    """

    name: ClassVar[str] = "image"

    def __init__(self, config: ImageConfig | None = None) -> None:
        self.config = config or ImageConfig()
        self.maker_: str | None = None

    def fit(self, ledger: Ledger, *, before: datetime) -> Self:
        """Remember who made the vectors.

        Raises
        ------
        NotFitted
            If the log keeps none.
        """
        del before
        if LOOK not in ledger.looks:
            raise NotFitted(
                "the log keeps no vectors of its items' pictures",
                hint='limner items, with [image] encoder = "efficientnet-lite0"',
            )
        self.maker_ = ledger.looks[LOOK].version
        return self

    @property
    def version(self) -> str:
        """The formula, who made the vectors, and what was set."""
        if self.maker_ is None:
            raise NotFitted(
                "the block image has not learned yet", hint="call fit(ledger, before=cut) first"
            )
        return digest_of(FORMULA, self.config.model_dump_json(), self.maker_)

    def at(self, ledger: Ledger, cut: datetime) -> BlockTable:
        """Say whose items look like what, from events strictly before a cut.

        Raises
        ------
        NotFitted
            If the log's vectors are of another model than when it learned.
        """
        version, seen = self.version, ledger.looks.get(LOOK)
        if seen is None or seen.version != self.maker_:
            raise NotFitted(
                "the items' pictures have been looked at by another model since",
                hint="let the block learn again",
            )
        sums = met_vectors(
            ledger,
            cut,
            vectors=seen.vectors,
            half_life_days=self.config.half_life_days,
            kinds=self.config.kinds,
        )
        length = np.sqrt(np.square(sums).sum(axis=1))
        found = np.flatnonzero(length > 0)
        return BlockTable(
            name=self.name,
            version=version,
            as_of=cut,
            customers=found,
            vectors=sums[found] / length[found, None],
            coverage=len(found) / max(1, len(known_customers(ledger, cut))),
        )

    def normaliser(self) -> Normaliser:
        """Return one scale for all: what tells pictures apart most shall stay largest."""
        return StandardScores(each=False)
