"""A data frame of any maker reads the same."""

import duckdb
import polars as pl
import pytest

from limner.errors import BadSource
from limner.events.readers.frame import Frame
from limner.events.source import open_source
from source_samples import orders

MAKERS = {
    "polars": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "pandas": lambda frame: frame.to_pandas(),
    "arrow": lambda frame: frame.to_arrow(),
    "duckdb": lambda frame: duckdb.from_arrow(frame.to_arrow()),
}


@pytest.mark.parametrize("maker", sorted(MAKERS))
def test_every_maker_gives_the_same_rows(maker):
    source = MAKERS[maker](orders())
    reader, mapping = open_source(source)
    assert isinstance(reader, Frame)
    batches = list(reader.read(source, mapping, batch_rows=2))
    events = pl.concat([batch.events for batch in batches])
    assert events["_line"].to_list() == [1, 2, 3]
    assert events["item_id"].to_list() == ["85123A", "71053", "84406B"]
    assert events["customer_id"].is_null().to_list() in ([False, True, False], [False] * 3)
    assert mapping.catalogue == {"title": "Description"}
    assert batches[0].attributes["value"].to_list() == ["France"]


def test_categories_are_read_as_their_text():
    source = orders().with_columns(pl.col("StockCode").cast(pl.Categorical))
    reader, mapping = open_source(source)
    (batch,) = reader.read(source, mapping)
    assert batch.events.schema["item_id"] == pl.String


def test_what_is_no_data_frame_is_refused():
    with pytest.raises(
        BadSource, match="a source must be a path, an address or a data frame, got int"
    ):
        open_source(7)
