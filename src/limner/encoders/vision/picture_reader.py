"""A vision model that remembers which pictures it has seen."""

import hashlib
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.encoders.vector_store import VectorStore, digest
from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import MOST_BYTES, open_picture, pixels_of
from limner.errors import BadPicture

__all__ = ["PictureReader"]

Floats = NDArray[np.float32]
AT_ONCE = 256


class PictureReader:
    """Makes a vector (D,) of a picture's file; the same picture is never looked at twice.

    Parameters
    ----------
    name
        A vision model, as :func:`~limner.encoders.vision.opening.open_vision` opens it.
    keep
        A folder for the vectors.
    size
        The side of a picture, S; none: as the model was made for.

    Raises
    ------
    BadModel
        If there is no such model.
    """

    def __init__(self, name: str, keep: Path, *, size: int | None = None) -> None:
        self.encoder = PictureEncoder(open_vision(name, size=size))
        self.width = self.encoder.width
        self.version = _version(self.encoder)
        self._store = VectorStore(keep / self.version, self.width)

    @property
    def known(self) -> int:
        """How many pictures it has seen."""
        return len(self._store)

    def read(self, files: Sequence[Path]) -> tuple[Floats, Mapping[Path, str]]:
        """Return the vectors of pictures (N, D), and of which there is none and why.

        A file that is not there, or no picture, has nought.
        """
        keys: list[bytes] = []
        refused: dict[Path, str] = {}
        new: dict[bytes, bytes] = {}
        for file in files:
            try:
                content = _content(file)
                key = digest(content)
                if key not in self._store and key not in new:
                    open_picture(content)
                    new[key] = content
                keys.append(key)
            except (OSError, ValueError) as trouble:  # a name may hold what no name can
                refused[file] = getattr(trouble, "strerror", None) or str(trouble)
                keys.append(b"")
            except BadPicture as trouble:
                refused[file] = trouble.message
                keys.append(b"")
            if len(new) == AT_ONCE:
                self._look(new)
        self._look(new)
        return self._store.of(keys), refused

    def _look(self, new: dict[bytes, bytes]) -> None:
        """Look at pictures, and forget what they were."""
        if new:
            pixels = pixels_of(new.values(), size=self.encoder.size)
            self._store.add(list(new), self.encoder.read(pixels))
            new.clear()


def _content(file: Path) -> bytes:
    """Read a file that a catalogue names, if it is a file and not too large."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise BadPicture("is no file")
    if file.stat().st_size > MOST_BYTES:
        raise BadPicture(f"more than {MOST_BYTES // 1024**2} MB")
    return file.read_bytes()


def _version(encoder: PictureEncoder) -> str:
    """Return what tells a model's vectors from any other's."""
    found = hashlib.blake2b(str(encoder.size).encode(), digest_size=8)
    for name, weight in sorted(encoder.state_dict().items()):
        found.update(name.encode())
        found.update(weight.cpu().numpy().tobytes())
    return found.hexdigest()
