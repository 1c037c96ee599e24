"""What the service is made of; whoever builds it hands it these."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from limner.events.cleaning import CleaningConfig
from limner.events.mapping import Mapping
from limner.profiles.eraser import Eraser
from limner.profiles.live import LiveStore
from limner.profiles.painter import Painter
from limner.service.settings import ServeConfig

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
    config, cleaning, mapping
        How it behaves, what counts as an event, and what the shop's own events are called.
    currency
        In which prices are that name none.
    clock
        Tells the present, in UTC.
    blocks
        The file with the vectors of customers, none: there is none.
    """

    store: LiveStore
    painter: Painter
    pepper: bytes
    eraser: Eraser
    config: ServeConfig = field(default_factory=ServeConfig)
    cleaning: CleaningConfig = field(default_factory=CleaningConfig)
    mapping: Mapping = field(default_factory=lambda: Mapping(reader="segment"))
    currency: str | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    blocks: Path | None = None
