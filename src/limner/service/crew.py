"""One of several processes over a store: one leads, and all know each other's figures."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import final

import structlog

from limner.profiles.database.leases import Leases
from limner.service.quiet import place_of

__all__ = ["Mate", "Place"]

_LEASE = "leader"
_HELD_S = 5.0
"""After so long without a word another process leads."""
_ROUND_S = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a process: its ``number`` from 0, of how many, and where figures are shared."""

    number: int
    of: int
    figures: Path


@final
class Mate:
    """Holds the lease of the leader if it can be had, and shares figures, every second.

    Parameters
    ----------
    leases
        Where the lease is.
    name
        Of this process, unlike that of any other.
    share
        Writes this process's figures down for the others.
    """

    def __init__(self, leases: Leases, name: str, *, share: Callable[[], None]) -> None:
        self.leases, self.name, self.share = leases, name, share
        self._until = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limner-mate", daemon=True)

    def leads(self) -> bool:
        """Whether this process does what only one does."""
        return time.monotonic() < self._until

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Let another lead, and share the last figures; closing twice is fine."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
            if self.leads():
                self._until = 0.0
                self.leases.give_back(_LEASE, self.name)
            self.share()

    def once(self) -> None:
        """Hold on to the lease, or take it; and share figures."""
        begun = time.monotonic()
        if self.leases.take(_LEASE, self.name, seconds=_HELD_S):
            self._until = begun + 0.8 * _HELD_S  # others wait longer than we believe
        self.share()

    def _run(self) -> None:
        log = structlog.get_logger("limner.crew")
        while not self._stop.is_set():
            try:
                self.once()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                log.warning("the lease could not be held", trouble=place_of(error))
            self._stop.wait(_ROUND_S)
