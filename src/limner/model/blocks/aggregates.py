"""The block ``aggregates``: what everybody did before a moment, counted in every way we know."""

from datetime import datetime
from typing import ClassVar, Self

from limner.dataset.aggregates import Aggregates, AggregatesConfig
from limner.dataset.ledger import Ledger
from limner.dataset.meetings import known_customers
from limner.model.block import BlockTable, digest_of
from limner.model.normaliser import Normaliser, NormalScores

__all__ = ["AggregatesBlock"]

FORMULA = 1


class AggregatesBlock:
    """The automatic columns of all customers with an event before the moment.

    Attributes
    ----------
    aggregates
        What counts; see :class:`~limner.dataset.aggregates.Aggregates`.
    """

    name: ClassVar[str] = "aggregates"

    def __init__(self, config: AggregatesConfig | None = None) -> None:
        self.aggregates = Aggregates(config)

    def fit(self, ledger: Ledger, *, before: datetime) -> Self:
        """Learn the commonest classes and the price edges from events before a moment."""
        self.aggregates.fit(ledger, before=before)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order. Raises NotFitted."""
        return self.aggregates.names

    @property
    def version(self) -> str:
        """The formula, and the columns with the price edges. Raises NotFitted."""
        edges = ",".join(f"{edge!r}" for edge in self.aggregates.edges)
        settings = self.aggregates.config.model_dump_json()
        return digest_of(FORMULA, settings, "\n".join(self.names), edges)

    def at(self, ledger: Ledger, cut: datetime) -> BlockTable:
        """Count what everybody did strictly before a cut. Raises NotFitted."""
        version = self.version
        known = known_customers(ledger, cut)
        return BlockTable(
            name=self.name,
            version=version,
            as_of=cut,
            customers=known,
            vectors=self.aggregates.at(ledger, cut)[known],
            coverage=1.0 if len(known) else 0.0,
        )

    def normaliser(self) -> Normaliser:
        """Return what scores counts by their ranks."""
        return NormalScores()
