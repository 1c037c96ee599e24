"""A course of learning: what it needs of a lesson, how it is set, and what became of it."""

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field
from torch import Tensor, nn

from limner.config import Config

__all__ = ["Course", "Lesson", "LoopConfig"]


class Lesson(Protocol):
    """What the loop needs of that which learns."""

    @property
    def module(self) -> nn.Module:
        """Everything that has weights, the heads of the objectives too. The same at every call."""
        ...

    def loss(self, step: int, draw: int) -> Tensor:
        """Return the loss of one batch, a scalar that knows its gradient.

        Which batch it is depends on the seed, the step and the draw alone: a step has
        ``accumulate`` times the number of processes draws, from 0, and its loss is their mean.
        Torch's own chance is seeded before each call, so that dropout too depends on these three. A
        batch goes where the weights of :attr:`module` are.
        """
        ...

    def examine(self) -> float | None:
        """Return how badly it does for customers who never teach, or None if there are none.

        Lower is better. The module stands in evaluation, without gradients and in full precision,
        and torch's chance is the same each time.
        """
        ...


class LoopConfig(Config):
    """How long and how fast something learns, and when it is looked at."""

    steps: int = Field(300, ge=1)
    """Steps at most; each moves the weights once."""
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    """AdamW (Loshchilov and Hutter 2019), Adam (Kingma and Ba 2015), or descent with momentum."""
    learning_rate: float = Field(0.003, gt=0)
    """The highest rate; the schedule says which share of it is used when."""
    weight_decay: float = Field(0.01, ge=0)
    """How strongly matrices are drawn to zero; biases and gains are left alone."""
    momentum: float = Field(0.9, ge=0, lt=1)
    """How much of the last step's direction is kept; the first beta of Adam and AdamW."""
    schedule: Literal["cosine", "one_cycle", "plateau", "constant"] = "cosine"
    """How the rate falls: as half a cosine; steeply from a low start, momentum going the other way
    (Smith and Topin 2018); by half when examinations bring nothing better; or not at all."""
    warm_up: float = Field(0.1, ge=0, lt=1)
    """The share of the steps in which the rate rises."""
    clip: float = Field(1.0, ge=0)
    """The longest gradient; longer ones are shortened to it. 0: none is."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the products of matrices; weights and sums are always float32."""
    accumulate: int = Field(1, ge=1)
    """Batches whose gradients make one step, in each process: a large batch in small memory."""
    examine_every: int = Field(50, ge=1)
    """Steps from one examination to the next; there is one more at the end."""
    patience: int = Field(3, ge=0)
    """It stops when so many examinations brought nothing better; 0: it never does. With the plateau
    schedule half as many, one at least, halve the rate."""
    average: float = Field(0.0, ge=0, le=1)
    """The share of the steps, counted from the last, whose weights are averaged (Izmailov et al.
    2018). The mean is taken if it is examined no worse than the best. 0: nothing is averaged."""
    save_every: int = Field(50, ge=1)
    """Steps from one saving to the next: a run that was killed goes on from the last one."""
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    """Where it learns: cpu, cuda, cuda:1; auto takes CUDA where there is one."""


@dataclass(frozen=True, slots=True)
class Course:
    """What became of a run of learning."""

    losses: tuple[float, ...]
    """The mean loss of each step's batches, before the step."""
    examined: tuple[tuple[int, float], ...]
    """The number of steps done, and what the examination then gave."""
    rates: tuple[float, ...]
    """The learning rate of each step."""
    best_step: int
    """Steps done when the best weights stood; all of them where nobody was examined."""
    stopped: str
    """Why it ended."""
    seconds: float
    """How long it took, without the time between being killed and going on."""
    averaged: bool = False
    """Whether the weights that were left are the mean of the last steps'."""
