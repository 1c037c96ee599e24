"""Pictures side by side, shown to a model a little otherwise each time while it learns."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

__all__ = ["Shown"]

Ints = NDArray[np.int64]
LEAST_AREA = 0.5
"""While it learns, a model sees so much of a picture at least."""


@dataclass(frozen=True, slots=True)
class Shown:
    """N pictures (N, 3, S, S), from 0 to 255; ``varied`` says whether they are shown otherwise.

    Varied, each is cut to a random part of half its area or more, mirrored half the time, and a
    little brighter or darker: torch's own chance decides, so that a loop that seeds it for each
    batch shows the same again. Such a part is brought to ``side`` pixels, where that is given: what
    is in it then looks no larger than in the whole picture (Touvron and others 2019).
    """

    pixels: NDArray[np.uint8]
    varied: bool = False
    side: int | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def lengths(self) -> Ints:
        """All are as much work: (N,)."""
        return np.ones(len(self.pixels), np.int64)

    def take(self, rows: Ints, *, varied: bool = False, side: int | None = None) -> Self:
        """Return some of the pictures."""
        return type(self)(self.pixels[rows], varied, side)

    def mirrored(self) -> Self:
        """Return all pictures, left for right."""
        return type(self)(np.ascontiguousarray(self.pixels[..., ::-1]), self.varied, self.side)

    def batch(self, rows: Ints) -> tuple[Tensor, ...]:
        """Return some pictures (B, 3, S, S), as floats from 0 to 255."""
        pictures = torch.from_numpy(self.pixels[rows]).float()
        return (_varied(pictures, self.side) if self.varied else pictures,)


def _varied(pictures: Tensor, side: int | None) -> Tensor:
    count, colours, height, width = pictures.shape
    scale = torch.empty(count).uniform_(LEAST_AREA**0.5, 1.0)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    room = 1 - scale
    turn = torch.zeros(count, 2, 3)
    turn[:, 0, 0], turn[:, 1, 1] = scale * mirror, scale
    turn[:, 0, 2] = (torch.rand(count) * 2 - 1) * room
    turn[:, 1, 2] = (torch.rand(count) * 2 - 1) * room
    shape = [count, colours, side or height, side or width]
    grid = functional.affine_grid(turn, shape, align_corners=False)
    cut = functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    light = torch.empty(count, 1, 1, 1).uniform_(0.8, 1.2)
    return (cut * light).clamp(0, 255)
