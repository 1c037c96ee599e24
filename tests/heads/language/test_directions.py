"""Main directions of texts: what belongs together lies together, and a head upon them."""

import numpy as np
import pytest

from limner.errors import TooFew
from limner.heads.language.directions import Directions, DirectionsConfig, DirectionsHead

RNG = np.random.default_rng(0)
SEA, HILL = ["boat", "wave", "sail", "tide"], ["peak", "rock", "path", "moss"]


def texts(count=200):
    """Return texts that speak of the sea or of hills, three words each."""
    kinds = [SEA if at % 2 else HILL for at in range(count)]
    return [" ".join(RNG.choice(kind, 3, replace=False)) for kind in kinds]


def test_words_of_one_kind_lie_in_one_direction_though_they_never_met():
    found = Directions.learn(texts(), config=DirectionsConfig(count=2))
    told = found.read(["boat", "tide", "moss", "", "zzz?"])
    assert told.shape == (5, 2)
    alike = told @ told.T
    assert alike[0, 1] > 0.9
    assert alike[0, 2] < 0.5
    assert np.allclose(np.linalg.norm(told[:3], axis=1), 1, atol=1e-5)
    assert not told[3].any()
    assert found.read([]).shape == (0, 2)


def test_the_same_texts_and_seed_give_the_same_and_more_than_are_read_are_drawn():
    some = texts()
    config = DirectionsConfig(count=4, texts=50)
    one, other = (Directions.learn(some, config=config, seed=3) for _ in range(2))
    assert np.array_equal(one.axes, other.axes)
    assert one.width == 4


def test_a_head_is_the_same_from_its_folder_also_of_pairs(tmp_path):
    found = Directions.learn(texts(), config=DirectionsConfig(count=3))
    for sides in (1, 2):
        weight = RNG.normal(size=(2, 3 * sides)).astype(np.float32)
        head = DirectionsHead(found, weight, np.array([0.5, -0.5], np.float32))
        rows = [("boat wave", "peak")[:sides], ("", "zzz?")[:sides]]
        said = head.scores(rows)
        assert np.allclose(said[1], [0.5, -0.5])  # of what says nothing nothing is known
        head.save(tmp_path / "kept")
        again = DirectionsHead.load(tmp_path / "kept")
        assert np.allclose(again.scores(rows), said, atol=5e-3)
    assert {each.suffix for each in (tmp_path / "kept").iterdir()} == {".json", ".npz"}


def test_too_few_texts_have_no_directions():
    with pytest.raises(TooFew, match="20 texts or more, got 1"):
        Directions.learn(["boat", "", ""])
