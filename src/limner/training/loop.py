"""The only loop: whatever learns from batches learns here, and goes on where it was killed."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from limner.errors import BadCheckpoint, BadConfig, Diverged
from limner.training import keeping
from limner.training.course import Course, Lesson, LoopConfig
from limner.training.devices import Team, gathered
from limner.training.optimisers import built, memory, remember, set_pace
from limner.training.schedules import rate_at

__all__ = ["Course", "Lesson", "LoopConfig", "run"]

_FREE = frozenset({"accumulate", "device", "save_every"})
"""What may change between being killed and going on, if the draws of a step stay as many."""


def run(
    lesson: Lesson,
    config: LoopConfig,
    *,
    seed: int = 0,
    keep: Path | None = None,
    progress: Callable[[str, float], None] | None = None,
    rates: Mapping[str, float] | None = None,
    after: Callable[[int], None] | None = None,
) -> Course:
    """Teach a lesson; its module ends with the best weights, in evaluation.

    Best are those that were examined best, or the mean of the last steps' if that was asked for and
    is examined no worse; where nobody can be examined, the last ones or their mean. The module
    computes where the settings say, and is back where it was afterwards. Only weights with
    ``requires_grad`` move and are kept; buffers are kept with them.

    Started by ``torchrun``, each process takes draws of its own and all make one step together: as
    one process does with ``accumulate`` times their number.

    Parameters
    ----------
    lesson
        What learns.
    config
        How.
    seed
        Where chance begins: the same seed gives the same weights on the same machine, with as many
        threads.
    keep
        A folder for what was learned so far: a run that was killed goes on from there, and ends
        with the weights of an unbroken one. Whoever passes it sees to it that the lesson is the
        same. None: nothing is kept.
    progress
        Is told the loss, the last examination, the speed, the time left, and the share done.
    rates
        A factor of the learning rate for all weights below a name, as ``{"model.events": 0.1}``.
    after
        Is called after each step with how many are done, while the weights have their gradients
        still. What it remembers from step to step, buffers of the module keep over a kill.

    Raises
    ------
    BadConfig
        If no weight may learn, a name of ``rates`` is above none, the device is not there, or the
        plateau schedule has nobody to examine.
    BadCheckpoint
        If the folder holds a broken file, or what was learned with other settings.
    Diverged
        If a loss, a gradient or an examination is no finite number.
    DiskFull
        If there is no room to keep what was learned.
    """
    module = lesson.module
    home = next((each.device for each in module.parameters()), torch.device("cpu"))
    team = gathered(config.device)
    with torch.random.fork_rng(devices=team.gpus):
        module.to(team.device)
        try:
            one = _Run(lesson, config, team, seed=seed, keep=keep, rates=rates or {})
            return one.learn(progress or _silent, after or _silent)
        finally:
            module.to(home)


class _Run:
    """One run: what happens at a step depends on it alone, so that it can go on anywhere."""

    def __init__(
        self,
        lesson: Lesson,
        config: LoopConfig,
        team: Team,
        *,
        seed: int,
        keep: Path | None,
        rates: Mapping[str, float],
    ) -> None:
        self.lesson, self.config, self.team, self.keep = lesson, config, team, keep
        self.module, self.seed = lesson.module, seed
        named = self.module.named_parameters()
        self.named = {name: each for name, each in named if each.requires_grad}
        self.optimiser = built(self.named, config, rates=rates)
        settings = config.model_dump(mode="json", exclude=set(_FREE))
        draws = config.accumulate * team.world
        self.settings = settings | {"draws": draws, "seed": seed, "rates": dict(rates)}
        self.losses: list[float] = []
        self.used: list[float] = []
        self.examined: list[tuple[int, float]] = []
        self.best: dict[str, Tensor] = {}
        self.mean: dict[str, Tensor] = {}
        self.meant, self.seconds = 0, 0.0

    def learn(self, progress: Callable[[str, float], None], after: Callable[[int], None]) -> Course:
        """Go through all steps, or through those that are left."""
        self._take_up()
        config, team, before, began = self.config, self.team, self.seconds, time.monotonic()
        first = saved = len(self.losses)
        self.module.train()
        for step in range(first, config.steps):
            if self._is_tired():
                break
            self._step(step)
            done = step + 1
            after(done)
            self._average(done)
            if done % config.examine_every == 0 or done == config.steps:
                self._examine(done)
            self.seconds = before + time.monotonic() - began
            if done % config.save_every == 0 or done == config.steps:
                self._save()
                saved = done
            if team.rank == 0:
                speed = (done - first) / max(self.seconds - before, 1e-9)
                progress(self._told(speed), done / config.steps)
        if saved < len(self.losses):
            self._save()
        averaged = self._settle()
        self.module.eval()
        return Course(
            losses=tuple(self.losses),
            examined=tuple(self.examined),
            rates=tuple(self.used),
            best_step=self._best_step(),
            stopped=f"nothing better in {config.patience} examinations"
            if self._is_tired()
            else "all steps are done",
            seconds=before + time.monotonic() - began,
            averaged=averaged,
        )

    def _step(self, step: int) -> None:
        """Move the weights once, by the mean gradient of this step's batches."""
        config, team = self.config, self.team
        rate = rate_at(config, step, [value for _, value in self.examined])
        set_pace(self.optimiser, config, step=step, rate=rate)
        self.optimiser.zero_grad()
        draws, losses = config.accumulate * team.world, []
        for turn in range(config.accumulate):
            draw = team.rank + team.world * turn
            torch.manual_seed(_chance(self.seed, step, draw))
            with self._precision():
                loss = self.lesson.loss(step, draw) / draws
            torch.autograd.backward(loss)
            losses.append(loss.detach().double())
        total = team.add_up(list(self.named.values()), torch.stack(losses).sum())
        gradients = [each.grad for each in self.named.values() if each.grad is not None]
        length = nn.utils.get_total_norm(gradients)
        loss_now, length_now = torch.stack([total, length.to(total)]).tolist()
        self._demand("loss", loss_now, step)
        self._demand("length of the gradient", length_now, step)
        if config.clip:
            nn.utils.clip_grads_with_norm_(self.named.values(), config.clip, length)
        self.optimiser.step()
        self.losses.append(loss_now)
        self.used.append(rate)

    @contextmanager
    def _precision(self) -> Iterator[None]:
        """Multiply matrices in half the bits, where that was asked for."""
        half = self.config.precision == "bfloat16"
        with torch.autocast(self.team.device.type, torch.bfloat16, enabled=half):
            yield

    def _demand(self, what: str, value: float, step: int) -> None:
        if not math.isfinite(value):
            raise Diverged(
                f"the {what} at step {step + 1} is {value}: learning ran away",
                hint="take a lower learning_rate, a longer warm_up or a shorter clip",
            )

    def _average(self, done: int) -> None:
        """Take the weights of a late step into their running mean."""
        if done <= self.config.steps * (1 - self.config.average):
            return
        self.meant += 1
        for name, each in self._weights().items():
            if self.meant == 1 or not each.is_floating_point():
                self.mean[name] = each.clone()
            else:
                self.mean[name].lerp_(each, 1 / self.meant)

    def _examine(self, done: int) -> None:
        """Ask of customers who never taught, and remember the weights if none were better."""
        value = self._asked(done - 1)
        if value is None:
            if self.config.schedule == "plateau":
                raise BadConfig(
                    "the plateau schedule needs an examination, but nobody can be examined",
                    hint="choose schedule = 'cosine'",
                )
            return
        self.examined.append((done, value))
        if self._best_step() == done:
            self.best = {name: each.clone() for name, each in self._weights().items()}

    def _asked(self, step: int) -> float | None:
        """Return what the first process finds, or None if nobody can be examined."""
        self.team.align(list(self._buffers().values()))
        value = None
        if self.team.rank == 0:
            taught = [each for each in self.module.modules() if each.training]
            self.module.eval()
            torch.manual_seed(_chance(self.seed))
            with torch.no_grad():
                value = self.lesson.examine()
            for each in taught:
                each.training = True
        value = self.team.agree(value)
        if value is not None:
            self._demand("examination", value, step)
        return value

    def _best_step(self) -> int:
        if not self.examined:
            return len(self.losses)
        return min(self.examined, key=lambda each: each[1])[0]

    def _is_tired(self) -> bool:
        """Whether the last examinations brought nothing better than one before them."""
        values = [value for _, value in self.examined]
        idle = len(values) - 1 - values.index(min(values)) if values else 0
        return 0 < self.config.patience <= idle

    def _settle(self) -> bool:
        """Leave the best weights in the module; return whether they are a mean."""
        if self.mean:
            self._put(self.mean)
            if not self.best:
                return True
            value = self._asked(len(self.losses) - 1)
            if value is not None and value <= min(each for _, each in self.examined):
                return True
        if self.best:
            self._put(self.best)
        return False

    def _weights(self) -> dict[str, Tensor]:
        return {name: each.detach() for name, each in (self.named | self._buffers()).items()}

    def _buffers(self) -> dict[str, Tensor]:
        """Return what the module counts beside its weights, as a running mean does."""
        lasting = self.module.state_dict().keys()
        return {name: each for name, each in self.module.named_buffers() if name in lasting}

    def _put(self, kept: Mapping[str, Tensor]) -> None:
        for name, each in self._weights().items():
            each.copy_(kept[name])

    def _told(self, speed: float) -> str:
        lately = float(np.mean(self.losses[-20:]))
        examined = f", examined {self.examined[-1][1]:.3f}" if self.examined else ""
        left = _span((self.config.steps - len(self.losses)) / speed)
        return f"loss {lately:.3f}{examined}, {speed:.1f} steps/s, {left} left"

    def _save(self) -> None:
        self.team.align(list(self._buffers().values()))
        if self.keep is not None and self.team.rank == 0:
            keeping.write(self._packed(), self.keep)

    def _packed(self) -> bytes:
        """Return all that the next step depends on."""
        parts = {
            "weight": self._weights(),
            "optimiser": memory(self.optimiser, self.named),
            "best": self.best,
            "mean": self.mean,
        }
        tensors = {f"{part}.{name}": each for part in parts for name, each in parts[part].items()}
        told = {
            "settings": self.settings,
            "losses": self.losses,
            "rates": self.used,
            "examined": self.examined,
            "meant": self.meant,
            "seconds": self.seconds,
        }
        return keeping.pack(tensors, told)

    def _take_up(self) -> None:
        """Go on from what was kept, if there is anything; all processes from the same."""
        self.team.align([each.detach() for each in self.module.parameters()])
        data = keeping.read(self.keep) if self.keep is not None and self.team.rank == 0 else None
        if self.team.world > 1:
            data = self.team.share(self._packed() if data is None else data)
        if data is None:
            return
        where = str(self.keep / keeping.FILE) if self.keep is not None else "the first process"
        tensors, told = keeping.unpack(data, where=where)
        self._check(tensors, told, where)
        self._put(_part(tensors, "weight"))
        remember(self.optimiser, self.named, _part(tensors, "optimiser"))
        self.best, self.mean = (
            {name: each.to(self.team.device) for name, each in _part(tensors, part).items()}
            for part in ("best", "mean")
        )
        self.losses, self.used = told["losses"], told["rates"]
        self.examined = [(step, value) for step, value in told["examined"]]
        self.meant, self.seconds = told["meant"], told["seconds"]

    def _check(self, tensors: Mapping[str, Tensor], told: Mapping[str, Any], where: str) -> None:
        """Refuse what another run kept."""
        hint = "give them back, or another folder; or remove the file: the run then begins anew"
        kept = told.get("settings", {})
        for name, value in self.settings.items():
            if kept.get(name) != value:
                raise BadCheckpoint(
                    f"{where} was learned with {name} {kept.get(name)}, not {value}", hint=hint
                )
        shapes = {name: each.shape for name, each in _part(tensors, "weight").items()}
        if shapes != {name: each.shape for name, each in self._weights().items()}:
            raise BadCheckpoint(f"{where} holds the weights of another model", hint=hint)


def _part(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    start = f"{part}."
    return {key[len(start) :]: each for key, each in tensors.items() if key.startswith(start)}


def _chance(*numbers: int) -> int:
    """Return a seed that numbers, and nothing else, decide."""
    positive = [number % 2**64 for number in numbers]
    return int(np.random.SeedSequence(positive).generate_state(1, np.uint64)[0])


def _span(seconds: float) -> str:
    """Return a time as somebody says it who waits."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _silent(*_: object) -> None:
    """Tell nobody."""
