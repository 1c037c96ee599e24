"""One thread adds to the audit log what was read, many readings in one transaction."""

import threading
from collections.abc import Iterable
from typing import final

import structlog

from limner.profiles.database.audit import AuditLog, Entry
from limner.service.quiet import place_of
from limner.service.writer import Busy

__all__ = ["Recorder"]

_REST_S = 0.2
_MOST = 100_000
_AT_ONCE = 5_000


@final
class Recorder:
    """Takes down what was read, so that whoever reads need not wait for it.

    What was taken down is in the log within a moment, and at the latest when the service stops.
    Where the log cannot be written, entries wait; when too many do, nothing more is read.

    Parameters
    ----------
    audit
        The log.
    """

    def __init__(self, audit: AuditLog) -> None:
        self.audit = audit
        self.failing = False
        self._waiting: list[Entry] = []
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limner-recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def tell(self, entries: Iterable[Entry]) -> None:
        """Take entries down. Raises Busy if too many wait to be written."""
        with self._lock:
            if len(self._waiting) >= _MOST:
                raise Busy(f"{len(self._waiting)} readings wait to be recorded")
            self._waiting += entries
        self._wake.set()

    def flush(self) -> None:
        """Write what waits; two who do so at once write each entry once."""
        with self._flushing:
            while True:
                with self._lock:
                    some = self._waiting[:_AT_ONCE]
                if not some:
                    return
                self.audit.append(some)
                with self._lock:
                    del self._waiting[: len(some)]

    def close(self) -> None:
        """Write what waits, then stop; closing twice is fine."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()

    def _run(self) -> None:
        log = structlog.get_logger("limner.recording")
        while not self._stop.is_set():
            self._wake.wait()
            self._stop.wait(_REST_S)  # what is read meanwhile goes along
            self._wake.clear()
            try:
                self.flush()
                self.failing = False
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                self.failing = True
                log.warning("readings could not be recorded", trouble=place_of(error))
                self._wake.set()
