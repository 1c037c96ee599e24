"""Robust learning: a model must say the same of visits that were moved a little, the worst way."""

from collections.abc import Callable
from typing import Any

import torch
from pydantic import Field
from torch import Tensor, nn

from limner.config import Config

__all__ = ["Adversary", "AdversaryConfig"]


class AdversaryConfig(Config):
    """How far visits are moved, and how carefully the worst way is looked for."""

    reach: float = Field(0.5, gt=0)
    """How far the vectors of all visits of a customer are moved together, as a length."""
    steps: int = Field(1, ge=1)
    """1: once along the gradient (Miyato, Dai and Goodfellow 2017); more: so many smaller steps,
    each brought back within reach (Madry and others 2018). Each costs a pass more."""
    pace: float = Field(2.5, gt=0)
    """With more than one step, how far all together could go, in reaches."""
    weight: float = Field(1.0, gt=0)
    """What the loss of the moved visits counts beside that of the visits as they were."""


class Adversary:
    """Adds to a loss what it would be had the vectors of visits been moved the worst way.

    Parameters
    ----------
    encoder
        The part of a model that gives the vectors (B, ...); whoever calls it is none the wiser.
    config
        How far and how carefully.
    """

    def __init__(self, encoder: nn.Module, config: AdversaryConfig | None = None) -> None:
        self.encoder, self.config = encoder, config or AdversaryConfig()

    def loss(self, plain: Callable[[], Tensor]) -> Tensor:
        """Return the loss with the adversary's share.

        Parameters
        ----------
        plain
            Computes the loss; it is called once and then once a step, always with the same chance,
            and must call the encoder.
        """
        config = self.config
        chance = torch.random.get_rng_state()
        clean, vectors = self._pass(plain, [])
        nudges = [torch.zeros_like(each) for each in vectors]
        pace = config.reach * (config.pace / config.steps if config.steps > 1 else 1.0)
        loss = clean
        for _ in range(config.steps):
            uphill = torch.autograd.grad(loss, vectors, retain_graph=loss is clean)
            nudges = [
                self._within_reach(nudge + pace * each / _length(each).clamp(min=1e-12))
                for nudge, each in zip(nudges, uphill, strict=True)
            ]
            torch.random.set_rng_state(chance)
            loss, vectors = self._pass(plain, nudges)
        return clean + config.weight * loss

    def _pass(
        self, plain: Callable[[], Tensor], nudges: list[Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """Return the loss with moved vectors, and the vectors, one tensor a call of the encoder."""
        seen: list[Tensor] = []

        def move(_: nn.Module, __: Any, vectors: Tensor) -> Tensor:  # noqa: ANN401 - what it took
            if nudges:
                vectors = vectors + nudges[len(seen)]
            if not vectors.requires_grad:  # an encoder that stays as it is
                vectors = vectors.detach().requires_grad_()
            seen.append(vectors)
            return vectors

        hook = self.encoder.register_forward_hook(move)
        try:
            return plain(), seen
        finally:
            hook.remove()

    def _within_reach(self, nudge: Tensor) -> Tensor:
        return (nudge * (self.config.reach / _length(nudge)).clamp(max=1)).detach()


def _length(vectors: Tensor) -> Tensor:
    """Return the length of all that belongs to one customer: (B, 1, ...)."""
    lengths: Tensor = torch.linalg.vector_norm(vectors.flatten(1), dim=1)
    return lengths.reshape(-1, *[1] * (vectors.ndim - 1))
