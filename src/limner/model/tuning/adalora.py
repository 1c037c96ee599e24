"""Tuning by singular values upon the weights; the least needed fall away (Zhang et al. 2023)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from limner.config import Config
from limner.model.low_rank import NAME, LowRank, low_rank, peft

__all__ = ["AdaLora"]

M = TypeVar("M", bound=nn.Module)


class AdaLora(Config):
    """Every linear layer begins with a product of the first rank; ranks go where they are needed.

    After a tenth of the steps the least important of all singular values are struck out, step by
    step, until after half of the steps so many are left that their mean is the rank.
    """

    pace: ClassVar[float] = 3.0

    rank: int = Field(4, ge=1)
    """How many singular values a layer keeps on average."""
    first_rank: int = Field(8, ge=2)
    """How many each begins with."""
    scale: float = Field(2.0, gt=0)
    """The product counts so much: alpha of the source, over the first rank."""
    orthogonal: float = Field(0.5, ge=0)
    """What it costs that singular vectors are not at right angles; gamma of the source."""

    @model_validator(mode="after")
    def _has_something_to_strike_out(self) -> "AdaLora":
        if self.first_rank <= self.rank:
            raise ValueError(f"first_rank must be above rank, got {self.first_rank}, {self.rank}")
        return self

    def tune(self, base: M, *, steps: int, seed: int = 0) -> "_Adaptive[M]":
        """Return a copy whose products learn."""
        steps = max(steps, 4)

        def make(layers: Sequence[str]) -> Any:  # noqa: ANN401 - a peft.AdaLoraConfig
            return peft().AdaLoraConfig(
                init_r=self.first_rank,
                target_r=self.rank,
                lora_alpha=self.scale * self.first_rank,
                target_modules=list(layers),
                total_step=steps,
                tinit=steps // 10,
                tfinal=steps // 2,
                orth_reg_weight=self.orthogonal,
            )

        change = low_rank(base, make, rank=self.first_rank, seed=seed)
        return _Adaptive(change, seed=seed)


class _Adaptive(Generic[M]):
    """A change of low rank whose ranks are given out while it learns."""

    def __init__(self, change: LowRank[M], *, seed: int) -> None:
        self.change, self.model, self.done = change, change.model, 0
        self.factors = {
            name: each for name, each in self.model.named_parameters() if f".{NAME}" in name
        }
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            for name, factor in self.factors.items():
                if "lora_A" in name or "lora_B" in name:
                    nn.init.orthogonal_(factor)

    def after(self, done: int) -> None:
        """Strike out the singular values that the step showed to be of little use."""
        self.done = done
        for factor in self.factors.values():
            # Of a layer that the question does not read, nothing was learned.
            if factor.requires_grad and factor.grad is None:
                factor.grad = torch.zeros_like(factor)
        self.change.wrapped.base_model.update_and_allocate(done)

    def is_settled(self, done: int) -> bool:
        """Return whether the ranks are given out for good after so many steps."""
        config = self.change.config
        return bool(done >= config.total_step - config.tfinal)

    def cost(self) -> Tensor:
        """Return how far singular vectors are from right angles, as ``peft`` has it."""
        parts = []
        for name, factor in self.factors.items():
            if "lora_A" in name or "lora_B" in name:
                product = factor @ factor.T if "lora_A" in name else factor.T @ factor
                parts.append(torch.linalg.norm(product - torch.eye(len(product)).to(product)))
        weight: float = self.change.config.orth_reg_weight
        return torch.stack(parts).mean() * weight

    def save(self, folder: Path) -> None:
        """Write the singular values that are left, as ``peft`` does."""
        settled = self.is_settled(self.done)
        pattern = {}
        for name, factor in self.factors.items():
            if "lora_E" in name:
                left = (factor.detach() != 0).view(-1) | (not settled)
                # A matrix without a row is no matrix to peft: a nought stays.
                left[0] |= not bool(left.any())
                pattern[name] = left.tolist()
        self.change.config.rank_pattern = pattern
        self.change.save(folder)

    def load(self, folder: Path) -> None:
        """Take over what :meth:`save` wrote; see :meth:`limner.model.change.Change.load`."""
        self.change.load(folder)

    def merge(self) -> M:
        """Return a model of the base's own form, the products added to its weights."""
        return self.change.merge()
