"""Texts and what is true of them, and how some are held out to examine by."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.texts import tidy_text
from limner.errors import BadShape
from limner.heads.language.task import TextTask

__all__ = ["LabelledTexts", "hashed", "held_out"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LabelledTexts:
    """N texts, or pairs of texts, with their truth.

    Attributes
    ----------
    texts
        One or two tidy texts each (N,).
    truth
        (N, C) or (N,), as :meth:`limner.heads.language.task.TextTask.truth` has it.
    beside
        What else is known of each, such as a profile: (N, F) float32, NaN where unknown; or None.
    """

    texts: tuple[tuple[str, ...], ...]
    truth: NDArray[np.float32]
    beside: NDArray[np.float32] | None = None

    @classmethod
    def of(
        cls,
        task: TextTask,
        texts: Sequence[Sequence[object]],
        labels: Sequence[Any],
        *,
        beside: NDArray[np.float32] | None = None,
        most: int = 20_000,
    ) -> Self:
        """Tidy texts, at most ``most`` characters of each, and turn labels into truth.

        Raises
        ------
        BadShape
            If there are not as many labels as texts, or not two texts where pairs are asked.
        """
        sides = 2 if task.kind == "pair" else 1
        if any(len(row) != sides for row in texts):
            raise BadShape(
                f"{task.kind} asks {sides} text{'s' if sides > 1 else ''} a row, "
                f"got {sorted({len(row) for row in texts})}"
            )
        if len(texts) != len(labels) or (beside is not None and len(beside) != len(texts)):
            raise BadShape(f"{len(texts)} texts need as many labels, got {len(labels)}")
        tidy = tuple(tuple(tidy_text(each, most=most) for each in row) for row in texts)
        return cls(tidy, task.truth(labels), beside)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Ints) -> Self:
        """Return some of the texts."""
        return replace(
            self,
            texts=tuple(self.texts[row] for row in rows),
            truth=self.truth[rows],
            beside=None if self.beside is None else self.beside[rows],
        )

    def sides(self) -> list[list[str]]:
        """Return the first texts of all rows, and where there are pairs the second ones."""
        return [list(side) for side in zip(*self.texts, strict=True)]


def hashed(text: Sequence[str], *, seed: int) -> float:
    """Return a number in [0, 1) that depends on a text and a seed alone."""
    words = "\x1f".join(text).encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(words, digest_size=8, key=str(seed).encode()).digest()
    return int.from_bytes(digest, "big") / 2**64


def held_out(known: LabelledTexts, *, share: float, seed: int) -> tuple[Ints, Ints]:
    """Return which rows teach and which are held out; the same text never does both."""
    place = np.array([hashed(text, seed=seed) for text in known.texts])
    held = place < share
    return np.flatnonzero(~held), np.flatnonzero(held)
