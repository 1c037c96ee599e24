"""The block ``sequence``: who everybody is by the order and the pace of what they did."""

from datetime import datetime
from typing import ClassVar

from limner.dataset.ledger import Ledger
from limner.dataset.meetings import known_customers
from limner.model.behaviour import BehaviourModel
from limner.model.block import BlockTable
from limner.model.normaliser import Normaliser, StandardScores
from limner.model.reading import read_customers

__all__ = ["SequenceBlock"]


class SequenceBlock:
    """The vectors of a behaviour model, of all customers with an event before the moment.

    Parameters
    ----------
    model
        What was pretrained. It should know nothing from the cut on.
    version
        What tells its weights from any others; a model's folder holds it.
    """

    name: ClassVar[str] = "sequence"

    def __init__(self, model: BehaviourModel, *, version: str) -> None:
        self.model, self._version = model, version

    @property
    def version(self) -> str:
        """The version of the model."""
        return self._version

    def at(self, ledger: Ledger, cut: datetime) -> BlockTable:
        """Read everybody's newest events strictly before a cut."""
        found = read_customers(self.model, ledger, cut)
        everybody = len(known_customers(ledger, cut))
        return BlockTable(
            name=self.name,
            version=self.version,
            as_of=cut,
            customers=found.customers,
            vectors=found.vectors,
            coverage=len(found.customers) / max(1, everybody),
        )

    def normaliser(self) -> Normaliser:
        """Return what brings each number to one spread."""
        return StandardScores()
