"""A light vision model answers as the whole, or nearly, and needs no torch."""

import subprocess
import sys

import numpy as np
import pytest

from limner.errors import BadConfig
from limner.heads.language.task import TextTask
from limner.training.language.text_metrics import score_texts
from limner.training.vision.compression import compress_pictures
from limner.training.vision.picture_report import picture_card
from limner.training.vision.picture_tuning import PictureTuneConfig, tune_pictures
from painted import painted, tiny_vision

SMALL = {"epochs": 2, "batch": 16, "examinations": 2}


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    base = tiny_vision(tmp_path_factory.mktemp("vision") / "vit")
    pictures, kinds = painted(120)
    task = TextTask.of("classify", kinds)
    config = PictureTuneConfig.read({**SMALL, "base": str(base)})
    return tune_pictures(task, pictures, task.truth(kinds), config=config)


def test_the_whole_graph_says_the_same(tuned, tmp_path):
    pictures, _ = painted(40, seed=1)
    light = compress_pictures(tuned, tmp_path / "light", method="whole")
    assert np.allclose(light.predict(pictures), tuned.predict(pictures), atol=1e-4)
    assert light.predict([]).shape == (0, 3)


def test_in_eight_bits_it_says_nearly_the_same_and_is_smaller(tmp_path):
    pictures, kinds = painted(60)
    task = TextTask.of("classify", kinds)
    config = PictureTuneConfig.read({"method": "frozen", "size": 64})
    found = tune_pictures(task, pictures, task.truth(kinds), config=config)
    others, _ = painted(40, seed=1)
    whole = compress_pictures(found, tmp_path / "whole", method="whole")
    light = compress_pictures(found, tmp_path / "light", pictures=pictures)
    same = light.predict(others).argmax(axis=1) == whole.predict(others).argmax(axis=1)
    assert same.mean() > 0.9
    sizes = [(tmp_path / name / "model.onnx").stat().st_size for name in ("whole", "light")]
    assert sizes[1] < 0.4 * sizes[0]


def test_it_answers_without_torch(tuned, tmp_path):
    compress_pictures(tuned, tmp_path / "light", method="whole")
    pictures, _ = painted(3, seed=2)
    (tmp_path / "one.png").write_bytes(pictures[0])
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from limner.heads.vision.light_pictures import LightPictures\n"
        "from pathlib import Path\n"
        "light = LightPictures.load(Path(sys.argv[1]))\n"
        "print(light.predict([sys.argv[2]]).argmax())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "light"), str(tmp_path / "one.png")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(told.stdout) == tuned.predict(pictures[:1]).argmax()


def test_what_cannot_be_done_is_said_before_anything_is_written(tuned, tmp_path):
    with pytest.raises(BadConfig, match="20 at least, got 3"):
        compress_pictures(tuned, tmp_path / "light", pictures=painted(3)[0])
    with pytest.raises(BadConfig, match="whole, int8"):
        compress_pictures(tuned, tmp_path / "light", method="prune")
    assert not list(tmp_path.iterdir())


def test_the_card_tells_numbers_and_limits(tuned):
    pictures, kinds = painted(30, seed=4)
    scores = score_texts(tuned.task, tuned.predict(pictures), tuned.task.truth(kinds), seed=0)
    card = picture_card(tuned, scores)
    assert "30 pictures that neither taught" in card
    assert "| accuracy | " in card
    assert "Classes: green, red, striped." in card
