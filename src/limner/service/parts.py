"""What the service is made of; whoever builds it hands it these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from limner.profiles.database.item_book import ItemBook
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
from limner.profiles.painter import Painter
from limner.service.crew import Place
from limner.service.item_reading import ItemReader, ReadsItems
from limner.service.reading import Rules
from limner.service.settings import ServeConfig
from limner.service.studio import Draws
from limner.service.tracing import Traces

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is made of.

    Parameters
    ----------
    store
        Where events, counters and portraits are.
    painter
        Who draws portraits anew.
    pepper
        The secret with which keys are hashed.
    eraser
        Who shows what is held on a customer, and erases it.
    config, rules
        How it behaves, and by what rules events are read.
    clock
        Tells the present, in UTC.
    probes
        Whether things are there without which answers are poorer, by their names.
    tenants
        What the services of other tenants are made of, by name; they share nothing with this one.
    place
        Which of several processes this is; none: the only one.
    traces
        Who traces what is done.
    blocks
        The file with the vectors of customers, none: there is none.
    drawer
        Who draws what became stale, in a process of its own; none: the painter, in this one.
    erases
        Finishes erasures in a process of their own; none: the eraser does, in this one.
    reads
        Who reads the items that are told of, where portraits are drawn; none: nobody does.
    """

    store: DatabaseStore
    painter: Painter
    pepper: bytes
    eraser: Eraser
    config: ServeConfig = field(default_factory=ServeConfig)
    rules: Rules = field(default_factory=Rules)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    probes: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    tenants: Mapping[str, "Parts"] = field(default_factory=dict)
    place: Place | None = None
    traces: Traces = field(default_factory=Traces)
    blocks: Path | None = None
    drawer: Draws | None = None
    erases: Callable[[], None] | None = None
    reads: ReadsItems | None = None

    def item_reader(self, leads: Callable[[], bool] | None = None) -> ItemReader | None:
        """Return a thread that reads items, if there is who does."""
        if self.reads is None:
            return None
        book = ItemBook(self.store.engine)
        return ItemReader(book, self.painter.known_items, self.reads, leads=leads)
