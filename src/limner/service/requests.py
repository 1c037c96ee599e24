"""One thread erases whom requests name; what was begun is finished, also after a kill."""

import threading
import time
from collections.abc import Callable
from typing import final

import structlog

from limner.errors import LogBusy
from limner.profiles.eraser import Eraser
from limner.service.quiet import place_of

__all__ = ["Archivist"]

_AGAIN_S = 2.0
_PATIENCE_S = 60.0
"""So long another process may write to the log before it is told that an erasure waits for it."""


@final
class Archivist:
    """Erases, one request after another; what fails is tried again.

    Parameters
    ----------
    eraser
        Who knows how.
    leads
        Whether this process is the one that erases, of several; none: it is alone.
    held_up
        Whether something lies about that is gone in a moment and may hold whoever is to be erased:
        a file that is being imported. It is waited for.
    apart
        Finishes in another process what was begun; none: the eraser does, in this one.
    """

    def __init__(
        self,
        eraser: Eraser,
        *,
        leads: Callable[[], bool] | None = None,
        held_up: Callable[[], bool] = lambda: False,
        apart: Callable[[], None] | None = None,
    ) -> None:
        self.eraser, self.leads, self.held_up, self.apart = eraser, leads, held_up, apart
        self.failing = False
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limner-archivist", daemon=True)

    def start(self) -> None:
        """Begin with what was left unfinished."""
        self._wake.set()
        self._thread.start()

    def wake(self) -> None:
        """Say that something was asked."""
        self._wake.set()

    def close(self) -> None:
        """Finish what is under way, then stop; closing twice is fine."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        log = structlog.get_logger("limner.requests")
        since: float | None = None
        while True:
            self._wake.wait(None if self.leads is None else _AGAIN_S)
            if self._stop.is_set():
                return
            if self.leads is not None and not self.leads():
                self._stop.wait(_AGAIN_S / 10)
                continue
            self._wake.clear()
            try:
                if self.held_up():
                    self._stop.wait(_AGAIN_S / 10)
                    self._wake.set()
                    continue
                self._erase()
                self.failing, since = False, None
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                since = time.monotonic() if since is None else since
                if not isinstance(error, LogBusy) or time.monotonic() - since > _PATIENCE_S:
                    self.failing = True
                    log.warning("an erasure could not be finished", trouble=place_of(error))
                self._stop.wait(_AGAIN_S)
                self._wake.set()

    def _erase(self) -> None:
        if self.apart is None:
            self.eraser.resume(actor="service")
        elif self.eraser.book.unfinished():
            self.apart()
