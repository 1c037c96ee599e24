"""The behaviour model as the wing that serves takes it: events in, what is said of whom out."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Self, final

import numpy as np
import polars as pl

from limner.cli.behaviour import MODEL
from limner.dataset.live_frames import frame_sequences
from limner.errors import MissingExtra, NotFitted, NoWorkspace
from limner.events.event import CATEGORY_SEPARATOR
from limner.events.item_vectors import ItemVectors
from limner.events.log import EventLog
from limner.heads.describer import Describer
from limner.heads.description import Description
from limner.profiles.item_looks import ItemLooks
from limner.profiles.predictions import Described, Expected

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Reader", "Readers", "reader_of"]

Looks = Callable[[Sequence[str]], Mapping[str, ItemVectors]]
_Place = tuple[str | None, str | None, str | None]
_NOWHERE: _Place = (None, None, None)
_CATEGORIES = 5
"""So many categories are kept, the likeliest."""


@final
class Reader:
    """Reads customers with the exported behaviour model, each alone.

    Several at once would be read faster, but what is said of one would then differ in its last
    digits by who else is asked about.

    Parameters
    ----------
    describer
        The model.
    looks
        Returns the vectors of some items, by what of them was read; none: there are none.
    """

    def __init__(self, describer: Describer, looks: Looks | None = None) -> None:
        self._looks = looks
        self._vectors: dict[str, dict[str, NDArray[np.float32]]] = {}
        self._plain = self._knowing = describer
        self._known = frozenset(describer.codes.items.ids)
        self._news: dict[str, _Place] = {}
        self._lock = Lock()

    @classmethod
    def load(cls, folder: Path, looks: Looks | None = None) -> Self:
        """Read the model of a folder; raises as :meth:`Describer.load` does."""
        return cls(Describer.load(folder), looks)

    @property
    def version(self) -> str:
        """Which model it is."""
        return self._plain.version

    def describe(
        self, events: pl.DataFrame, items: pl.DataFrame, at: datetime
    ) -> Mapping[str, Described]:
        """Return what is said of each customer; see :class:`~limner.profiles.inputs.Describes`."""
        cut = self._plain.cut
        if events.is_empty() or (cut is not None and at < cut):
            return {}
        describer = self._with(events["item_id"], items)
        known = frame_sequences(describer.codes, events, at, longest=describer.longest)
        said = describer.describe_each(known.sequences, at)
        return {known.names[place]: _described(one) for place, one in said.items()}

    def _with(self, named: pl.Series, items: pl.DataFrame) -> Describer:
        """Return the model, knowing what items are that came after it learned."""
        ids = named.drop_nulls().unique()
        new = ids.filter(~ids.is_in(self._known)).sort().to_list()
        if not new:
            return self._plain
        told = items.filter(pl.col("item_id").is_in(pl.Series(new, dtype=pl.String).implode()))
        looked = self._looked(new)
        with self._lock:
            fresh = {
                item: found
                for item, category, brand in told.select("item_id", "category", "brand").rows()
                if any(found := _place(category, brand)) and self._news.get(item) != found
            }
            if self._learned(looked) or fresh:
                news = self._news | fresh
                for each in self._vectors.values():
                    news |= dict.fromkeys(each.keys() - news.keys(), _NOWHERE)
                self._knowing = self._plain.knowing(
                    news,
                    looks={look: self._known_looks(look) for look in self._vectors},
                )
                self._news = news
            return self._knowing

    def _looked(self, items: Sequence[str]) -> Mapping[str, ItemVectors]:
        """Return what some items are like, as far as the model learned to read that."""
        books = self._plain.vocabulary.codebooks
        if self._looks is None or not books:
            return {}
        return {
            look: each
            for look, each in self._looks(items).items()
            if len(each.ids) and look in books and each.version == books[look].version
        }

    def _known_looks(self, look: str) -> ItemVectors:
        known = self._vectors[look]
        ids = np.array(list(known), np.str_)
        version = self._plain.vocabulary.codebooks[look].version
        return ItemVectors(ids, np.stack(list(known.values())), version)

    def _learned(self, looked: Mapping[str, ItemVectors]) -> bool:
        """Remember what items are like; return whether any of it is new."""
        new = False
        for look, each in looked.items():
            known = self._vectors.setdefault(look, {})
            for item, vector in zip(each.ids.tolist(), each.vectors, strict=True):
                if item not in known or not np.array_equal(known[item], vector):
                    known[item], new = vector, True
        return new


@final
class Readers:
    """Gives the behaviour model of a folder, whichever lies there at the moment.

    Parameters
    ----------
    folder
        Where ``limner pretrain`` leaves it.
    looks
        Returns the vectors of some items, by what of them was read; none: there are none.
    """

    def __init__(self, folder: Path, looks: Looks | None = None) -> None:
        self.folder, self._looks = folder, looks
        self.trouble: str | None = None
        self._mark: object = None
        self._reader: Reader | None = None
        self._lock = Lock()

    def __call__(self) -> Reader | None:
        """Return it, or None where there is none that can be read; ``trouble`` then says why."""
        with self._lock:
            mark = _mark(self.folder)
            if mark != self._mark:
                self._mark = mark
                self._reader, self.trouble = None, None
                try:
                    self._reader = Reader.load(self.folder, self._looks)
                except NotFitted:
                    pass  # a shop may do without
                except Exception as error:  # noqa: BLE001 - profiles are drawn without, and say so
                    self.trouble = str(error)
            return self._reader


def _mark(folder: Path) -> object:
    try:
        found = (folder / "config.json").stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


@lru_cache(maxsize=1)
def _kept(workspace: Path, mark: object) -> Reader | None:
    del mark  # another model of the same folder has another
    try:
        log = EventLog(workspace / "log")
    except (NotFitted, NoWorkspace):
        log = None
    try:
        return Reader.load(workspace / "models" / MODEL, ItemLooks(log).of)
    except (NotFitted, MissingExtra):
        return None


def reader_of(workspace: Path) -> Reader | None:
    """Return who reads with the behaviour model of a workspace, None where there is none.

    Each process reads the model once.
    """
    return _kept(workspace, _mark(workspace / "models" / MODEL))


def _place(category: str | None, brand: str | None) -> _Place:
    """Return department, category and brand as the ledger cuts a path."""
    steps: Sequence[str] = category.split(CATEGORY_SEPARATOR) if category else ()
    return (steps[0], steps[-1], brand) if steps else (None, None, brand)


def _described(said: Description) -> Described:
    ((_, block),) = said.blocks.items()
    scores = [
        Expected(
            each.question, each.horizon_days, each.value, each.unit, each.statistic, each.about
        )
        for each in said.scores
    ]
    plain = [each for each in scores if not each.about]
    likely = sorted((each for each in scores if each.about), key=lambda each: -each.value)
    return Described(block.version, block.coverage, (*plain, *likely[:_CATEGORIES]))
