"""The same picture is never looked at twice, and what is none is told."""

import os
from pathlib import Path

import numpy as np
import pytest

from limner.encoders.vision.picture_reader import PictureReader
from painted import painted, tiny_vision


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_vision(tmp_path_factory.mktemp("vision") / "model")


@pytest.fixture
def files(tmp_path):
    pictures, _ = painted(5)
    for at, content in enumerate([*pictures, pictures[0], pictures[0][:50]]):
        (tmp_path / f"{at}.png").write_bytes(content)
    return [tmp_path / f"{at}.png" for at in range(8)]


def test_a_reader_remembers_over_the_night(model, files, tmp_path, monkeypatch):
    reader = PictureReader(str(model), tmp_path / "kept", size=32)
    vectors, refused = reader.read(files)
    assert vectors.shape == (8, reader.width)
    assert np.array_equal(vectors[0], vectors[5])
    assert not vectors[6:].any()
    assert set(refused) == {files[6], files[7]}
    assert "No such file" in refused[files[7]]
    assert reader.known == 5
    again = PictureReader(str(model), tmp_path / "kept", size=32)
    monkeypatch.setattr(again.encoder, "read", lambda pixels: pytest.fail("looked again"))
    assert np.array_equal(again.read(files)[0], vectors)


def test_another_size_or_another_model_has_vectors_of_its_own(model, tmp_path):
    other = tiny_vision(tmp_path / "other", seed=1)
    versions = {
        PictureReader(str(name), tmp_path / "kept", size=size).version
        for name, size in ((model, 32), (model, 16), (other, 32))
    }
    assert len(versions) == 3


def test_what_is_no_file_or_has_no_possible_name_is_refused(model, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    wrong = [Path("/dev/zero"), tmp_path / "pipe", tmp_path, Path("a\0b.png")]
    vectors, refused = PictureReader(str(model), tmp_path / "kept", size=32).read(wrong)
    assert not vectors.any()
    assert set(refused) == set(wrong)
    assert refused[Path("/dev/zero")] == "is no file"
