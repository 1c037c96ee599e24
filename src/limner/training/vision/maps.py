"""The space in which pictures and titles meet: two linear maps, and what is near in it."""

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.training.vision.shown import Shown

__all__ = ["Maps", "first_maps", "recalls"]

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
AT = (1, 5, 10)
"""Among so many of the nearest titles the right one is looked for."""
PENALTY = 1.0
"""Weight of the squared coefficients of the first map of pictures, as a share of the rows."""


class Maps(nn.Module):
    """A model that sees, and the two maps into the space where pictures and titles meet.

    Parameters
    ----------
    encoder
        Makes vectors (B, D) of pictures.
    titles
        The length of a title's vector, T.
    dim
        The length of a vector of the space, E.
    temperature
        Cosines are divided by it.
    """

    def __init__(self, encoder: nn.Module, *, titles: int, dim: int, temperature: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.sees = nn.Linear(cast("PictureEncoder", encoder).width, dim)
        self.reads = nn.Linear(titles, dim)
        self.sharpness = nn.Parameter(torch.tensor(float(np.log(1 / temperature))))

    def seen(self, vectors: Tensor) -> Tensor:
        """Return unit vectors (B, E) for the encoder's (B, D)."""
        return functional.normalize(self.sees(functional.normalize(vectors, dim=1)), dim=1)

    def read(self, vectors: Tensor) -> Tensor:
        """Return unit vectors (B, E) for those of titles (B, T)."""
        return functional.normalize(self.reads(vectors), dim=1)

    def near(self, seen: Tensor, read: Tensor) -> Tensor:
        """Return how near pictures and titles are: cosines (B, M), made sharper."""
        return seen @ read.T * self.sharpness.clamp(max=float(np.log(100))).exp()


def first_maps(
    encoder: PictureEncoder,
    shown: Shown,
    titles: Floats,
    which: Ints,
    *,
    taught: Ints,
    dim: int,
    temperature: float,
) -> Maps:
    """Return maps that begin as main directions of titles, and a ridge regression onto these.

    Parameters
    ----------
    encoder
        The model that sees, as it is.
    shown
        Pictures (N, 3, S, S).
    titles
        Vectors of different titles (M, T).
    which
        Which of these each picture has (N,).
    taught
        The rows that may teach.
    dim
        How many numbers the space has, at most T.
    temperature
        Cosines are divided by it at first.
    """
    known = titles[np.unique(which[taught])]
    centre = known.mean(axis=0)
    dim = min(dim, titles.shape[1])
    _, _, directions = np.linalg.svd(known - centre, full_matrices=True)
    reads = directions[:dim]
    aims = (titles[which[taught]] - centre) @ reads.T
    vectors = encoder.read(shown.pixels[taught])
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    middle = vectors.mean(axis=0)
    far = (vectors - middle).astype(np.float64)
    spread = far.T @ far
    penalty = PENALTY * max(float(np.trace(spread)) / len(spread), 1e-9)
    sees = np.linalg.solve(spread + penalty * np.eye(len(spread)), far.T @ aims).T
    shift = aims.mean(axis=0) - sees @ middle
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        maps = Maps(encoder, titles=titles.shape[1], dim=dim, temperature=temperature)
    with torch.no_grad():
        maps.reads.weight.copy_(torch.from_numpy(reads))
        maps.reads.bias.copy_(torch.from_numpy(-reads @ centre))
        maps.sees.weight.copy_(torch.from_numpy(sees))
        maps.sees.bias.copy_(torch.from_numpy(shift))
    return maps


def recalls(maps: Maps, shown: Shown, titles: Floats, which: Ints) -> dict[str, float]:
    """Return the share of pictures whose title is among the K nearest, by ``recall@K``.

    Parameters
    ----------
    maps
        The model and its maps.
    shown
        Pictures (N, 3, S, S).
    titles
        Vectors of different titles (M, T).
    which
        Which of these each picture has (N,).
    """
    encoder = cast("PictureEncoder", maps.encoder)
    with torch.inference_mode():
        seen = maps.seen(torch.from_numpy(encoder.read(shown.pixels)))
        near = (seen @ maps.read(torch.from_numpy(titles)).T).numpy()
    own = near[np.arange(len(which)), which]
    before = (near > own[:, None]).sum(axis=1)
    return {f"recall@{at}": float((before < at).mean()) for at in AT if at < len(titles)}
