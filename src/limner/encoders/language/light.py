"""Texts as vectors without torch: a graph that ONNX Runtime runs, or a table of tokens."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.texts import tidy_texts
from limner.errors import MissingExtra, NotFitted

__all__ = ["ENCODER_FILE", "GRAPH_FILE", "TABLE_FILE", "LightEncoder", "version_of"]

Floats = NDArray[np.float32]
ENCODER_FILE, GRAPH_FILE, TABLE_FILE = "encoder.json", "model.onnx", "table.npz"


class LightEncoder:
    """A vector a text, as the model that was made light gives it, or nearly.

    Parameters
    ----------
    folder
        What a compression wrote: ``encoder.json``, ``tokenizer.json`` and ``model.onnx`` or
        ``table.npz``.
    threads
        Processors that work on one call, each on other texts; 0: all.

    Attributes
    ----------
    version
        Tells its vectors from any other encoder's.
    width
        The length of a vector, D.

    Raises
    ------
    NotFitted
        If there is nothing in the folder.
    MissingExtra
        If tokenizers or onnxruntime are not installed.
    """

    def __init__(self, folder: Path, *, threads: int = 0) -> None:
        if not (folder / ENCODER_FILE).is_file():
            raise NotFitted(
                f"there is no light encoder in {folder}", hint="limner language compress"
            )
        try:
            from tokenizers import Tokenizer  # noqa: PLC0415 - asked for when one is opened
        except ImportError:
            raise MissingExtra("a light encoder", "tokenizers", "language") from None
        self.version = version_of(folder)
        facts = json.loads((folder / ENCODER_FILE).read_text(encoding="utf-8"))
        self.width, self.longest, self.padding = (
            int(facts[name]) for name in ("width", "longest", "padding")
        )
        self._threads = threads or os.cpu_count() or 1
        self._cut = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._cut.no_padding()
        self._cut.enable_truncation(self.longest)
        self._graph: Any = None
        self._table: Floats | None = None
        self._onto: Floats | None = None
        if (folder / GRAPH_FILE).is_file():
            self._graph = _session(folder / GRAPH_FILE)
        else:
            with np.load(folder / TABLE_FILE, allow_pickle=False) as arrays:
                self._table = arrays["table"].astype(np.float32)
                self._onto = arrays["onto"]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Open what lies in a folder."""
        return cls(folder)

    def read(self, texts: Sequence[object], *, part: int = 16) -> Floats:
        """Return the vectors of texts (N, D); ``part`` of like length are read at once.

        Many at once are no faster, since all are as long as the longest of them, and in 8 bits
        share one scale.
        """
        rows = [each.ids or [self.padding] for each in self._cut.encode_batch(tidy_texts(texts))]
        if self._table is not None:
            return self._sums(rows)
        found = np.zeros((len(rows), self.width), np.float32)
        lengths = np.array([len(row) for row in rows], np.int64)
        order = np.argsort(-lengths, kind="stable")  # the long ones first: the last are soon done

        def run(some: NDArray[np.int64]) -> None:
            held = np.arange(lengths[some].max()) < lengths[some][:, None]
            numbers = np.full(held.shape, self.padding, np.int64)
            numbers[held] = np.concatenate([rows[row] for row in some])
            (found[some],) = self._graph.run(
                None, {"numbers": numbers, "held": held.astype(np.int64)}
            )

        pieces = [order[at : at + part] for at in range(0, len(order), part)]
        if len(pieces) < 2 or self._threads == 1:
            for piece in pieces:
                run(piece)
        else:
            with ThreadPoolExecutor(min(self._threads, len(pieces))) as pool:
                list(pool.map(run, pieces))  # raises what any of them raised
        return found

    def _sums(self, rows: Sequence[Sequence[int]]) -> Floats:
        """Return the mean of the rows of a table that a text's tokens name, in the full space."""
        assert self._table is not None
        assert self._onto is not None
        if not len(rows):
            return np.zeros((0, self.width), np.float32)
        lengths = np.array([len(row) for row in rows])
        starts = np.cumsum(lengths) - lengths
        flat = self._table[np.fromiter((each for row in rows for each in row), np.int64)]
        means = np.add.reduceat(flat, starts, axis=0) / lengths[:, None]
        with_one = np.concatenate([means, np.ones((len(means), 1), np.float32)], axis=1)
        return np.asarray(with_one @ self._onto, np.float32)


def version_of(folder: Path) -> str:
    """Return a word that tells the vectors of one folder from any other's."""
    digest = hashlib.blake2b(digest_size=8)
    for name in (ENCODER_FILE, "tokenizer.json", GRAPH_FILE, TABLE_FILE):
        if (folder / name).is_file():
            digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _session(file: Path) -> Any:  # noqa: ANN401 - of onnxruntime
    try:
        import onnxruntime  # noqa: PLC0415 - a table needs none
    except ImportError:
        raise MissingExtra("a light encoder", "onnxruntime", "onnx") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # threads that share one matrix wait more than they compute
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
