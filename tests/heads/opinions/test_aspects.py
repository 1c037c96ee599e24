"""What is spoken of, clause by clause."""

# ruff: noqa: RUF001

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.heads.opinions.aspects import ASPECTS, aspects_in, clauses_of


@pytest.mark.parametrize(
    ("clause", "aspects"),
    [
        ("great price", ["price"]),
        ("Delivery was late", ["delivery"]),
        ("物流很快", ["delivery"]),
        ("价格便宜", ["price"]),
        ("酒店房间很脏", ["room"]),
        ("nothing to say", []),
        ("a suspicious spriced word", []),
        ("The SCREEN cracked", ["quality", "performance"]),
    ],
)
def test_words_name_aspects(clause, aspects):
    assert aspects_in(clause) == aspects


def test_a_but_parts_praise_from_blame():
    said = clauses_of("Great screen, but the battery is bad. 质量好，但是太贵了！")
    assert [aspects_in(each) for each in said] == [
        ["performance"],
        ["performance"],
        ["quality"],
        ["price"],
    ]


@given(st.text(max_size=3000))
def test_any_text_has_few_clauses_of_known_aspects(text):
    found = clauses_of(text)
    assert len(found) <= 60
    assert all(each in text for each in found)
    assert all(set(aspects_in(each)) <= set(ASPECTS) for each in found)
