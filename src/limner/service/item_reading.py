"""One thread reads what the service is told of items, so that they are known by it at once."""

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, final

import numpy as np
import polars as pl
import structlog

from limner.events.item_vectors import ItemVectors
from limner.profiles.database.item_book import ItemBook, Unread
from limner.service.quiet import place_of

__all__ = ["ItemReader", "ReadsItems"]

_AT_ONCE = 256
"""So many items are read before any of them is told of."""
_REST_S = 0.1
_AGAIN_S = 30.0
"""After how long a model that cannot be opened, or a store that fails, is tried again."""


class ReadsItems(Protocol):
    """Makes vectors of items; what is made in one version can be compared."""

    def versions(self) -> Mapping[str, str]:
        """Return the versions of the vectors that can be made now, by what of items is read."""
        ...

    def read(self, catalogue: pl.DataFrame) -> Mapping[str, ItemVectors]:
        """Return vectors of items by what of them was read, of those that have it."""
        ...


@final
class ItemReader:
    """Looks for items of which something new is told, and keeps what a model makes of them.

    Each is read once for each word on it. Where the models are others than before, all are read
    anew; what cannot be read is passed over, and tried again after the next start.

    Parameters
    ----------
    book
        The items of the store.
    known
        Returns what is known of some items.
    reads
        Who reads.
    leads
        Whether this process is the one that reads, of several; none: it is alone.
    """

    def __init__(
        self,
        book: ItemBook,
        known: Callable[[Sequence[str]], pl.DataFrame | None],
        reads: ReadsItems,
        *,
        leads: Callable[[], bool] | None = None,
    ) -> None:
        self.book, self.known, self.reads, self.leads = book, known, reads, leads
        self._versions: Mapping[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="limner-items", daemon=True)
        self._log = structlog.get_logger("limner.items")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is under way, then stop; closing twice is fine."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def once(self) -> int:
        """Read some items, if any are unread; return how many.

        Raises whatever the models raise that cannot be opened, or the store.
        """
        versions = self.reads.versions()
        if not versions:
            return 0
        if versions != self._versions:
            self.book.read_anew(versions)
            self._versions = dict(versions)
        unread = self.book.unread(limit=_AT_ONCE)
        return self._read(unread) if len(unread) else 0

    def _read(self, unread: Unread) -> int:
        catalogue = self.known(unread.ids)
        vectors: Mapping[str, ItemVectors] = {}
        try:
            if catalogue is not None:
                vectors = self.reads.read(catalogue)
        except (OSError, MemoryError, sqlite3.Error):
            raise  # nothing that items can do about: all are tried again
        except Exception as error:  # noqa: BLE001 - whatever it is, the others are read
            if len(unread) > 1:
                alone = [Unread({item: mark}) for item, mark in unread.marks.items()]
                return sum(self._read(each) for each in alone)
            self._log.warning("an item could not be read", trouble=place_of(error))
            vectors = {look: _nothing(version) for look, version in self._versions.items()}
        self.book.keep(unread, vectors)
        return len(unread)

    def _run(self) -> None:
        while not self._stop.is_set():
            rest = _REST_S
            if self.leads is None or self.leads():
                try:
                    rest = 0.0 if self.once() else _REST_S
                except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
                    self._log.warning("items could not be read", trouble=place_of(error))
                    rest = _AGAIN_S
            self._stop.wait(rest)


def _nothing(version: str) -> ItemVectors:
    return ItemVectors(np.zeros(0, np.str_), np.zeros((0, 1), np.float32), version)
