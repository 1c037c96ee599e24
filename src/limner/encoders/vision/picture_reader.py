"""A vision model that remembers which pictures it has seen."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.encoders.vector_store import VectorStore, digest
from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import open_picture, pixels_of
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
                content = file.read_bytes()
                key = digest(content)
                if key not in self._store and key not in new:
                    open_picture(content)
                    new[key] = content
                keys.append(key)
            except OSError as trouble:
                refused[file] = trouble.strerror or str(trouble)
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


def _version(encoder: PictureEncoder) -> str:
    """Return what tells a model's vectors from any other's."""
    found = hashlib.blake2b(str(encoder.size).encode(), digest_size=8)
    for name, weight in sorted(encoder.state_dict().items()):
        found.update(name.encode())
        found.update(weight.cpu().numpy().tobytes())
    return found.hexdigest()
