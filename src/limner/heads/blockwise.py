"""Answering a question from one block of columns, whatever its shape."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from limner.dataset.cuts import Window
from limner.heads.features import Block, stack_samples
from limner.heads.pooled import PairBlock
from limner.heads.stacked import StackedHead
from limner.heads.study import Sample, Study

__all__ = ["BLOCKS", "BlockAnswer", "ClasswiseAnswer", "learn_binary", "learn_classwise"]

BLOCKS = "blocks.json"
"""The file that names the modalities that an answer reads."""

MakeHead = Callable[[], StackedHead]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BlockAnswer:
    """One head for ``whether``, or one a class for ``which``, over a block of columns.

    ``names`` are the modalities that the block reads, where several were tried.
    """

    block: Block
    heads: tuple[StackedHead, ...]
    names: tuple[str, ...] = ()

    @property
    def held_out_losses(self) -> Floats:
        """How far the heads were off of each case of the validation sample, head after head."""
        return np.concatenate([head.held_out_losses_ for head in self.heads])

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Return probabilities (N,), or (N, C) for ``which``."""
        features = self.block(study, window, customers)
        answers = np.stack([head.predict(features) for head in self.heads], axis=1)
        return answers if study.question.shape == "which" else answers[:, 0]

    def save(self, folder: Path) -> None:
        """Write one folder a head: ``0``, ``1``, …; and ``blocks.json``, the modalities."""
        for place, head in enumerate(self.heads):
            head.save(folder / str(place))
        (folder / BLOCKS).write_text(json.dumps(self.names), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, block: Block, make: MakeHead) -> Self:
        """Read what :meth:`save` wrote."""
        places = sorted(int(found.name) for found in folder.iterdir() if found.is_dir())
        return cls(block, tuple(make().load(folder / str(place)) for place in places))


@dataclass(frozen=True, slots=True)
class ClasswiseAnswer:
    """One head a class, each over what is known of the customer and that class."""

    block: PairBlock
    heads: tuple[StackedHead, ...]

    def predict(self, study: Study, window: Window, customers: Ints) -> Floats:
        """Return probabilities (N, C)."""
        pairs = self.block(study, window, customers)
        return np.stack(
            [head.predict(pairs[:, place]) for place, head in enumerate(self.heads)], axis=1
        )


def learn_classwise(
    study: Study,
    train: Sequence[Sample],
    validation: Sample,
    *,
    block: PairBlock,
    make: MakeHead,
) -> ClasswiseAnswer:
    """Learn one head a class from what is known of a customer and the class.

    Parameters
    ----------
    block
        What the heads may read: (N, C, E).
    make
        Makes one head that has not learned yet.
    """
    pairs = np.concatenate([block(study, one.window, one.customers) for one in train])
    truth = np.concatenate([one.truth for one in train])
    held_out = block(study, validation.window, validation.customers)
    return ClasswiseAnswer(
        block,
        tuple(
            make().fit(
                pairs[:, place],
                truth[:, place],
                held_out[:, place],
                validation.truth[:, place],
            )
            for place in range(truth.shape[1])
        ),
    )


def learn_binary(
    study: Study,
    train: Sequence[Sample],
    validation: Sample,
    *,
    block: Block,
    make: MakeHead,
) -> BlockAnswer:
    """Learn one head for ``whether``, or one a class for ``which``.

    Parameters
    ----------
    block
        What the heads may read.
    make
        Makes one head that has not learned yet.
    """
    features, truth = stack_samples(study, train, block)
    held_out, held_out_truth = stack_samples(study, [validation], block)
    columns = truth[:, None] if truth.ndim == 1 else truth
    out_columns = held_out_truth[:, None] if held_out_truth.ndim == 1 else held_out_truth
    heads = tuple(
        make().fit(features, columns[:, place], held_out, out_columns[:, place])
        for place in range(columns.shape[1])
    )
    return BlockAnswer(block, heads)
