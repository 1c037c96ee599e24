"""Learning what customers do from the log alone: no labels, nothing at or after the cut."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from limner.config import Config
from limner.dataset.batches import Batch
from limner.dataset.futures import Futures
from limner.dataset.ledger import Ledger
from limner.dataset.sequences import NUMBERS, Sequences, cut_sequences
from limner.dataset.vocabulary import Vocabulary, VocabularyConfig
from limner.errors import TooFew
from limner.model.behaviour import BehaviourConfig, BehaviourModel
from limner.training.objectives.future_window import FutureWindow
from limner.training.teacher import Teacher

__all__ = ["PretrainConfig", "Pretrained", "pretrain"]

SAVED_EVERY = 50
"""A run that was killed goes on from the last multiple of so many steps."""
_WARM_UP = 0.1
"""The share of the steps in which the learning rate rises."""


class PretrainConfig(Config):
    """How long and how fast the behaviour model learns."""

    steps: int = Field(300, ge=1)
    """Batches to learn from; far more learn the log by heart: docs/experiments.md."""
    customers: int = Field(64, ge=1)
    """Customers of one batch."""
    moments: int = Field(8, ge=1)
    """Moments at which each of them is looked at."""
    learning_rate: float = Field(0.003, gt=0)
    """The highest rate: it rises in a tenth of the steps, then falls as a cosine."""
    weight_decay: float = Field(0.01, ge=0)
    """Of AdamW (Loshchilov and Hutter 2019)."""
    clip: float = Field(1.0, gt=0)
    """The longest gradient; longer ones are shortened to it."""
    horizons_days: tuple[float, ...] = Field((7, 14, 30, 90), min_length=1)
    """How far ahead is looked, in days."""
    class_days: float = Field(30, gt=0)
    """How far ahead for categories, in days."""
    patience: int = Field(3, ge=1)
    """It stops when so many examinations, one every 50 steps, brought nothing better. They are of a
    tenth of the customers, who never teach; the best weights are kept."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A model, the heads it learned with, and the loss of each step."""

    model: BehaviourModel
    window: FutureWindow
    losses: tuple[float, ...]


def pretrain(
    ledger: Ledger,
    cut: datetime,
    *,
    model: BehaviourConfig | None = None,
    vocabulary: VocabularyConfig | None = None,
    config: PretrainConfig | None = None,
    seed: int = 0,
    keep: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Pretrained:
    """Learn a behaviour model from everything before a cut.

    Parameters
    ----------
    ledger
        The log as codes.
    cut
        Only events strictly before it are read; a future counts only where it ends before it.
    model, vocabulary, config
        How large it is, which names it knows, how it learns.
    seed
        Where chance begins: the same seed gives the same weights on the same machine.
    keep
        A folder for what was learned so far: a run that was killed goes on from there, and ends
        with the weights of an unbroken one. Whoever passes it sees to it that the log and the
        settings are the same. None: nothing is kept.
    progress
        Is told the loss, the speed and the share done.

    Raises
    ------
    TooFew
        If nobody was seen long enough before the cut.
    """
    config = config or PretrainConfig()
    names = Vocabulary.learn(ledger, cut, config=vocabulary)
    buckets = list(cut_sequences(ledger, names, cut))
    if not buckets:
        raise TooFew(f"the log holds no event before {cut:%Y-%m-%d}", hint="choose a later cut")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        learner = BehaviourModel(model or BehaviourConfig(), names, _edges(buckets))
        window = FutureWindow(learner.config.width, config.horizons_days)
        class_of = learner.class_of.numpy().astype(np.int64)
        teacher = Teacher(
            buckets,
            until_us=round(cut.timestamp() * 1_000_000),
            horizons_days=config.horizons_days,
            class_days=config.class_days,
            class_of=np.where(class_of < learner.classes, class_of, -1),
            classes=learner.classes,
            longest=learner.config.longest,
            seed=seed,
        )
        run = _Run(learner, window, config, keep)
        losses = run.learn(teacher, seed=seed, progress=progress or _silent)
    return Pretrained(learner.eval(), window.eval(), losses)


class _Run:
    """One run of learning: chance depends on the step alone, so that it can go on anywhere."""

    def __init__(
        self,
        learner: BehaviourModel,
        window: FutureWindow,
        config: PretrainConfig,
        keep: Path | None,
    ) -> None:
        self.whole = nn.ModuleDict({"model": learner, "window": window})
        self.learner, self.window, self.config, self.keep = learner, window, config, keep
        self.named = dict(self.whole.named_parameters())
        self.optimiser = torch.optim.AdamW(
            self.named.values(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.losses: list[float] = []
        self.examined: list[float] = []
        self.best: dict[str, Tensor] = {}

    def learn(
        self, teacher: Teacher, *, seed: int, progress: Callable[[str, float], None]
    ) -> tuple[float, ...]:
        """Go through all steps, or through those that are left; return all losses."""
        self._resume()
        config, began = self.config, time.monotonic()
        held_out = teacher.examination(customers=4 * config.customers, moments=config.moments)
        first = len(self.losses)
        self.whole.train()
        for step in range(first, config.steps):
            if self._tired():
                break
            torch.manual_seed(seed * 1_000_003 + step)
            batch, future = teacher.draw(step, customers=config.customers, moments=config.moments)
            for group in self.optimiser.param_groups:
                group["lr"] = config.learning_rate * _rate((step + 0.5) / config.steps)
            loss = self.window(self.learner, batch, self.learner.vectors(batch), future)
            self.optimiser.zero_grad(set_to_none=False)
            loss.backward()
            nn.utils.clip_grad_norm_(self.named.values(), config.clip)
            self.optimiser.step()
            self.losses.append(float(loss.detach()))
            speed = (step + 1 - first) / max(time.monotonic() - began, 1e-9)
            lately = float(np.mean(self.losses[-20:]))
            progress(f"loss {lately:.3f}, {speed:.1f} steps/s", (step + 1) / config.steps)
            if (step + 1) % SAVED_EVERY == 0 or step + 1 == config.steps:
                self._examine(held_out)
                self._save()
        for name, weights in self.best.items():
            self.named[name].data.copy_(weights)
        return tuple(self.losses)

    def _examine(self, held_out: Sequence[tuple[Batch, Futures]]) -> None:
        """Ask of customers who never taught, and remember the weights if none were better."""
        if not held_out:
            return
        self.whole.eval()
        with torch.no_grad():
            found = []
            for batch, future in held_out:
                vectors = self.learner.vectors(batch)
                terms = self.window.terms(self.learner, batch, vectors, future)
                found.append(float(terms.sum()))
        self.whole.train()
        self.examined.append(float(np.mean(found)))
        if self.examined[-1] <= min(self.examined):
            self.best = {name: each.detach().clone() for name, each in self.named.items()}

    def _tired(self) -> bool:
        """Whether the last examinations brought nothing better than one before them."""
        late = self.examined[-self.config.patience :]
        before = self.examined[: -self.config.patience]
        return bool(before) and min(late) > min(before)

    def _save(self) -> None:
        """Keep weights, moments of the gradient and losses in one file, whole or not at all."""
        if self.keep is None:
            return
        self.keep.mkdir(parents=True, exist_ok=True)
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.named.items():
            tensors[f"weight.{name}"] = parameter.detach()
            for key, value in self.optimiser.state[parameter].items():
                tensors[f"{key}.{name}"] = value
        tensors |= {f"best.{name}": weights for name, weights in self.best.items()}
        told = {"losses": json.dumps(self.losses), "examined": json.dumps(self.examined)}
        fresh = self.keep / "learning.new"
        save_file(tensors, fresh, metadata=told)
        fresh.replace(self.keep / "learning.safetensors")

    def _resume(self) -> None:
        """Take up what :meth:`_save` kept, if there is anything."""
        file = self.keep / "learning.safetensors" if self.keep is not None else None
        if file is None or not file.is_file():
            return
        kept = load_file(file)
        for name, parameter in self.named.items():
            parameter.data.copy_(kept[f"weight.{name}"])
            keys = [key for key in ("step", "exp_avg", "exp_avg_sq") if f"{key}.{name}" in kept]
            self.optimiser.state[parameter] = {key: kept[f"{key}.{name}"] for key in keys}
        with file.open("rb") as opened:
            header = json.loads(opened.read(int.from_bytes(opened.read(8), "little")))
        self.losses = json.loads(header["__metadata__"]["losses"])
        self.examined = json.loads(header["__metadata__"]["examined"])
        self.best = {name: kept[f"best.{name}"] for name in self.named if f"best.{name}" in kept}


def _rate(share: float) -> float:
    """Return the share of the highest learning rate: a straight rise, then half a cosine."""
    if share < _WARM_UP:
        return share / _WARM_UP
    return float(0.5 * (1 + np.cos(np.pi * (share - _WARM_UP) / (1 - _WARM_UP))))


def _edges(buckets: Sequence[Sequences], *, steps: int = 16) -> dict[str, NDArray[np.float32]]:
    """Return the quantiles of each number of an event, over all events."""
    edges = {}
    for place, name in enumerate(NUMBERS):
        values = np.concatenate([one.numbers[:, place] for one in buckets])
        values = values[np.isfinite(values)]
        if not len(values):
            values = np.array([0.0, 1.0], np.float32)
        found = np.unique(np.quantile(values, np.linspace(0, 1, steps + 1)).astype(np.float32))
        edges[name] = found if len(found) > 1 else np.array([found[0], found[0] + 1], np.float32)
    return edges


def _silent(what: str, share: float) -> None:
    """Tell nobody."""
