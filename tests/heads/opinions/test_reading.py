"""A text is read whole, and each aspect by its own clause."""

# ruff: noqa: RUF001

import numpy as np

from limner.heads.opinions.reading import read_opinions


class Judge:
    """Praises whatever says so."""

    def read(self, texts):
        return np.array([0.9 if "good" in text or "好" in text else 0.2 for text in texts])


class Topics:
    names = ("first", "second")

    def read(self, texts):
        return np.array([at % 3 - 1 for at in range(len(texts))])


def test_each_aspect_is_judged_by_its_clause():
    texts = ["The price is good, but delivery was slow", "包装破损，质量很好", "", "no idea"]
    found = read_opinions(texts, Judge(), Topics())
    assert found.languages == ("en", "zh", None, found.languages[3])
    assert found.sentiments.tolist() == [0.9, 0.9, 0.2, 0.2]
    assert found.topics == (None, "first", "second", None)
    assert found.aspects[0] == {"delivery": 0.2, "performance": 0.2, "price": 0.9}
    assert found.aspects[1] == {"packaging": 0.2, "quality": 0.9}
    assert found.aspects[2:] == ({}, {})


def test_nothing_is_read_of_nothing():
    found = read_opinions([], Judge())
    assert found.languages == found.topics == found.aspects == ()
