"""Words are trimmed, numbers are read, and nothing is missing."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.events.columns import numbers, words


def read(expression, values):
    frame = pl.DataFrame({"x": values})
    return frame.select(expression("x", frame.schema["x"])).to_series().to_list()


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["  a b ", "", None], ["a b", None, None]),
        ([1, None], ["1", None]),
        ([1.0, 2.5, float("nan")], ["1", "2.5", None]),
        ([True], ["true"]),
        ([None], [None]),
        ([{"a": 1}], ['{"a":1}']),
        ([date(2020, 1, 2)], ["2020-01-02"]),
    ],
)
def test_every_type_has_words(values, wanted):
    assert read(words, values) == wanted


def test_words_for_nothing_are_nothing_only_where_asked():
    frame = pl.DataFrame({"x": ["n/a", "NULL", "no"]})
    kept = frame.select(words("x", pl.String()))["x"].to_list()
    gone = frame.select(words("x", pl.String(), no_words=True))["x"].to_list()
    assert (kept, gone) == (["n/a", "NULL", "no"], [None, None, "no"])


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["1,234.5", "$ 3", "(2)", "x", "-"], [1234.5, 3.0, -2.0, None, None]),
        ([1, 2], [1.0, 2.0]),
        ([-0.0], [0.0]),
        ([None], [None]),
    ],
)
def test_every_type_has_numbers(values, wanted):
    assert read(numbers, values) == wanted


@pytest.mark.parametrize("text", ["4,50", "0,500", "1,2", "12,3456", ",5", "1,234,5", "1.234,50"])
def test_a_comma_that_parts_no_thousands_is_no_number(text):
    assert read(numbers, [text]) == [None]


@given(st.floats(-1e9, 1e9).map(lambda value: round(value, 2)))
def test_a_number_is_read_as_it_is_written_in_either_manner(value):
    text = f"{value:,.2f}"
    swapped = text.translate(str.maketrans(",.", ".,"))
    frame = pl.DataFrame({"x": [text], "y": [swapped]})
    dot, comma = frame.select(
        numbers("x", pl.String()), numbers("y", pl.String(), decimal_comma=True)
    ).row(0)
    assert dot == comma == value
    # Read in the other's manner it is refused, or it is whole thousands; never a wrong fraction.
    wrong = frame.select(numbers("y", pl.String())).item()
    assert wrong is None


def test_groups_of_two_digits_are_thousands_in_india():
    assert read(numbers, ["12,34,567.5"]) == [1234567.5]
