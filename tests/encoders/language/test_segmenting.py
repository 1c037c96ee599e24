"""Words in order; Chinese ones by a dictionary."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.language.segmenting import words_of


def test_english_by_blanks_chinese_by_words():
    assert words_of("I love this平板电脑, don't you?") == [
        *("I", "love", "this"),
        *("平板", "电脑"),
        *("don't", "you"),
    ]
    assert words_of("酒店房间很干净") == ["酒店", "房间", "很", "干净"]


@given(st.text(max_size=100))
def test_words_stand_in_the_text_in_their_order(text):
    at = 0
    for word in words_of(text):
        found = text.find(word, at)
        assert found >= at
        at = found + len(word)


def test_nothing_is_left_where_everybody_may_write():
    words_of("酒店")
    assert not (Path(tempfile.gettempdir()) / "jieba.cache").exists()
