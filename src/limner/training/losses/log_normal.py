"""Nothing, or an amount whose logarithm is normal (Wang, Liu and Miao 2019, arXiv 1912.07753)."""

import math
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from limner.config import Config

__all__ = ["ZeroInflatedLogNormal"]

_PLACES, _SHARES = np.polynomial.hermite_e.hermegauss(24)


class ZeroInflatedLogNormal(Config):
    """Three numbers an answer: log odds of anything at all, and centre and spread of its log.

    The cost is that of the source's equation 5: the log loss of whether, and for those who came the
    negative log likelihood of how much.
    """

    shapes: ClassVar[frozenset[str]] = frozenset({"how_many", "how_much"})
    outputs: ClassVar[int] = 3

    least_spread: float = Field(0.05, gt=0)
    """The standard deviation of the logarithm is never below this."""

    def __call__(self, said: Tensor, truth: Tensor) -> Tensor:
        """Return the cost of each (N,), from (N, 3) and true amounts (N,)."""
        odds, centre, spread = self._read(said)
        came = (truth > 0).to(said.dtype)
        whether = functional.binary_cross_entropy_with_logits(odds, came, reduction="none")
        # Where nothing came, any positive number keeps the gradient finite; it is not counted.
        log = torch.where(truth > 0, truth, torch.ones_like(truth)).log()
        far = (log - centre) / spread
        much = log + spread.log() + math.log(2 * math.pi) / 2 + far.square() / 2
        return whether + came * much

    def answer(self, said: Tensor) -> Tensor:
        """Return what is expected and what is typical: (N, 2).

        Typical is ``expm1`` of the mean of ``log1p``; as a normal has no closed form for it, it is
        summed over 24 places (Gauss and Hermite).
        """
        odds, centre, spread = self._read(said)
        came = odds.sigmoid()
        expected = came * (centre + spread.square() / 2).exp()
        places = torch.as_tensor(_PLACES, dtype=said.dtype, device=said.device)
        shares = torch.as_tensor(_SHARES / _SHARES.sum(), dtype=said.dtype, device=said.device)
        logs = centre.unsqueeze(-1) + spread.unsqueeze(-1) * places
        typical = (came * (functional.softplus(logs) * shares).sum(dim=-1)).expm1()
        return torch.stack([expected, typical], dim=-1)

    def _read(self, said: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        odds, centre, raw = said.unbind(dim=-1)
        return odds, centre, functional.softplus(raw).clamp(min=self.least_spread)
