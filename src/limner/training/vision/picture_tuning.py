"""Fine-tuning a vision model for what is asked of pictures."""

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from safetensors.torch import load_file, save_file

from limner import plugins
from limner.config import Config
from limner.encoders.vision.opening import LITE, open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import pixels_of
from limner.errors import BadModel, NotFitted, TooFew
from limner.heads.language.task import TextTask
from limner.model import tuning
from limner.model.change import Change, WeightChange, trained_weights, twin
from limner.training import losses
from limner.training.course import LoopConfig
from limner.training.language.first_text_head import first_head
from limner.training.language.text_lesson import Read, TextLesson
from limner.training.language.text_model import TextModel, features_of
from limner.training.language.tuned_text import weights_digest
from limner.training.loop import run
from limner.training.vision.shown import Shown

__all__ = ["PictureTuneConfig", "TunedPictures", "load_tuned_pictures", "tune_pictures"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Picture = bytes | Path | str
FROZEN = "frozen"
LOOP: Mapping[str, Any] = {"learning_rate": 1e-3, "patience": 0}
RATES = {"full": 2e-4, "top": 5e-4, "lora": 1e-3, "adalora": 2e-3, "adapter": 1e-3}
LEAST_HELD = 20


class PictureTuneConfig(Config):
    """How a vision model is tuned for pictures."""

    base: str = LITE
    """The model: ``efficientnet-lite0``, a folder, or a name of Hugging Face's hub."""
    method: Literal["full", "top", "lora", "adalora", "adapter", "frozen"] = "full"
    """Which weights learn; a network of convolutions has no layers for lora and adapters."""
    tuning: dict[str, Any] = Field(default_factory=dict)
    """Settings of the method."""
    loss_settings: dict[str, Any] = Field(default_factory=dict)
    """Settings of the loss, such as ``smoothing``."""
    loop: LoopConfig = LoopConfig(**LOOP)
    """How it learns; the rate is the head's. Steps and examinations follow ``epochs``."""
    epochs: float = Field(12.0, gt=0)
    """How often each picture teaches, a little otherwise each time."""
    examinations: int = Field(6, ge=1)
    """How often those held out examine."""
    model_rate: float | None = Field(None, gt=0)
    """The vision model's own rate; none: as suits the method."""
    batch: int = Field(32, ge=2)
    """Pictures of one batch."""
    size: int | None = Field(None, ge=16)
    """The side of a picture in pixels; none: as the model was made for."""
    taught_size: int | None = Field(None, ge=16)
    """The side of the parts of pictures that teach; none: as ``size``. A fifth less takes two
    thirds of the time, and things then look as large as they do when it answers."""
    mirrored: bool = True
    """Whether it looks at each picture and its mirror image and answers by both; twice the time."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """The share of what the head reads that is dropped while learning."""
    held: float = Field(0.1, ge=0, lt=1)
    """The share of the pictures held out, to say when to stop."""

    @field_validator("loop", mode="before")
    @classmethod
    def _gently(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was given
        return {**LOOP, **given} if isinstance(given, Mapping) else given


@dataclass(frozen=True, slots=True)
class TunedPictures:
    """A vision model that was tuned for a task.

    Attributes
    ----------
    task
        What is asked.
    whole, change
        The changed model with its head, and the change alone.
    facts
        What it was learned with, and of which base.
    seconds
        How long learning took.
    """

    task: TextTask
    whole: TextModel
    change: Change[PictureEncoder]
    facts: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def encoder(self) -> PictureEncoder:
        """What makes a vector of a picture, as it is now."""
        return cast("PictureEncoder", self.whole.encoder)

    @property
    def trained(self) -> int:
        """How many weights of model and head learned."""
        return sum(each.numel() for each in trained_weights(self.whole).values())

    @property
    def weights(self) -> int:
        """How many weights model and head have."""
        return sum(each.numel() for each in self.whole.parameters())

    def predict(self, pictures: Sequence[Picture]) -> NDArray[np.float64]:
        """Answer for pictures: probabilities (N, C), or numbers (N,).

        Raises
        ------
        BadPicture
            If one cannot be opened.
        """
        return self.task.answer(self.scores(pictures))

    def scores(self, pictures: Sequence[Picture]) -> Floats:
        """Return the scores of pictures before any link (N, K).

        Raises
        ------
        BadPicture
            If one cannot be opened.
        """
        shown = Shown(pixels_of(pictures, size=self.encoder.size))
        said = Read((shown,), None, np.zeros(len(shown), np.float32)).scores(self.whole, part=32)
        if not self.mirrored:
            return said
        other = Read((shown.mirrored(),), None, np.zeros(len(shown), np.float32))
        return np.asarray((said + other.scores(self.whole, part=32)) / 2, np.float32)

    @property
    def mirrored(self) -> bool:
        """Whether it looks at each picture and its mirror image."""
        return bool(self.facts.get("config", {}).get("mirrored", False))

    def save(self, folder: Path) -> None:
        """Write the change, the head and ``config.json``, whole or not at all."""
        fresh = folder.with_name(f".{folder.name}.part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        self.change.save(fresh / "change")
        state = self.whole.state_dict()
        buffers = {
            name: each.contiguous()
            for name, each in state.items()
            if "running_" in name or name.endswith("num_batches_tracked")
        }
        head = {name: state[name].contiguous() for name in ("head.weight", "head.bias")}
        save_file({**head, **buffers}, fresh / "head.safetensors")
        table = {
            "task": self.task.to_dict(),
            "facts": dict(self.facts),
            "seconds": round(self.seconds, 1),
            "trained": self.trained,
        }
        text = json.dumps(table, indent=2, ensure_ascii=False)
        (fresh / "config.json").write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)


def tune_pictures(
    task: TextTask,
    pictures: Sequence[Picture],
    truth: Floats,
    *,
    config: PictureTuneConfig | None = None,
    seed: int = 0,
    apart: Ints | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> TunedPictures:
    """Tune a copy of a vision model, after its head was fitted upon the vectors as they are.

    Parameters
    ----------
    task
        What is asked.
    pictures
        Bytes, or paths of files (N,).
    truth
        As :meth:`~limner.heads.language.task.TextTask.truth` has it.
    config
        How.
    seed
        Where chance begins.
    apart
        Which rows are held out; none: chance says.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    BadPicture
        If a picture cannot be opened.
    BadModel
        If there is no such base.
    BadConfig
        If the method cannot tune this model.
    TooFew
        If all are true of the same.
    """
    config, began = config or PictureTuneConfig(), time.perf_counter()
    if len(truth) < 2 or len(np.unique(truth, axis=0)) < 2:
        raise TooFew("the same is true of every picture, so there is nothing to learn")
    opened = open_vision(config.base, size=config.size)
    base = PictureEncoder(opened)
    shown = Shown(pixels_of(pictures, size=base.size))
    if apart is None:
        taught, held = _held_out(truth, config.held, seed)
    else:
        taught, held = np.setdiff1d(np.arange(len(truth)), apart), apart
    steps, best = max(1, round(config.epochs * len(taught) / min(config.batch, len(taught)))), 0
    change = _changed(base, config, steps=steps, seed=seed)
    whole = _with_head(task, change.model, shown, truth, taught=taught, held=held, config=config)
    if config.method != FROZEN:
        settings = {} if task.classes else {"logarithm": False}
        loss = plugins.load(losses, _loss_of(task)).read(
            {**settings, **config.loss_settings}, where="[loss_settings]"
        )
        teaching = shown.take(taught, varied=True, side=config.taught_size)
        lesson = TextLesson(
            whole,
            cast("Change[Any]", change),
            cost=loss,
            task=task,
            taught=Read((teaching,), None, truth[taught]),
            held=Read((shown.take(held),), None, truth[held]) if len(held) else None,
            batch=config.batch,
            seed=seed,
            accumulate=config.loop.accumulate,
        )
        loop = config.loop.model_copy(
            update={
                "steps": steps,
                "examine_every": max(1, steps // config.examinations),
                "save_every": steps,
            }
        )
        rates = {"": 1.0}
        if trained_weights(change.model):
            rate = config.model_rate or RATES[config.method]
            rates["encoder"] = rate / loop.learning_rate
        course = run(lesson, loop, seed=seed, progress=progress, rates=rates, after=lesson.after)
        best = course.best_step
    facts = {
        "base": opened.name,
        "base_digest": weights_digest(base),
        "size": base.size,
        "method": config.method,
        "tuning": config.tuning,
        "config": config.model_dump(mode="json"),
        "pictures": len(shown),
        "held_out": len(held),
        "steps": best,
        "seed": seed,
    }
    return TunedPictures(task, whole.eval(), change, facts, time.perf_counter() - began)


def load_tuned_pictures(folder: Path) -> TunedPictures:
    """Read what :meth:`TunedPictures.save` wrote, upon its base.

    Raises
    ------
    NotFitted
        If nothing was tuned there.
    BadModel
        If the base is another one than was tuned, or is not there.
    """
    if not (folder / "config.json").is_file():
        raise NotFitted(f"nothing was tuned in {folder}", hint="limner vision finetune")
    table = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "facts" not in table:  # a model that only learned to see
        raise NotFitted(
            f"{folder} holds no tuned model", hint=f"limner vision finetune --base {folder} …"
        )
    facts, task = table["facts"], TextTask.from_dict(table["task"])
    if "size" not in facts:
        raise NotFitted(f"{folder} holds no vision model", hint="limner language predict")
    base = PictureEncoder(open_vision(facts["base"], size=facts["size"]))
    if weights_digest(base) != facts["base_digest"]:
        raise BadModel(f"{folder} was tuned from another model than {facts['base']} is now")
    config = PictureTuneConfig.read(facts["config"])
    change = _changed(base, config, steps=max(1, facts["steps"]), seed=facts["seed"])
    change.load(folder / "change")
    whole = TextModel(change.model, sides=1, columns=0, outputs=task.outputs, dropout=0.0)
    whole.load_head(load_file(folder / "head.safetensors"))
    return TunedPictures(task, whole.eval(), change, facts, table["seconds"])


def _held_out(truth: Floats, share: float, seed: int) -> tuple[Ints, Ints]:
    """Return who teaches and who is held out; nobody, where these would be few."""
    order = np.random.default_rng(seed).permutation(len(truth))
    count = round(share * len(truth))
    if count < LEAST_HELD:
        return np.sort(order), order[:0]
    return np.sort(order[count:]), np.sort(order[:count])


def _changed(
    base: PictureEncoder, config: PictureTuneConfig, *, steps: int, seed: int
) -> Change[PictureEncoder]:
    if config.method == FROZEN:
        return WeightChange(twin(base).requires_grad_(requires_grad=False), {"method": FROZEN})
    way = plugins.load(tuning, config.method).read(config.tuning, where="[tuning]")
    change: Change[PictureEncoder] = way.tune(base, steps=steps, seed=seed)
    return change


def _with_head(
    task: TextTask,
    encoder: PictureEncoder,
    shown: Shown,
    truth: Floats,
    *,
    taught: Ints,
    held: Ints,
    config: PictureTuneConfig,
) -> TextModel:
    """Return the encoder with the best linear head upon its vectors as they are."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        whole = TextModel(encoder, sides=1, columns=0, outputs=task.outputs, dropout=config.dropout)
    features = _features(encoder, shown)
    if config.mirrored:
        # Those held out are told by the mean of both, as the head will be asked.
        other, count = _features(encoder, shown.mirrored()), len(features)
        both = np.concatenate([features, other])
        both[held] = (features[held] + other[held]) / 2
        features, truth = both, np.concatenate([truth, truth])
        taught = np.concatenate([taught, taught + count])
    weights, shift = first_head(task, features, truth, taught=taught, held=held)
    with torch.no_grad():
        whole.head.weight.copy_(torch.from_numpy(weights))
        whole.head.bias.copy_(torch.from_numpy(shift))
    return whole


def _features(encoder: PictureEncoder, shown: Shown) -> Floats:
    told = features_of([torch.from_numpy(encoder.read(shown.pixels))], None)
    return np.asarray(told.numpy(), np.float32)


def _loss_of(task: TextTask) -> str:
    if not task.classes:
        return "squared"
    return "multi_class" if task.alone else "binary"
