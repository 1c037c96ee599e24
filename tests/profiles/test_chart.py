"""Small pictures."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from limner.profiles.chart import bars, spark

numbers = st.lists(st.floats(-1e9, 1e9), max_size=60)


@given(numbers, st.text(st.characters(codec="utf-8", categories=("L", "P", "S"))))
def test_a_picture_is_whole_xml_and_stays_in_its_frame(values, title):
    picture = ET.fromstring(spark(values, title=title, width=100, height=50))
    assert picture.find("title").text == (title or None)
    for line in picture.iter("polyline"):
        for point in line.get("points").split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= 100
            assert 0 <= y <= 50


def test_the_tallest_bar_is_stressed():
    picture = ET.fromstring(bars([1, 3], [("a<", "一"), ("", "")], title="t"))
    assert [bar.get("class") for bar in picture.iter("rect")] == ["bar", "bar most"]
    assert [text.text for text in picture.iter("text")] == ["a<", "一"]


def test_one_value_draws_no_line():
    assert "polyline" not in spark([1.0], title="t")
