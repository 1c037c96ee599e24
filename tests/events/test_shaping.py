"""Columns brought to our names."""

import polars as pl
import pytest

from limner.errors import BadSource
from limner.events.delimited import Stretch
from limner.events.mapping import Mapping
from limner.events.refusals import nothing_refused
from limner.events.shaping import check_columns, shape


def test_a_mapped_column_that_is_not_there_is_named():
    mapping = Mapping(reader="csv", columns={"customer_id": "who", "time": "when"})
    with pytest.raises(BadSource, match="who"):
        check_columns(["x", "when"], mapping, name="f.csv")
    check_columns(["who", "when", "x"], mapping, name="f.csv")


def test_properties_that_are_objects_already_are_taken_as_they_are():
    frame = pl.DataFrame({"who": ["u1", "u2"], "when": [1, 2], "properties": ['{"week":1}', None]})
    mapping = Mapping(
        reader="parquet",
        columns={"customer_id": "who", "time": "when"},
        constants={"kind": "view"},
        properties=("properties",),
    )
    stretch = Stretch(frame, pl.Series([1, 2]), nothing_refused(), 1.0)
    shaped = shape(stretch, mapping, file="f").events["properties"]
    assert shaped.to_list() == ['{"week":1}', None]
