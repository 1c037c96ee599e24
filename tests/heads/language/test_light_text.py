"""A light model from its folder, against answers worked out by hand."""

import numpy as np
import pytest

from limner.errors import BadShape, NotFitted
from limner.heads.language.blend import Blend
from limner.heads.language.light_text import LightText
from limner.heads.language.task import TextTask


class Known:
    """An encoder that knows three texts."""

    def read(self, texts):
        vectors = {"one": [3.0, 4.0], "other": [0.0, 2.0], "": [1.0, 0.0]}
        return np.array([vectors[text] for text in texts], np.float32)


def light(kind, width, **more):
    task = TextTask(kind, ("no", "yes"))
    weight = np.arange(2 * width, dtype=np.float32).reshape(2, width)
    head = {"weight": weight, "bias": np.array([0.5, -0.5], np.float32), **more}
    return LightText(task, Known(), head, words=None, blend=Blend(task).alone())


def test_a_vector_is_brought_to_the_length_of_the_root_of_its_numbers():
    told = light("classify", 2)
    x, y = 0.6 * 2**0.5, 0.8 * 2**0.5
    wanted = [0 * x + 1 * y + 0.5, 2 * x + 3 * y - 0.5]
    (said,) = told.readings([("one",), ("",)])
    assert np.allclose(said[0], wanted)
    assert np.allclose(said[1], [0.5, 2 * 2**0.5 - 0.5])
    assert np.allclose(told.predict([("one",)]).sum(), 1)
    assert told.predict([]).shape == (0, 2)


def test_of_two_the_distance_and_the_product_are_read():
    told = light("pair", 4)
    root = 2**0.5
    features = np.array([0.6 * root, 0.2 * root, 0.0, 1.6])
    (said,) = told.readings([("one", "other")])
    assert np.allclose(said[0], told.head["weight"] @ features + told.head["bias"], atol=1e-6)


def test_what_it_cannot_read_is_refused(tmp_path):
    with pytest.raises(BadShape, match=r"answers 1 text\(s\) a row with 0 numbers beside"):
        light("classify", 2).predict([("one", "other")])
    with pytest.raises(BadShape):
        light("classify", 2).predict([("one",)], beside=np.zeros((1, 2), np.float32))
    with pytest.raises(NotFitted, match="no light model"):
        LightText.load(tmp_path)
