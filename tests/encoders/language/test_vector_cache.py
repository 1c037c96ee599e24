"""The same text is never read twice, whatever was killed between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.language.vector_cache import VectorCache


class Counting:
    """A reader that counts what it reads."""

    version, width = "v1", 3

    def __init__(self):
        self.seen = []

    def read(self, texts):
        self.seen += texts
        return np.array([[len(text), text.count("a"), 0.1] for text in texts], np.float32)


def test_a_text_is_read_once_and_remembered_in_another_process(tmp_path):
    first = Counting()
    cache = VectorCache(first, tmp_path)
    told = cache.read(["aa", "b", "aa", "", None, " aa "])
    assert first.seen == ["aa", "b"]
    assert np.array_equal(told[0], told[2])
    assert np.array_equal(told[0], told[5])
    assert not told[3].any()
    assert not told[4].any()
    second = Counting()
    again = VectorCache(second, tmp_path)
    assert np.array_equal(again.read(["b", "aa", "c"])[:2], told[[1, 0]])
    assert second.seen == ["c"]
    assert len(again) == 3


def test_another_version_has_a_folder_of_its_own(tmp_path):
    VectorCache(Counting(), tmp_path).read(["a"])
    other = Counting()
    other.version = "v2"
    VectorCache(other, tmp_path).read(["a"])
    assert other.seen == ["a"]
    assert {each.name for each in tmp_path.iterdir()} == {"v1", "v2"}


def test_what_was_read_before_it_was_killed_is_kept(tmp_path):
    class Dying(Counting):
        def read(self, texts):
            if len(self.seen) >= 4:
                raise KeyboardInterrupt
            return super().read(texts)

    texts = [f"text {at}" for at in range(7)]
    with pytest.raises(KeyboardInterrupt):
        VectorCache(Dying(), tmp_path, at_once=2).read(texts)
    reader = Counting()
    assert VectorCache(reader, tmp_path).read(texts).shape == (7, 3)
    assert reader.seen == texts[4:]


@given(st.lists(st.text(max_size=3), max_size=20))
def test_it_says_what_its_reader_says(texts):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        cache, plain = VectorCache(Counting(), Path(folder)), Counting()
        told = cache.read(texts)
        assert told.shape == (len(texts), 3)
        tidy = [" ".join(text.split()) for text in texts]
        for row, text in zip(told, tidy, strict=True):
            if text.isascii() and text.isprintable() and text:
                assert np.allclose(row, plain.read([text])[0], rtol=1e-3)
