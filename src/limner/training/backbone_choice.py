"""Which backbone suits a shop: a short trial of each, judged by customers who never teach."""

from collections.abc import Callable, Mapping
from datetime import datetime

from limner import plugins
from limner.dataset.ledger import Ledger
from limner.model import backbones
from limner.model.behaviour import BehaviourConfig
from limner.training.pretraining import PretrainConfig, pretrain

__all__ = ["choose_backbone"]

TRIAL = 3
"""A trial takes one step in so many of the course that follows."""


def choose_backbone(
    ledger: Ledger,
    cut: datetime,
    *,
    model: BehaviourConfig,
    config: PretrainConfig,
    seed: int = 0,
    progress: Callable[[str, float], None] | None = None,
) -> tuple[str, Mapping[str, float]]:
    """Return the backbone that was examined best, and what each was examined to be.

    All begin from the same seed, learn equally long from the same batches, and are asked of the
    same customers; lower is better. Where nobody can be examined, the mean of the last losses
    decides.

    Parameters
    ----------
    ledger, cut, config, seed
        As for :func:`~limner.training.pretraining.pretrain`.
    model
        Of what size; its backbone is not read.
    progress
        Is told which one is tried, and the share done.
    """
    names = plugins.names(backbones)
    steps = max(1, config.steps // TRIAL)
    trial = config.model_copy(update={"steps": steps})
    found: dict[str, float] = {}
    for number, name in enumerate(names):

        def told(what: str, share: float, number: int = number, name: str = name) -> None:
            if progress is not None:
                progress(f"trying the {name} backbone: {what}", (number + share) / len(names))

        shape = model.model_copy(update={"backbone": name})
        course = pretrain(ledger, cut, model=shape, config=trial, seed=seed, progress=told).course
        lately = course.losses[-max(1, steps // 5) :]
        found[name] = min(
            (value for _, value in course.examined), default=sum(lately) / len(lately)
        )
    return min(found, key=lambda name: found[name]), found
