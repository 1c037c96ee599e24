"""Whatever comes as a text is made such that nothing behind can stumble over it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.language.texts import is_chinese, share_of_chinese, tidy_text, tidy_texts

ANYTHING = st.text(st.characters(exclude_categories=())) | st.none() | st.integers() | st.binary()


@given(ANYTHING, st.integers(1, 50))
def test_a_tidy_text_can_be_written_and_is_tidy(text, most):
    tidy = tidy_text(text, most=most)
    assert len(tidy) <= most
    tidy.encode("utf-8")
    assert not any(unicodedata.category(each) == "Cc" for each in tidy)
    assert "  " not in tidy
    assert tidy == tidy.lstrip()


@given(st.text(), st.integers(1, 50))
def test_tidying_twice_is_tidying_once(text, most):
    once = tidy_text(text, most=most)
    assert tidy_text(once, most=most).strip() == once.strip()


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("", ""),
        (None, ""),
        (3.5, ""),
        ("a\ud83d b", "a� b"),
        ("\ud83d\ude00 fine", "😀 fine"),
        ("שלום עולם", "שלום עולם"),
        ("👨‍👩‍👧 家", "👨‍👩‍👧 家"),
        ("\uff21\uff11\u3000\uff42", "A1 b"),
        ("one\x00two\n\nthree", "one two three"),
        ("call 13812345678 or a@b.example", "call [phone] or [email]"),
    ],
)
def test_what_becomes_of_odd_texts(text, tidy):
    assert tidy_text(text, most=100) == tidy


def test_a_megabyte_is_cut_before_it_is_read():
    assert tidy_text("word " * 200_000, most=9) == "word word"
    assert len(tidy_texts(["a " * 600_000])[0]) <= 20_000


def test_chinese_is_told_from_other_writing():
    assert share_of_chinese("很好") == 1
    assert share_of_chinese("") == share_of_chinese("123 !") == 0
    assert is_chinese(["这本书很好看", "物流太慢了", "ok"])
    assert not is_chinese(["a fine book", "很好", "late again"])
    assert not is_chinese([])
    assert not is_chinese(["", ""])
