"""Languages are told apart, and what is too short is left alone."""

# ruff: noqa: RUF001

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.encoders.language.tongues import KNOWN, UNKNOWN, tongue_of, tongues_of


@pytest.mark.parametrize(
    ("text", "tongue"),
    [
        ("This works well and the children love it", "en"),
        ("质量不错，物流很快", "zh"),
        ("很好", "zh"),
        ("Sehr gut, schnelle Lieferung, danke", "de"),
        ("Muy bueno, lo recomiendo a todos", "es"),
        ("これはとてもいいです", "ja"),
        ("Очень хороший товар, всё работает, спасибо продавцу за быструю доставку", "ru"),
        ("👍👍 5/5", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_known_languages(text, tongue):
    assert tongue_of(text) == tongue


@given(st.text(max_size=200))
def test_any_text_is_of_a_known_language_or_none(text):
    assert tongue_of(text) in {UNKNOWN, *KNOWN}


def test_many_at_once_are_each_by_itself():
    texts = ["a very good tablet for the price", "太贵了"]
    assert tongues_of(texts) == [tongue_of(each) for each in texts]
