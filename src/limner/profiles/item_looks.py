"""What models made of items: beside the log for those it knows, in the store for newer ones."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Protocol, final

import numpy as np

from limner.events.item_vectors import ItemVectors
from limner.events.log import VECTORS, EventLog

__all__ = ["ItemLooks", "KeepsItems"]


class KeepsItems(Protocol):
    """Who keeps the vectors of items that came since the log."""

    def mark(self) -> str | None:
        """Return another word each time that a vector came or went."""
        ...

    def vectors(
        self, widths: Mapping[str, tuple[str, int]], items: Sequence[str] | None = None
    ) -> dict[str, ItemVectors]:
        """Return the vectors of all items, or of some, of these versions and lengths."""
        ...


@final
class ItemLooks:
    """The vectors of items by what of them was read; the newest of an item counts.

    Only such as ``limner items`` makes in its present version can be compared, so what the store
    keeps of others is passed over.

    Parameters
    ----------
    log
        The log, none: nothing is known.
    book
        Who keeps those of items that came since; none: nobody.
    """

    def __init__(self, log: EventLog | None, book: KeepsItems | None = None) -> None:
        self.log, self.book = log, book
        self._lock = Lock()
        self._mark: object = None
        self._base: dict[str, ItemVectors] = {}
        self._places: dict[str, dict[str, int]] = {}
        self._whole: tuple[str | None, dict[str, ItemVectors]] | None = None

    def all(self) -> dict[str, ItemVectors]:
        """Return the vectors of all items, by what of them was read."""
        mark = None if self.book is None else self.book.mark()  # before the vectors are read
        with self._lock:
            base = self._known()
            if self._whole is None or self._whole[0] != mark:
                news = {} if self.book is None else self.book.vectors(_widths(base))
                whole = {
                    look: _over(each, news[look]) if look in news and len(news[look].ids) else each
                    for look, each in base.items()
                }
                self._whole = mark, whole
            return self._whole[1]

    def of(self, items: Sequence[str]) -> dict[str, ItemVectors]:
        """Return the vectors of those of some items that have any, by what of them was read."""
        with self._lock:
            base, places = self._known(), self._places
        news = {} if self.book is None else self.book.vectors(_widths(base), items)
        found = {}
        for look, each in base.items():
            at = [place for item in items if (place := places[look].get(item)) is not None]
            some = ItemVectors(each.ids[at], each.vectors[at], each.version)
            found[look] = _over(some, news[look]) if look in news else some
        return found

    def _known(self) -> dict[str, ItemVectors]:
        """Return what lies beside the log, read anew where another file lies there."""
        if self.log is None:
            return {}
        files = sorted((self.log.folder / VECTORS).glob("[!.]*.parquet"))
        states = [(each.name, each.stat()) for each in files]
        mark = [(name, state.st_mtime_ns, state.st_ino) for name, state in states]
        if mark != self._mark:
            self._base, self._whole, self._mark = self.log.item_vectors(), None, mark
            self._places = {
                look: {str(item): at for at, item in enumerate(each.ids)}
                for look, each in self._base.items()
            }
        return self._base


def _widths(base: Mapping[str, ItemVectors]) -> dict[str, tuple[str, int]]:
    return {look: (each.version, each.vectors.shape[1]) for look, each in base.items()}


def _over(old: ItemVectors, new: ItemVectors) -> ItemVectors:
    """Return the newer vectors, and the older ones of other items."""
    rest = ~np.isin(old.ids, new.ids)
    ids = np.concatenate([old.ids[rest], new.ids])
    return ItemVectors(ids, np.concatenate([old.vectors[rest], new.vectors]), old.version)
