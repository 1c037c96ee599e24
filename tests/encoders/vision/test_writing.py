"""What was written opens by its folder's name and sees the same."""

import numpy as np
import pytest

from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.writing import write_vision
from limner.errors import BadModel
from painted import tiny_vision


@pytest.mark.parametrize("name", ["efficientnet-lite0", "vit"])
def test_it_opens_again_and_sees_the_same(name, tmp_path):
    base = str(tiny_vision(tmp_path / name)) if name == "vit" else name
    one = PictureEncoder(open_vision(base, size=64 if name != "vit" else None))
    write_vision(one, tmp_path / "out")
    other = PictureEncoder(open_vision(str(tmp_path / "out")))
    pixels = np.random.default_rng(0).integers(0, 255, (3, 3, one.size, one.size), dtype=np.uint8)
    assert other.size == one.size
    assert np.allclose(other.read(pixels), one.read(pixels), atol=1e-5)


def test_weights_that_do_not_fit_are_refused(tmp_path):
    write_vision(PictureEncoder(open_vision(size=32)), tmp_path / "out")
    (tmp_path / "out/model.safetensors").write_bytes(b"broken")
    with pytest.raises(BadModel, match="out"):
        open_vision(str(tmp_path / "out"))
