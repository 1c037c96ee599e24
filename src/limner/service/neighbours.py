"""Who and what is alike, kept ready for a while: vectors, traits on one scale, and baskets."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar, final

import numpy as np
import orjson

from limner.apps.similar import TraitTable, by_angle, trait_table
from limner.errors import BadStore
from limner.events.item_vectors import ItemVectors
from limner.profiles.baskets import LINE, Baskets
from limner.profiles.blocks import CustomerBlock, blocks_in
from limner.profiles.database.item_book import ItemBook
from limner.profiles.database.lines import purchase_lines
from limner.profiles.database.population import DatabasePopulation
from limner.profiles.item_looks import ItemLooks
from limner.profiles.live import ERASURES
from limner.service.parts import Parts

__all__ = ["Near", "Neighbours"]

_AT_ONCE = 500
TRAITS = "traits"
Kept = TypeVar("Kept")


@dataclass(frozen=True, slots=True)
class Near:
    """Others, the nearest first, each with how near; ``by`` says by what."""

    by: str
    version: str | None
    as_of: str | None
    others: Iterator[tuple[str, float]]


@final
class _Ready(Generic[Kept]):
    """One thing that is dear to make: made once, and anew where its mark changed or it is old."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: tuple[Any, float, Kept] | None = None

    def get(self, mark: object, make: Callable[[], Kept], *, most_s: float) -> Kept:
        """Return it; others who ask meanwhile wait."""
        with self._lock:
            now = time.monotonic()
            if self._kept is None or self._kept[0] != mark or now - self._kept[1] > most_s:
                self._kept = None
                self._kept = (mark, now, make())
            return self._kept[2]


@final
class Neighbours:
    """Finds who and what is alike.

    What is kept ready is made anew after ``references_seconds``, and at once when somebody was
    erased or a file was written; vectors of items are known as soon as they are there.

    Parameters
    ----------
    parts
        What the service is made of.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._blocks: dict[str, _Ready[CustomerBlock]] = {}
        self._traits: _Ready[TraitTable] = _Ready()
        self._baskets: _Ready[Baskets] = _Ready()
        self._looks = ItemLooks(parts.painter.log, ItemBook(parts.eraser.book.engine))

    def blocks(self) -> Sequence[str]:
        """Return which blocks there are, the best first."""
        path = self.parts.blocks
        return [] if path is None else list(blocks_in(path))

    def block(self, name: str) -> CustomerBlock:
        """Return one block. Raises BadStore where there is none, or it cannot be read."""
        path = self.parts.blocks
        assert path is not None
        try:
            state = path.stat()
        except OSError as trouble:
            raise BadStore(
                f"{path.name} with the vectors of customers is gone: {trouble.strerror}",
                hint="limner embed writes it",
            ) from None
        ready = self._blocks.setdefault(name, _Ready())
        return ready.get(
            (state.st_mtime_ns, state.st_size, self._erasures()),
            lambda: CustomerBlock.read(path, name),
            most_s=np.inf,
        )

    def by_block(self, customer_id: str, name: str) -> Near | None:
        """Return who is near a customer in a block, none where they have no vector there."""
        block = self.block(name)
        at = np.flatnonzero(block.customers == customer_id)
        if not len(at):
            return None
        order, near = by_angle(block.vectors, int(at[0]))
        others = ((str(block.customers[who]), float(x)) for who, x in zip(order, near, strict=True))
        return Near(name, block.version, block.as_of, others)

    def by_traits(self, customer_id: str) -> Near | None:
        """Return who is near a customer by traits, none where there is no portrait of them."""
        table = self._traits.get(
            self._erasures(), self._read_traits, most_s=self.parts.config.references_seconds
        )
        found = table.nearest(customer_id)
        if found is None:
            return None
        names = table.customers
        others = ((str(names[who]), float(x)) for who, x in zip(*found, strict=True))
        return Near(TRAITS, None, None, others)

    def looks(self) -> dict[str, ItemVectors]:
        """Return the vectors of items, by what of them was read."""
        return self._looks.all()

    def baskets(self) -> Baskets:
        """Return what was bought together, in the log and since."""
        return self._baskets.get(
            self._erasures(), self._read_baskets, most_s=self.parts.config.references_seconds
        )

    def _erasures(self) -> str | None:
        return self.parts.store.recall(ERASURES)

    def _read_traits(self) -> TraitTable:
        everybody = DatabasePopulation(self.parts.eraser.book.engine, "", unasked=True)
        people: list[tuple[str, dict[str, Any]]] = []
        after = ""
        while pages := everybody.pages(after=after, limit=_AT_ONCE):
            after = pages[-1].customer_id
            for page in pages:
                if page.portrait is not None:
                    told = orjson.loads(page.portrait).get("traits", ())
                    people.append(
                        (page.customer_id, {each["name"]: each["value"] for each in told})
                    )
        return trait_table(people)

    def _read_baskets(self) -> Baskets:
        frames = [purchase_lines(self.parts.eraser.book.engine)]
        log = self.parts.painter.log
        if log is not None:
            lines = LINE.names()
            frames.append(
                log.read(lambda: log.scan().filter(kind="purchase").select(lines).collect())
            )
        return Baskets.of(frames)
