"""How fast it learns at a step: a share of the highest rate, from the step and the examinations."""

import math
from collections.abc import Sequence

from limner.training.course import LoopConfig

__all__ = ["momentum_at", "rate_at"]

_FIRST, _LAST = 1 / 25, 1e-4
"""One cycle begins at a share of the highest rate, and ends at a share of that beginning."""
_SWING = 0.1
"""How far momentum falls while one cycle's rate rises."""


def rate_at(config: LoopConfig, step: int, examined: Sequence[float] = ()) -> float:
    """Return the learning rate of a step.

    Nothing is remembered from step to step, so a run that was killed need not keep it.

    Parameters
    ----------
    config
        Names the schedule.
    step
        From 0; the rate is that of the step's middle.
    examined
        What the examinations before it gave, lower being better; only ``plateau`` looks at them.

    Examples
    --------
    >>> calm = LoopConfig(schedule="constant", learning_rate=0.5, warm_up=0.5, steps=4)
    >>> [rate_at(calm, step) for step in range(4)]
    [0.125, 0.375, 0.5, 0.5]
    """
    done, rise = (step + 0.5) / config.steps, config.warm_up
    if config.schedule == "one_cycle":
        return config.learning_rate * _one_cycle(done, rise)
    if done < rise:
        return config.learning_rate * done / rise
    match config.schedule:
        case "cosine":
            share = _glide(1.0, 0.0, (done - rise) / (1 - rise))
        case "plateau":
            share = 0.5 ** _halvings(examined, wait=max(1, config.patience // 2))
        case _:
            share = 1.0
    return config.learning_rate * share


def momentum_at(config: LoopConfig, step: int) -> float:
    """Return the momentum of a step: it moves in one cycle only, against the rate."""
    done, rise = (step + 0.5) / config.steps, config.warm_up
    if config.schedule != "one_cycle":
        return config.momentum
    low = max(0.0, config.momentum - _SWING)
    if done < rise:
        return _glide(config.momentum, low, done / rise)
    return _glide(low, config.momentum, (done - rise) / (1 - rise))


def _one_cycle(done: float, rise: float) -> float:
    if done < rise:
        return _glide(_FIRST, 1.0, done / rise)
    return _glide(1.0, _FIRST * _LAST, (done - rise) / (1 - rise))


def _glide(begin: float, end: float, share: float) -> float:
    """Go from one value to another along half a cosine."""
    return end + (begin - end) * 0.5 * (1 + math.cos(math.pi * share))


def _halvings(examined: Sequence[float], *, wait: int) -> int:
    """Count how often so many examinations in a row brought nothing better."""
    best, idle, halved = math.inf, 0, 0
    for value in examined:
        idle = 0 if value < best else idle + 1
        best = min(best, value)
        if idle == wait:
            idle, halved = 0, halved + 1
    return halved
