"""Fields put into one JSON object a row."""

import json

import polars as pl

from limner.events.unfolding import as_json


def test_fields_become_an_object_and_empty_ones_are_left_out():
    frame = pl.DataFrame({"a": ["x", None], "b": ["1", "2"]})
    found = frame.select(as_json({"a": pl.col("a"), "b": pl.col("b")}).alias("j"))["j"]
    assert [json.loads(one) for one in found] == [{"a": "x", "b": "1"}, {"b": "2"}]
