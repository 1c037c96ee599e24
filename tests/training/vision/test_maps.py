"""The space of pictures and titles: golden recalls, and maps that begin where ridge ends."""

import numpy as np
import pytest
import torch
from torch import nn

from limner.training.vision.maps import Maps, first_maps, recalls
from limner.training.vision.shown import Shown


class Means(nn.Module):
    """Sees the mean of each colour."""

    width = 3

    def read(self, pixels):
        return pixels.mean(axis=(2, 3)).astype(np.float32)


def coloured(count, seed=0):
    rng = np.random.default_rng(seed)
    means = rng.integers(20, 235, (count, 3, 1, 1))
    return Shown(np.broadcast_to(means, (count, 3, 4, 4)).astype(np.uint8).copy())


def test_golden_recalls():
    """Worked by hand: both maps are the identity, so the cosine of colours decides."""
    maps = Maps(Means(), titles=3, dim=3, temperature=0.1)
    with torch.no_grad():
        for each in (maps.sees, maps.reads):
            each.weight.copy_(torch.eye(3))
            each.bias.zero_()
    pixels = np.zeros((2, 3, 4, 4), np.uint8)
    pixels[0, 0] = 200  # red, and called red
    pixels[1, 1] = 200  # green, and called blue
    titles = np.eye(3, dtype=np.float32)[[0, 1, 2, 2, 2, 2]]
    assert recalls(maps, Shown(pixels), titles, np.array([0, 2])) == {
        "recall@1": 0.5,
        "recall@5": 1.0,
    }


def test_maps_begin_where_a_ridge_regression_ends():
    shown, rng = coloured(60), np.random.default_rng(1)
    titles = rng.normal(size=(60, 5)).astype(np.float32)
    titles[:, :3] = Means().read(shown.pixels) / 40
    which = np.arange(60)
    maps = first_maps(Means(), shown, titles, which, taught=np.arange(40), dim=3, temperature=0.1)
    assert maps.sees.weight.shape == maps.reads.weight[:, :3].shape == (3, 3)
    found = recalls(maps, shown.take(np.arange(40, 60)), titles[40:], np.arange(20))
    assert found["recall@5"] > 0.5
    assert maps.sharpness.exp().item() == pytest.approx(10, rel=1e-5)
