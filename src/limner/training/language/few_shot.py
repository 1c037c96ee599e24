"""Drawing texts of one class together before a head is fitted, for few labels.

The manner is SetFit's (Tunstall and others 2022, arXiv 2209.11055); in place of pairs each text
meets a whole batch (supervised contrast, Khosla and others 2020, equation 2).
"""

from collections.abc import Callable

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from limner import plugins
from limner.config import Config
from limner.errors import BadConfig
from limner.model import tuning
from limner.model.change import Change
from limner.training.course import LoopConfig
from limner.training.language.text_lesson import Read
from limner.training.loop import run

__all__ = ["FewShotConfig", "contrast_of_classes", "learn_few_shot"]


class FewShotConfig(Config):
    """How texts of one class are drawn together."""

    steps: int = Field(150, ge=1)
    """Batches that teach."""
    classes: int = Field(16, ge=2)
    """Classes of a batch at most."""
    each: int = Field(3, ge=2)
    """Texts of each, drawn again where a class has fewer."""
    rate: float = Field(5e-5, gt=0)
    """The learning rate."""
    temperature: float = Field(0.1, gt=0)
    """Cosines are divided by it: the smaller, the more the nearest of other classes count."""


def learn_few_shot(
    base: nn.Module,
    read: Read,
    *,
    config: FewShotConfig,
    seed: int,
    progress: Callable[[str, float], None] | None,
) -> Change[nn.Module]:
    """Return a copy of an encoder that has drawn the texts of each class together.

    Raises
    ------
    BadConfig
        If no classes are asked of which one is true, or of pairs of texts.
    """
    if read.truth.ndim != 2 or len(read.sides) != 1 or not np.all(read.truth.sum(axis=1) == 1):
        raise BadConfig(
            "fewshot draws texts of one class together, so it needs one class a text",
            hint="method = 'lora'",
        )
    change = plugins.load(tuning, "full")().tune(base, steps=config.steps, seed=seed)
    lesson = _Contrast(change.model, read, config, seed)
    loop = LoopConfig(
        steps=config.steps,
        learning_rate=config.rate,
        precision="bfloat16",
        examine_every=config.steps,
        save_every=config.steps,
        patience=0,
    )
    run(lesson, loop, seed=seed, progress=progress)
    learned: Change[nn.Module] = change
    return learned


class _Contrast:
    """A lesson: batches of some classes with some texts of each."""

    def __init__(self, module: nn.Module, read: Read, config: FewShotConfig, seed: int) -> None:
        self.module, self.read, self.config, self.seed = module, read, config, seed
        right = read.truth.argmax(axis=1)
        self.rows = [np.flatnonzero(right == one) for one in np.unique(right)]

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the contrast of a batch."""
        rng, config = np.random.default_rng([self.seed, step, draw]), self.config
        count = min(config.classes, len(self.rows))
        chosen = rng.choice(len(self.rows), count, replace=False)
        rows = [
            rng.choice(self.rows[at], config.each, replace=len(self.rows[at]) < config.each)
            for at in chosen
        ]
        numbers, held = self.read.sides[0].batch(np.concatenate(rows))
        device = next(self.module.parameters()).device
        vectors = self.module(numbers.to(device), held.to(device))
        classes = torch.arange(count, device=device).repeat_interleave(config.each)
        return contrast_of_classes(vectors.float(), classes, temperature=config.temperature)

    def examine(self) -> float | None:
        """Return None: with few labels all teach."""
        return None


def contrast_of_classes(vectors: Tensor, classes: Tensor, *, temperature: float) -> Tensor:
    """Return how much likelier each finds those of other classes than its own, on average.

    Parameters
    ----------
    vectors
        (B, D), of any length.
    classes
        Whole numbers (B,); each class has two texts at least.
    temperature
        Cosines are divided by it.
    """
    unit = functional.normalize(vectors, dim=1)
    near = unit @ unit.T / temperature
    own = torch.eye(len(near), dtype=torch.bool, device=near.device)
    near = near.masked_fill(own, -torch.inf)
    alike = (classes.unsqueeze(0) == classes.unsqueeze(1)) & ~own
    chance = near.log_softmax(dim=1).masked_fill(~alike, 0.0)
    return -(chance.sum(dim=1) / alike.sum(dim=1).clamp(min=1)).mean()
