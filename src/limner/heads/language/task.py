"""What is asked of a text: one class of several, any of several, a number, or how two belong."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from limner.errors import BadShape, TooFew

__all__ = ["KINDS", "Kind", "TextTask"]

Floats = NDArray[np.float64]
Kind = Literal["classify", "multilabel", "regress", "pair"]
KINDS: tuple[Kind, ...] = ("classify", "multilabel", "regress", "pair")
PARTING = "|"
"""What stands between several labels that are written into one word."""


@dataclass(frozen=True, slots=True)
class TextTask:
    """What is asked, and what its labels are.

    Attributes
    ----------
    kind
        ``classify``: one class of C; ``multilabel``: any of C; ``regress``: a number; ``pair``: how
        well two texts belong together, yes or no or a number.
    classes
        The names of the classes (C,), sorted; none where a number is asked.
    centre, scale
        Mean and standard deviation of the numbers that were learned from; models say how many
        deviations a number lies from the mean.
    """

    kind: Kind
    classes: tuple[str, ...] = ()
    centre: float = 0.0
    scale: float = 1.0

    @classmethod
    def of(cls, kind: Kind, labels: Sequence[Any]) -> Self:
        """Find classes, or the mean and spread of numbers, among labels (N,).

        Raises
        ------
        TooFew
            If all labels are the same, so that nothing can be learned.
        BadShape
            If a number is asked and a label is none, or one class and labels are lists.
        """
        if kind == "classify" and any(isinstance(each, list | tuple) for each in labels):
            raise BadShape(
                "classify knows one label a text, but these are lists", hint="--kind multilabel"
            )
        if (kind == "pair" and len({_word(each) for each in labels}) <= 2) or kind == "classify":
            kind_classes = _sorted({_word(each) for each in labels})
        elif kind == "multilabel":
            kind_classes = _sorted({one for each in labels for one in _several(each)})
        else:
            numbers = _numbers(labels)
            if len(np.unique(numbers)) < 2:
                raise TooFew("all labels are the same number, so there is nothing to learn")
            return cls(kind, (), float(numbers.mean()), float(numbers.std()))
        least = 1 if kind == "multilabel" else 2
        if len(kind_classes) < least:
            raise TooFew(
                f"labels must be of {least} classes or more, got "
                f"{', '.join(kind_classes) or 'none'}"
            )
        return cls(kind, kind_classes)

    @property
    def outputs(self) -> int:
        """How many numbers an answer has, K: one a class, or one."""
        return len(self.classes) or 1

    @property
    def alone(self) -> bool:
        """Whether one class alone is true of a text."""
        return bool(self.classes) and self.kind != "multilabel"

    def truth(self, labels: Sequence[Any]) -> NDArray[np.float32]:
        """Return labels as numbers: 0 and 1 (N, C), or standard deviations from the mean (N,).

        Raises
        ------
        BadShape
            If a label is of no known class, or no number.
        """
        if not self.classes:
            return ((_numbers(labels) - self.centre) / self.scale).astype(np.float32)
        place = {name: at for at, name in enumerate(self.classes)}
        found = np.zeros((len(labels), len(self.classes)), np.float32)
        for row, label in enumerate(labels):
            for name in _several(label) if self.kind == "multilabel" else [_word(label)]:
                if name not in place:
                    raise BadShape(
                        f"row {row + 1}: the label {name!r} is none of those that were learned: "
                        f"{', '.join(self.classes[:12])}"
                    )
                found[row, place[name]] = 1
        return found

    def answer(self, scores: NDArray[Any]) -> Floats:
        """Return probabilities (N, C) or numbers (N,) for scores before any link (N, K)."""
        if not self.classes:
            return np.asarray(scores[:, 0] * self.scale + self.centre, np.float64)
        scores = scores.astype(np.float64)
        return np.asarray(softmax(scores, axis=1) if self.alone else expit(scores))

    def names(self, answers: Floats) -> list[Any]:
        """Return the labels that answers mean: a class, all classes above one half, or a number."""
        if not self.classes:
            return [float(each) for each in answers]
        if self.alone:
            return [self.classes[at] for at in answers.argmax(axis=1)]
        return [[self.classes[at] for at in np.flatnonzero(row > 0.5)] for row in answers]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, table: dict[str, Any]) -> Self:
        """Return what :meth:`to_dict` told of."""
        return cls(table["kind"], tuple(table["classes"]), table["centre"], table["scale"])


def _word(label: object) -> str:
    """Return a label as a word; a whole number is the same with and without a dot."""
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).strip()


def _several(label: object) -> list[str]:
    if label is None:
        return []
    parts = label.split(PARTING) if isinstance(label, str) else list(label)  # type: ignore[call-overload]
    return [word for each in parts if (word := _word(each))]


def _sorted(words: set[str]) -> tuple[str, ...]:
    """Return words in order: as numbers, where all are."""
    try:
        return tuple(sorted(words, key=float))
    except ValueError:
        return tuple(sorted(words))


def _numbers(labels: Sequence[Any]) -> Floats:
    try:
        found = np.asarray([float(each) for each in labels])
    except (TypeError, ValueError) as error:
        raise BadShape(f"labels must be numbers, but: {error}") from None
    if not np.isfinite(found).all():
        raise BadShape(
            f"labels must be numbers, but row {int(np.argmin(np.isfinite(found))) + 1} is none"
        )
    return found
