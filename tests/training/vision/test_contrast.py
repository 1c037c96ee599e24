"""Pictures near their titles: learned, kept, opened again, and found better than before."""

import json

import numpy as np
import pytest

from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.encoders.vision.pictures import pixels_of
from limner.errors import BadShape, NotFitted, TooFew
from limner.training.vision.contrast import ContrastConfig, load_titles, pretrain_pictures
from limner.training.vision.picture_report import titles_card
from painted import KINDS, painted, tiny_vision

SMALL = {"epochs": 6, "batch": 16, "examinations": 2, "dim": 8, "size": 32}


class Reader:
    """Reads a title as the kinds that it names, and a little of what else it says."""

    version, width = "kinds", 12

    def read(self, texts):
        found = np.zeros((len(texts), self.width), np.float32)
        for row, text in enumerate(texts):
            found[row, 3:] = np.random.default_rng(list(text.encode())).normal(size=9) * 0.05
            for at, kind in enumerate(KINDS):
                found[row, at] = kind in text
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_vision(tmp_path_factory.mktemp("vision") / "vit")


def learned(base, count=120, **settings):
    pictures, kinds = painted(count)
    titles = [
        f"{kind} cloth" if kind != "striped" else f"striped {at}" for at, kind in enumerate(kinds)
    ]
    config = ContrastConfig.read({**SMALL, "base": str(base), **settings})
    return pretrain_pictures(pictures, titles, Reader(), config=config)


@pytest.mark.parametrize("method", ["top", "full", "lora", "frozen"])
def test_what_was_kept_opens_as_a_model_and_sees_the_same(folder, method, tmp_path):
    found = learned(folder, method=method, epochs=2)
    found.save(tmp_path / "kept", card=titles_card(found))
    pixels = pixels_of(painted(5, seed=1)[0], size=32)
    again = PictureEncoder(open_vision(str(tmp_path / "kept")))
    assert np.allclose(again.read(pixels), found.encoder.read(pixels), atol=1e-5)
    before = PictureEncoder(open_vision(str(folder))).read(pixels)
    assert np.allclose(again.read(pixels), before, atol=1e-5) == (method == "frozen")
    loaded = load_titles(tmp_path / "kept")
    assert loaded.facts == found.facts
    for name, weight in found.maps.state_dict().items():
        assert np.allclose(weight.numpy(), loaded.maps.state_dict()[name].numpy())
    assert "titles held out" in (tmp_path / "kept/card.md").read_text()
    assert {"model.safetensors", "config.json"} <= {
        each.name for each in (tmp_path / "kept").iterdir()
    }


def test_a_network_of_convolutions_is_kept_whole(tmp_path):
    found = learned("efficientnet-lite0", count=24, epochs=2, size=96)
    found.save(tmp_path / "kept")
    pixels = pixels_of(painted(3, seed=1)[0], size=96)
    opened = open_vision(str(tmp_path / "kept"))
    assert (opened.size, opened.width, opened.mean) == (96, 1280, (0.5, 0.5, 0.5))
    told = PictureEncoder(opened).read(pixels)
    assert np.allclose(told, found.encoder.read(pixels), atol=1e-4)
    before = PictureEncoder(open_vision(size=96)).read(pixels)
    assert not np.array_equal(told, before)


def test_titles_are_found_by_pictures_that_taught_nothing(folder):
    pictures, kinds = painted(60, seed=2)
    taught, names = painted(120)
    config = ContrastConfig.read({**SMALL, "base": str(folder), "method": "full", "held": 0})
    titles = [f"{kind} {at % 4}" for at, kind in enumerate(names)]
    asked = (pictures, [f"{kind} {at % 2}" for at, kind in enumerate(kinds)])
    found = pretrain_pictures(taught, titles, Reader(), asked=asked, config=config)
    assert found.held == {}
    assert found.facts["test_titles"] == 6
    assert set(found.test["after"]) == {"recall@1", "recall@5"}
    # Of two titles of the right kind either may come first.
    assert found.test["after"]["recall@1"] > 0.3
    assert found.test["after"]["recall@5"] > 0.9


def test_titles_are_held_out_with_all_their_pictures(folder):
    found = learned(folder, method="frozen", held=0.3)
    assert 2 <= found.facts["titles_held_out"] < 40
    assert found.facts["pictures_held_out"] >= found.facts["titles_held_out"]
    assert set(found.held) == {"before", "after"}
    assert json.dumps(found.facts)


def test_the_same_seed_gives_the_same(folder):
    one, other = (learned(folder, count=40, epochs=1) for _ in range(2))
    for name, weight in one.maps.state_dict().items():
        assert np.array_equal(weight.numpy(), other.maps.state_dict()[name].numpy())


def test_what_cannot_be_learned_is_refused(folder, tmp_path):
    pictures, _ = painted(6)
    with pytest.raises(BadShape, match="6 pictures need as many titles, got 2"):
        pretrain_pictures(pictures, ["a", "b"], Reader())
    with pytest.raises(TooFew, match="3 different titles are too few"):
        pretrain_pictures(pictures, ["a", "b", "c", None, "", "a"], Reader())
    config = ContrastConfig.read({**SMALL, "base": str(folder)})
    with pytest.raises(TooFew, match="no picture that is to be asked has a title"):
        pretrain_pictures(
            pictures, list("abcdef"), Reader(), asked=(pictures, [None] * 6), config=config
        )
    with pytest.raises(NotFitted, match="nothing learned titles"):
        load_titles(tmp_path)
