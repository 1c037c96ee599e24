"""Columns brought to our names."""

import pytest

from limner.errors import BadSource
from limner.events.mapping import Mapping
from limner.events.shaping import check_columns


def test_a_mapped_column_that_is_not_there_is_named():
    mapping = Mapping(reader="csv", columns={"customer_id": "who", "time": "when"})
    with pytest.raises(BadSource, match="who"):
        check_columns(["x", "when"], mapping, name="f.csv")
    check_columns(["who", "when", "x"], mapping, name="f.csv")
