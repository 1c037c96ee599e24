"""Pictures near their titles, and far from those of others: contrastive pretraining without labels.

The model that sees learns, the one that reads stays: its vectors of titles are what pictures are
drawn to. Two linear maps bring both into one space.
"""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from limner import plugins
from limner.config import Config
from limner.encoders.language.texts import tidy_text
from limner.encoders.language.vector_cache import TextReader
from limner.encoders.vision.opening import LITE, open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import pixels_of
from limner.encoders.vision.writing import write_vision
from limner.errors import BadShape, NotFitted, TooFew
from limner.model import tuning
from limner.model.change import Change, WeightChange, twin
from limner.training.course import Course, LoopConfig
from limner.training.language.labelled_texts import hashed
from limner.training.language.text_lesson import batch_of_turn, turn_of
from limner.training.loop import run
from limner.training.vision.maps import Maps, first_maps, recalls
from limner.training.vision.shown import Shown

__all__ = ["ContrastConfig", "PictureTitles", "load_titles", "pretrain_pictures"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Picture = bytes | Path | str
FROZEN, TITLES_FILE, FACTS_FILE = "frozen", "titles.safetensors", "titles.json"
LOOP: Mapping[str, Any] = {"learning_rate": 3e-4, "patience": 0}
RATES = {"full": 1e-4, "top": 2e-4, "lora": 5e-4}
MOST = 2_000
"""Characters of a title that are read at most."""


class ContrastConfig(Config):
    """How a vision model learns what pictures are called."""

    base: str = LITE
    """The model to go on from: ``efficientnet-lite0``, a folder, or a name of the hub."""
    reader: str = "minilm"
    """What reads the titles and does not learn, as ``[text] encoder`` names it."""
    method: Literal["full", "top", "lora", "frozen"] = "top"
    """Which weights of the model learn; ``frozen``: only the two maps do."""
    tuning: dict[str, Any] = Field(default_factory=dict)
    """Settings of the method."""
    loop: LoopConfig = LoopConfig(**LOOP)
    """How it learns; the rate is the maps'. Steps and examinations follow ``epochs``."""
    epochs: float = Field(5.0, gt=0)
    """How often each picture teaches, a little otherwise each time."""
    examinations: int = Field(5, ge=1)
    """How often those held out examine."""
    model_rate: float | None = Field(None, gt=0)
    """The vision model's own rate; none: as suits the method."""
    batch: int = Field(64, ge=4)
    """Pictures of one batch: each is told from the titles of all others."""
    size: int | None = Field(None, ge=16)
    """The side of a picture in pixels; none: as the model was made for."""
    dim: int = Field(128, ge=2)
    """How many numbers the space has in which pictures and titles meet."""
    temperature: float = Field(0.07, gt=0)
    """Cosines are divided by it at first; it learns too."""
    held: float = Field(0.1, ge=0, lt=1)
    """The share of the titles held out with all their pictures, to examine by."""

    @field_validator("loop", mode="before")
    @classmethod
    def _gently(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was given
        return {**LOOP, **given} if isinstance(given, Mapping) else given


@dataclass(frozen=True, slots=True)
class PictureTitles:
    """A vision model that learned what pictures are called.

    Attributes
    ----------
    encoder
        The model, in its base's own form.
    maps
        Weights of the two maps, by name.
    facts
        What it was learned with.
    course
        How learning went.
    held, test
        How often the own title is among the K nearest, ``before`` and ``after``, as ``recall@K``:
        of pictures and titles held out, and of those asked; empty where there are none.
    seconds
        How long all took.
    """

    encoder: PictureEncoder
    maps: Maps
    facts: Mapping[str, Any] = field(default_factory=dict)
    course: Course | None = None
    held: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    test: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    seconds: float = 0.0

    def save(self, folder: Path, *, card: str = "") -> None:
        """Write a folder that ``open_vision`` opens, with the maps and a card beside."""
        fresh = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(fresh, ignore_errors=True)
        write_vision(self.encoder, fresh)
        weights = {
            name: each.detach().contiguous()
            for name, each in self.maps.state_dict().items()
            if not name.startswith("encoder.")
        }
        save_file(weights, fresh / TITLES_FILE)
        table = {"facts": dict(self.facts), "held": dict(self.held), "test": dict(self.test)}
        told = json.dumps(table, indent=2, ensure_ascii=False)
        (fresh / FACTS_FILE).write_text(told, encoding="utf-8")
        if card:
            (fresh / "card.md").write_text(card, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def pretrain_pictures(
    pictures: Sequence[Picture],
    titles: Sequence[object],
    reader: TextReader,
    *,
    asked: tuple[Sequence[Picture], Sequence[object]] | None = None,
    config: ContrastConfig | None = None,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> PictureTitles:
    """Let a vision model learn what pictures are called.

    The loss is the symmetric cross entropy of a batch's cosines (Radford and others 2021, figure
    3); pictures of one title are each other's too, so that truth is spread over all that bear it
    (Yang and others 2022, equation 3). The maps begin as the best linear ones upon the vectors as
    they are, which is what *before* means: a method that learns nothing ends there.

    Parameters
    ----------
    pictures
        Bytes, or paths of files (N,).
    titles
        What each is called, or said to be (N,); rows without teach nothing.
    reader
        Makes vectors (N, T) of titles.
    asked
        Pictures and titles that teach nothing, to be asked before and after; none: nobody is.
    config
        How.
    seed
        Where chance begins.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    BadShape
        If there are not as many titles as pictures.
    TooFew
        If there are fewer than four different titles.
    BadPicture, BadModel, BadConfig
        As :func:`~limner.training.vision.picture_tuning.tune_pictures` has it.
    """
    config, began = config or ContrastConfig(), time.perf_counter()
    if len(pictures) != len(titles):
        raise BadShape(f"{len(pictures)} pictures need as many titles, got {len(titles)}")
    tidy = [tidy_text(each, most=MOST) for each in titles]
    rows = [row for row, each in enumerate(tidy) if each]
    different, which = _different([tidy[row] for row in rows])
    if len(different) < 4:
        raise TooFew(
            f"{len(different)} different titles are too few to tell pictures apart by, 4 must be",
            hint="name the column of the title: --text COL",
        )
    base = PictureEncoder(open_vision(config.base, size=config.size))
    shown = Shown(pixels_of([pictures[row] for row in rows], size=base.size))
    vectors = reader.read(different)
    apart = np.array([hashed((each,), seed=seed) < config.held for each in different], bool)
    if min(apart.sum(), (~apart).sum()) < 2:
        apart[:] = False
    taught, held = np.flatnonzero(~apart[which]), np.flatnonzero(apart[which])
    steps = max(1, round(config.epochs * len(taught) / min(config.batch, len(taught))))
    change = _changed(base, config, steps=steps, seed=seed)
    maps = first_maps(
        change.model,
        shown,
        vectors,
        which,
        taught=taught,
        dim=config.dim,
        temperature=config.temperature,
    )
    lesson = _Lesson(
        maps, change, shown, vectors, which, taught=taught, held=held, config=config, seed=seed
    )
    exams = {"held": _exam(shown.take(held), which[held], vectors) if len(held) else None}
    exams["test"] = None if asked is None else _asked(*asked, reader, base.size)
    before = {name: _sat(maps, exam) for name, exam in exams.items()}
    loop = config.loop.model_copy(
        update={
            "steps": steps,
            "examine_every": max(1, steps // config.examinations),
            "save_every": steps,
        }
    )
    rates = {"": 1.0}
    if config.method != FROZEN:
        rates["encoder"] = (config.model_rate or RATES[config.method]) / loop.learning_rate
    course = run(lesson, loop, seed=seed, progress=progress, rates=rates, after=lesson.after)
    told = {
        name: {"before": before[name], "after": _sat(maps, exam)} if exam is not None else {}
        for name, exam in exams.items()
    }
    facts = {
        "base": config.base,
        "reader": config.reader,
        "method": config.method,
        "size": base.size,
        "dim": maps.sees.out_features,
        "pictures": len(rows),
        "titles": len(different),
        "titles_held_out": int(apart.sum()),
        "pictures_held_out": len(held),
        "test_pictures": 0 if exams["test"] is None else len(exams["test"].shown),
        "test_titles": 0 if exams["test"] is None else len(exams["test"].titles),
        "steps": course.best_step,
        "seed": seed,
        "config": config.model_dump(mode="json"),
    }
    encoder = change.merge().eval()
    maps.encoder = encoder
    seconds = time.perf_counter() - began
    return PictureTitles(encoder, maps.eval(), facts, course, told["held"], told["test"], seconds)


def load_titles(folder: Path) -> PictureTitles:
    """Read what :meth:`PictureTitles.save` wrote.

    Raises
    ------
    NotFitted
        If nothing learned titles there.
    BadModel
        If the folder is not whole.
    """
    if not (folder / FACTS_FILE).is_file():
        raise NotFitted(f"nothing learned titles in {folder}", hint="limner vision pretrain")
    table = json.loads((folder / FACTS_FILE).read_text(encoding="utf-8"))
    facts = table["facts"]
    encoder = PictureEncoder(open_vision(str(folder), size=facts["size"]))
    weights = load_file(folder / TITLES_FILE)
    dim, titles = weights["reads.weight"].shape
    maps = Maps(encoder, titles=titles, dim=dim, temperature=1.0)
    maps.load_state_dict(weights, strict=False)
    return PictureTitles(encoder, maps.eval(), facts, None, table["held"], table["test"])


class _Lesson:
    """Pictures and their titles teach."""

    def __init__(
        self,
        maps: Maps,
        change: Change[PictureEncoder],
        shown: Shown,
        titles: Floats,
        which: Ints,
        *,
        taught: Ints,
        held: Ints,
        config: ContrastConfig,
        seed: int,
    ) -> None:
        self.module, self.change, self.config, self.seed = maps, change, config, seed
        self.titles, self.which, self.lengths = titles, which, np.ones(len(taught), np.int64)
        self.taught, self.held = taught, held
        self.varied, self.plain = Shown(shown.pixels, varied=True), shown

    def after(self, done: int) -> None:
        """Put right what the change wants put right after a step."""
        self.change.after(done)

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the loss of a batch, and what is added to it."""
        turn = turn_of(step, draw, accumulate=self.config.loop.accumulate)
        rows = batch_of_turn(self.lengths, turn, batch=self.config.batch, seed=self.seed)
        total = self._of(self.varied, self.taught[rows])
        added = self.change.cost()
        return total if added is None else total + added

    def examine(self) -> float | None:
        """Return the mean loss of those held out, in batches that chance mixed."""
        if len(self.held) < 2:
            return None
        order = np.random.default_rng(self.seed).permutation(self.held)
        parts = [
            order[at : at + self.config.batch] for at in range(0, len(order), self.config.batch)
        ]
        parts = [part for part in parts if len(part) > 1]
        costs = [float(self._of(self.plain, part)) for part in parts]
        return float(np.average(costs, weights=[len(part) for part in parts]))

    def _of(self, shown: Shown, rows: Ints) -> Tensor:
        device = self.module.sharpness.device
        (pixels,) = shown.batch(rows)
        read = torch.from_numpy(self.titles[self.which[rows]]).to(device)
        vectors = self.module.encoder(pixels.to(device))
        near = self.module.near(self.module.seen(vectors), self.module.read(read))
        own = torch.from_numpy(self.which[rows]).to(device)
        true = (own[:, None] == own[None, :]).float()
        true = true / true.sum(
            dim=1, keepdim=True
        )  # the same both ways: it is symmetric but for this
        seen = functional.cross_entropy(near, true)
        return (seen + functional.cross_entropy(near.T, true)) / 2


def _changed(
    base: PictureEncoder, config: ContrastConfig, *, steps: int, seed: int
) -> Change[PictureEncoder]:
    if config.method == FROZEN:
        return WeightChange(twin(base).requires_grad_(requires_grad=False), {"method": FROZEN})
    way = plugins.load(tuning, config.method).read(config.tuning, where="[tuning]")
    change: Change[PictureEncoder] = way.tune(base, steps=steps, seed=seed)
    return change


@dataclass(frozen=True, slots=True)
class _Exam:
    """Pictures, the vectors of different titles, and which of these each picture has."""

    shown: Shown
    titles: Floats
    which: Ints


def _exam(shown: Shown, which: Ints, titles: Floats) -> _Exam:
    """Return an exam of these pictures among their own titles alone."""
    asked, own = np.unique(which, return_inverse=True)
    return _Exam(shown, titles[asked], own)


def _asked(
    pictures: Sequence[Picture], titles: Sequence[object], reader: TextReader, size: int
) -> _Exam:
    tidy = [tidy_text(each, most=MOST) for each in titles]
    rows = [row for row, each in enumerate(tidy) if each]
    if not rows:
        raise TooFew("no picture that is to be asked has a title")
    different, which = _different([tidy[row] for row in rows])
    shown = Shown(pixels_of([pictures[row] for row in rows], size=size))
    return _Exam(shown, reader.read(different), which)


def _sat(maps: Maps, exam: _Exam | None) -> Mapping[str, float]:
    return {} if exam is None else recalls(maps, exam.shown, exam.titles, exam.which)


def _different(titles: Sequence[str]) -> tuple[list[str], Ints]:
    """Return the different titles (M,), and which of them each row has (N,)."""
    place = {each: at for at, each in enumerate(dict.fromkeys(titles))}
    return list(place), np.array([place[each] for each in titles], np.int64)
