"""Tuning for pictures by every way; what is kept answers the same."""

import numpy as np
import pytest
import torch

from limner.encoders.vision.opening import open_vision
from limner.encoders.vision.picture_encoder import PictureEncoder
from limner.errors import BadConfig, BadModel, BadPicture, NotFitted, TooFew
from limner.heads.language.task import TextTask
from limner.training.language.text_metrics import score_texts
from limner.training.language.tuned_text import weights_digest
from limner.training.vision.picture_report import nearest, picture_report
from limner.training.vision.picture_tuning import (
    PictureTuneConfig,
    load_tuned_pictures,
    tune_pictures,
)
from limner.training.vision.shown import Shown
from painted import painted, tiny_vision

SMALL = {"epochs": 2, "batch": 16, "examinations": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_vision(tmp_path_factory.mktemp("vision") / "vit")


def tuned(base, kind="classify", count=240, **settings):
    pictures, kinds = painted(count)
    labels = {
        "classify": kinds,
        "multilabel": [[one] if one != "green" else [] for one in kinds],
        "regress": [len(one) for one in kinds],
    }[kind]
    task = TextTask.of(kind, labels)
    config = PictureTuneConfig.read({**SMALL, "base": str(base), **settings})
    return tune_pictures(task, pictures, task.truth(labels), config=config)


@pytest.mark.parametrize("method", ["full", "top", "lora", "adalora", "adapter", "frozen"])
def test_every_method_answers_and_what_was_kept_answers_the_same(folder, method, tmp_path):
    found = tuned(folder, method=method)
    pictures, kinds = painted(60, seed=1)
    said = found.predict(pictures)
    assert (np.array(found.task.names(said)) == kinds).mean() > 0.8
    found.save(tmp_path / "kept")
    assert np.allclose(load_tuned_pictures(tmp_path / "kept").predict(pictures), said, atol=1e-5)


@pytest.mark.parametrize("method", ["full", "top"])
def test_a_network_of_convolutions_is_kept_with_its_running_means(method, tmp_path):
    found = tuned("efficientnet-lite0", method=method, count=40, epochs=1, size=32)
    pictures, _ = painted(9, seed=2)
    found.save(tmp_path / "kept")
    again = load_tuned_pictures(tmp_path / "kept")
    assert np.allclose(again.predict(pictures), found.predict(pictures), atol=1e-5)
    everything = found.weights
    assert found.trained == everything if method == "full" else found.trained < everything


@pytest.mark.parametrize("kind", ["multilabel", "regress"])
def test_other_kinds(folder, kind, tmp_path):
    found = tuned(folder, kind, method="full", epochs=4)
    pictures, _ = painted(30, seed=3)
    said = found.predict(pictures)
    assert said.shape == ((30, 2) if kind == "multilabel" else (30,))
    found.save(tmp_path / "kept")
    assert np.allclose(load_tuned_pictures(tmp_path / "kept").predict(pictures), said, atol=1e-5)


def test_the_same_seed_gives_the_same_and_the_base_stays(folder):
    base = PictureEncoder(open_vision(str(folder)))
    before = weights_digest(base)
    pictures, _ = painted(6, seed=4)
    one, other = (tuned(folder, method="full", epochs=1).predict(pictures) for _ in range(2))
    assert np.array_equal(one, other)
    assert weights_digest(PictureEncoder(open_vision(str(folder)))) == before


def test_while_learning_pictures_are_shown_otherwise_and_by_the_same_chance_the_same():
    pixels = np.random.default_rng(0).integers(0, 255, (5, 3, 16, 16), dtype=np.uint8)
    shown = Shown(pixels)
    rows = np.array([3, 0])
    (plain,) = shown.batch(rows)
    assert np.array_equal(plain.numpy(), pixels[rows])
    varied = shown.take(np.arange(5), varied=True)
    torch.manual_seed(0)
    (one,) = varied.batch(rows)
    (other,) = varied.batch(rows)
    torch.manual_seed(0)
    (again,) = varied.batch(rows)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.shape == plain.shape
    assert 0 <= float(one.min()) <= float(one.max()) <= 255
    assert len(varied) == 5
    assert varied.lengths.tolist() == [1] * 5


def test_the_nearest_are_those_of_the_greatest_cosine():
    known = np.array([[1, 0], [0, 2], [3, 3]], np.float32)
    assert nearest(np.array([[5, 4], [0, 1]], np.float32), known, most=2).tolist() == [
        [2, 0],
        [1, 2],
    ]


def test_the_report_shows_the_nearest_pictures_and_needs_no_network(folder):
    found = tuned(folder, method="frozen")
    pictures, kinds = painted(12, seed=5)
    task = found.task
    scores = score_texts(task, found.predict(pictures), task.truth(kinds))
    near = np.zeros((12, 3), np.int64)
    page = picture_report(found, scores, pictures, pictures, near)
    assert page.count("<img") == 6 * 4
    assert "最相近的图片" in page
    assert "http" not in page


def test_what_cannot_be_done_is_refused(folder, tmp_path):
    task = TextTask("classify", ("a", "b"))
    pictures, _ = painted(4)
    same = np.tile(np.array([[1, 0]], np.float32), (4, 1))
    with pytest.raises(TooFew, match="the same is true of every picture"):
        tune_pictures(task, pictures, same)
    with pytest.raises(BadConfig):
        tuned("efficientnet-lite0", method="lora", count=30, size=32)
    with pytest.raises(NotFitted, match="nothing was tuned"):
        load_tuned_pictures(tmp_path)
    other = np.eye(2, dtype=np.float32)[[0, 1, 0, 1]]
    with pytest.raises(BadPicture):
        tune_pictures(task, [*pictures[:3], b"none"], other)
    base = tiny_vision(tmp_path / "base")
    tuned(base, method="frozen").save(tmp_path / "kept")
    tiny_vision(base, seed=1)
    with pytest.raises(BadModel, match="another model"):
        load_tuned_pictures(tmp_path / "kept")
