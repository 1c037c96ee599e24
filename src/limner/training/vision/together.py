"""Pictures and what is written of them: each answers, and rows that taught neither weigh both.

This is late fusion: a model that sees and a model that reads learn apart, and stacking with one
weight each (Wolpert 1992) joins their scores. So either answers alone where the other is missing.
"""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from limner.encoders.language.opening import open_language
from limner.encoders.language.texts import tidy_text
from limner.errors import BadShape, NotFitted, TooFew
from limner.heads.language.blend import Blend
from limner.heads.language.task import TextTask
from limner.training.language.finetuning import finetune_texts
from limner.training.language.labelled_texts import LabelledTexts, hashed
from limner.training.language.text_config import FROZEN, TextFinetuneConfig
from limner.training.language.tuned_text import TunedText, load_tuned_text
from limner.training.vision.picture_tuning import (
    Picture,
    PictureTuneConfig,
    TunedPictures,
    load_tuned_pictures,
    tune_pictures,
)

__all__ = ["TOGETHER_FILE", "TunedTogether", "load_tuned_together", "tune_together"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
TOGETHER_FILE, TEXT_FOLDER = "together.json", "text"
HELD = 0.2
"""The share of the texts whose rows teach neither, and weigh both."""
LEAST_HELD = 40
"""Two weights are not learned from fewer rows."""
MOST = 20_000
"""Characters of a text that are read at most."""


@dataclass(frozen=True, slots=True)
class TunedTogether:
    """A model that sees and one that reads, and how they are weighed.

    Attributes
    ----------
    pictures, texts
        Either answers alone.
    blend
        A weight each; set where a row has both.
    held_out
        How many rows weighed them.
    seconds
        How long learning took.
    """

    pictures: TunedPictures
    texts: TunedText
    blend: Blend
    held_out: int = 0
    seconds: float = 0.0

    @property
    def task(self) -> TextTask:
        """What is asked."""
        return self.pictures.task

    def predict(self, pictures: Sequence[Picture], texts: Sequence[object]) -> NDArray[np.float64]:
        """Answer for pictures with what is written of them: probabilities (N, C), or numbers (N,).

        Where nothing is written, the picture answers alone.

        Raises
        ------
        BadShape
            If there are not as many texts as pictures.
        BadPicture
            If a picture cannot be opened.
        """
        return self.task.answer(self.join(self.readings(pictures, texts), texts))

    def readings(self, pictures: Sequence[Picture], texts: Sequence[object]) -> list[Floats]:
        """Return the scores (N, K) of the pictures, and of the texts."""
        if len(texts) != len(pictures):
            raise BadShape(f"{len(pictures)} pictures need as many texts, got {len(texts)}")
        seen = self.pictures.scores(pictures)
        return [seen, np.asarray(_said(self.texts, _tidy(texts)), np.float32)]

    def join(self, readings: Sequence[Floats], texts: Sequence[object]) -> NDArray[np.float64]:
        """Return the scores (N, K) that both come to; the picture's where nothing is written."""
        written = np.array([bool(each) for each in _tidy(texts)], bool)
        alone = np.asarray(readings[0], np.float64)
        return np.where(written[:, None], self.blend(readings), alone)

    def save(self, folder: Path) -> None:
        """Write both parts and their weights, whole or not at all."""
        fresh = folder.with_name(f".{folder.name}.both")
        self.pictures.save(fresh)
        self.texts.save(fresh / TEXT_FOLDER)
        table = {
            "weights": self.blend.weights_.tolist(),
            "held_out": self.held_out,
            "seconds": round(self.seconds, 1),
        }
        (fresh / TOGETHER_FILE).write_text(json.dumps(table, indent=2), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def tune_together(
    task: TextTask,
    pictures: Sequence[Picture],
    texts: Sequence[object],
    truth: Floats,
    *,
    config: PictureTuneConfig | None = None,
    text_config: TextFinetuneConfig | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> TunedTogether:
    """Tune a model that sees, one that reads, and weigh them.

    A fifth of the different texts is set apart with all their rows, so that no text that weighs has
    taught; a class that would have nobody left to teach it keeps its rows. The model that sees does
    not learn from them; the one that reads learns twice, the second time from all texts. A text
    that stands beside many pictures teaches once.

    Parameters
    ----------
    task
        What is asked.
    pictures, texts
        What is seen and what is written of it (N,); a text may be empty.
    truth
        As :meth:`~limner.heads.language.task.TextTask.truth` has it.
    config
        How the model that sees learns.
    text_config
        How the one that reads does; none: its vectors stay as they are.
    seed
        Where chance begins.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    BadShape
        If there are not as many texts as pictures.
    TooFew
        If too few rows have a text to weigh by.
    BadPicture, BadModel, BadConfig
        As :func:`~limner.training.vision.picture_tuning.tune_pictures` has it.
    """
    began = time.perf_counter()
    text_config = text_config or TextFinetuneConfig(method=FROZEN)
    if len(texts) != len(pictures):
        raise BadShape(f"{len(pictures)} pictures need as many texts, got {len(texts)}")
    written = _tidy(texts)
    taught, held = set_apart(written, truth, seed=seed)
    if len(held) < LEAST_HELD:
        raise TooFew(
            f"{len(held)} rows with a text could be set apart, {LEAST_HELD} must weigh pictures "
            "and texts at least",
            hint="give more rows with a text, or leave --text out",
        )
    seen = tune_pictures(
        task, pictures, truth, config=config, seed=seed, apart=held, progress=progress
    )
    opened = open_language(text_config.base)

    def read(rows: Ints) -> TunedText:
        known = _different([written[row] for row in rows], truth[rows])
        return finetune_texts(task, known, config=text_config, seed=seed, opened=opened)

    first = read(np.array([row for row in taught if written[row]], np.int64))
    told = [
        seen.scores([pictures[row] for row in held]),
        np.asarray(_said(first, [written[row] for row in held]), np.float32),
    ]
    blend = Blend(task).fit(told, truth[held])
    everybody = read(np.flatnonzero([bool(each) for each in written]))
    return TunedTogether(seen, everybody, blend, len(held), time.perf_counter() - began)


def load_tuned_together(folder: Path) -> TunedTogether:
    """Read what :meth:`TunedTogether.save` wrote.

    Raises
    ------
    NotFitted
        If no pictures and texts were tuned there.
    BadModel
        If a base is another one than was tuned, or is not there.
    """
    if not (folder / TOGETHER_FILE).is_file():
        raise NotFitted(
            f"no pictures and texts were tuned in {folder}",
            hint="limner vision finetune --text COL",
        )
    table = json.loads((folder / TOGETHER_FILE).read_text(encoding="utf-8"))
    pictures = load_tuned_pictures(folder)
    blend = Blend(pictures.task)
    blend.weights_ = np.asarray(table["weights"], np.float64)
    texts = load_tuned_text(folder / TEXT_FOLDER)
    return TunedTogether(pictures, texts, blend, table["held_out"], table["seconds"])


def set_apart(texts: Sequence[str], truth: Floats, *, seed: int) -> tuple[Ints, Ints]:
    """Return which rows teach, and which are set apart, all of a text together.

    Rows without a text teach. Those of a class that would have nobody left teach too.
    """
    held = np.array([bool(each) and hashed((each,), seed=seed) < HELD for each in texts], bool)
    if truth.ndim == 2:
        true = truth > 0.5
        for at in np.flatnonzero(true.any(axis=0) & ~(true & ~held[:, None]).any(axis=0)):
            back = {texts[row] for row in np.flatnonzero(true[:, at]).tolist()}
            held &= ~np.array([each in back for each in texts], bool)
    return np.flatnonzero(~held), np.flatnonzero(held)


def _different(texts: Sequence[str], truth: Floats) -> LabelledTexts:
    """Return every text once with each truth that it has."""
    marks = [(each, row.tobytes()) for each, row in zip(texts, truth, strict=True)]
    first = {mark: at for at, mark in reversed(list(enumerate(marks)))}
    rows = sorted(first.values())
    known = tuple((texts[row],) for row in rows)
    return LabelledTexts(known, truth[rows])


def _said(reader: TunedText, texts: Sequence[str]) -> NDArray[np.float64]:
    return reader.blend(reader.readings([(each,) for each in texts]))


def _tidy(texts: Sequence[object]) -> list[str]:
    return [tidy_text(each, most=MOST) for each in texts]
