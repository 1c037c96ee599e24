"""Reading the words and pictures of items as a service is told of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from limner.cli.items import directions_file, pictures_of, version_of, words_of

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from limner.cli.workspace import Workspace
    from limner.encoders.reduction import Reduction
    from limner.events.item_vectors import ItemVectors

__all__ = ["ArrivingItems", "arriving_items"]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A model: what its vectors are known by, and how it makes them (N, D) of a catalogue's items.

    With them come the ids (N,).
    """

    maker: str
    read: "Callable[[pl.DataFrame], tuple[NDArray[Any], NDArray[np.float32]]]"


@dataclass(frozen=True, slots=True)
class _Shortened:
    """Along which directions vectors are told; ``mark`` is that of their file."""

    mark: tuple[int, int]
    reduction: "Reduction"
    version: str


@final
class ArrivingItems:
    """Reads items as ``limner items`` does, with the same models and along the same directions.

    A model is opened once ``limner items`` has learned these, and stays open.

    Parameters
    ----------
    workspace
        Whose settings name the models.
    """

    def __init__(self, workspace: "Workspace") -> None:
        self.workspace = workspace
        words, pictures = workspace.settings.text, workspace.settings.image
        self._wanted: dict[str, tuple[int, Callable[[Workspace], _Opened]]] = {}
        if words.encoder:
            self._wanted["text"] = words.dim, _open_words
        if pictures.encoder:
            self._wanted["image"] = pictures.dim, _open_pictures
        self._opened: dict[str, _Opened] = {}
        self._shortened: dict[str, _Shortened] = {}

    def versions(self) -> Mapping[str, str]:
        """Return the versions of the vectors that can be made now, by what of items is read.

        Raises
        ------
        BadModel, MissingExtra
            If a model cannot be opened.
        """
        for look, (dim, begin) in self._wanted.items():
            if look not in self._opened:
                learned = (self.workspace.folder / "models" / look).glob(f"directions-*-{dim}.npz")
                if not any(learned):
                    continue
                self._opened[look] = begin(self.workspace)
            self._shorten(look, dim)
        return {look: each.version for look, each in self._shortened.items()}

    def read(self, catalogue: "pl.DataFrame") -> "Mapping[str, ItemVectors]":
        """Return vectors of items by what of them was read; whoever has nothing there is left out.

        Parameters
        ----------
        catalogue
            What is known of the items, by the columns of the log's catalogue.
        """
        from limner.events.item_vectors import ItemVectors

        found = {}
        for look, each in self._shortened.items():
            ids, vectors = self._opened[look].read(catalogue)
            seen = vectors.any(axis=1)
            told = each.reduction.read(vectors[seen])
            found[look] = ItemVectors(ids[seen], told, each.version)
        return found

    def _shorten(self, look: str, dim: int) -> None:
        """Read the directions, if another file lies there or it is gone."""
        from limner.encoders.reduction import Reduction

        maker = self._opened[look].maker
        file = directions_file(self.workspace, look, maker, dim)
        try:
            state = file.stat()
        except FileNotFoundError:
            self._shortened.pop(look, None)
            return
        mark = state.st_mtime_ns, state.st_ino
        if look not in self._shortened or self._shortened[look].mark != mark:
            reduction = Reduction.load(file)
            self._shortened[look] = _Shortened(mark, reduction, version_of(maker, reduction))


def arriving_items(workspace: "Workspace") -> ArrivingItems | None:
    """Return who reads items for a workspace, none where it names no model for that."""
    settings = workspace.settings
    return ArrivingItems(workspace) if settings.text.encoder or settings.image.encoder else None


def _open_words(workspace: "Workspace") -> _Opened:
    from limner.encoders.language.reader import open_reader

    settings = workspace.settings.text
    reader = open_reader(settings.encoder, workspace.folder / "models/text", int8=settings.int8)

    def read(catalogue: "pl.DataFrame") -> "tuple[NDArray[Any], NDArray[np.float32]]":
        ids, texts = words_of(catalogue)
        return ids, reader.read(texts)

    return _Opened(reader.version, read)


def _open_pictures(workspace: "Workspace") -> _Opened:
    from limner.encoders.vision.picture_reader import PictureReader

    settings = workspace.settings.image
    reader = PictureReader(settings.encoder, workspace.folder / "models/image", size=settings.size)

    def read(catalogue: "pl.DataFrame") -> "tuple[NDArray[Any], NDArray[np.float32]]":
        ids, _, files = pictures_of(workspace, catalogue)
        return ids, reader.read(files)[0]

    return _Opened(reader.version, read)
