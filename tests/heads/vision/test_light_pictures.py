"""A light model's folder, and what is none."""

import numpy as np
import pytest

from limner.errors import NotFitted
from limner.heads.language.task import TextTask
from limner.heads.vision.light_pictures import LightPictures
from painted import painted


class Graph:
    """Says how red a picture is."""

    def run(self, names, given):
        assert names is None
        red = given["pixels"][:, 0].mean(axis=(1, 2)) / 255
        return [np.stack([red, 1 - red], axis=1).astype(np.float32)]


def test_pictures_are_asked_part_by_part():
    task = TextTask.of("classify", ["red", "not"])
    light = LightPictures(task, Graph(), 16)
    pictures, kinds = painted(70)
    told = light.predict(pictures)
    assert told.shape == (70, 2)
    red = np.array(kinds) == "red"
    assert told[red, 0].min() > told[~red, 0].max()
    parts = np.concatenate([light.predict(pictures[:40]), light.predict(pictures[40:])])
    assert np.allclose(parts, told, atol=1e-6)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(NotFitted, match="no light model"):
        LightPictures.load(tmp_path)
