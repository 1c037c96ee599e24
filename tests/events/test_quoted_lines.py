"""Lines with quotes, each a row or a refused row."""

from hypothesis import given
from hypothesis import strategies as st

from limner.events.quoted_lines import parse_lines

NAMES = ["a", "b", "c"]


def parsed(block):
    return parse_lines(block, NAMES, ",", line=2, file="f.csv", last=True)


def test_a_quoted_separator_does_not_part_a_field():
    found = parsed(b'1,"two, and",3\n4,5\n')
    assert found.frame.rows() == [("1", "two, and", "3")]
    assert found.refused.select("reason", "line").rows() == [("broken_row", 3)]


@given(st.lists(st.lists(st.sampled_from(["x", "y z", "7"]), min_size=2, max_size=4), max_size=8))
def test_every_line_is_a_row_or_a_refused_row(rows):
    block = "".join(",".join(row) + "\n" for row in rows).encode()
    found = parsed(block)
    assert len(found.frame) + len(found.refused) == len(rows)
