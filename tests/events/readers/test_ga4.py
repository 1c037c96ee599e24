"""The export of Google Analytics 4 reads alike from JSON lines and from Parquet."""

import json

import polars as pl
import pytest

from limner.errors import BadSource
from limner.events.event import amount
from limner.events.mapping import Mapping
from limner.events.readers.ga4 import Ga4
from limner.events.source import open_source
from source_samples import EXPORT, lines


@pytest.fixture(params=["json", "parquet", "old parquet"])
def export(request, tmp_path):
    path = tmp_path / "events_20240501"
    if request.param == "json":
        path.write_text(lines(EXPORT))
        return path
    frame = pl.DataFrame(EXPORT, infer_schema_length=None)
    if request.param == "old parquet":
        lists = {
            name: pl.struct(list=pl.col(name).list.eval(pl.struct(element=pl.element()))).alias(
                name
            )
            for name in ("event_params", "items")
        }
        frame = frame.with_columns(**lists)
    frame.write_parquet(path)
    return path


def test_a_purchase_unfolds_into_its_items_at_the_price_before_the_discount(export):
    reader, mapping = open_source(export)
    (batch,) = reader.read(export, mapping)
    columns = [
        "customer_id",
        "time",
        "kind",
        "item_id",
        "order_id",
        "quantity",
        "price",
        "discount",
    ]
    assert batch.events.select(columns).rows() == [
        ("p.1", "1714557600000000", "purchase", "i1", "t1", 2.0, 11.0, 2.0),
        ("p.1", "1714557600000000", "purchase", "i2", "t1", None, 7.5, None),
        ("u2", "1714557601000000", "search", None, None, None, None, None),
        ("p.3", "1714557602000000", "purchase", None, None, None, 5.0, None),
    ]
    worth = batch.events.select(amount().alias("worth"))["worth"]
    assert worth.to_list() == [20.0, 7.5, 0.0, 5.0]
    assert batch.events["text"].to_list() == [None, None, "hat", None]
    assert batch.events["session_id"].to_list()[:2] == ["77", "77"]
    assert batch.events["currency"].to_list()[:2] == ["EUR", "EUR"]
    assert json.loads(batch.events["properties"][2]) == {"page_location": "/search"}
    assert batch.catalogue.select("item_id", "title", "category", "price").rows() == [
        ("i1", "Hat", "Clothes > Hats", 11.0),
        ("i2", "Pin", None, 7.5),
    ]


def test_a_table_that_is_no_export_is_refused(tmp_path):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(path)
    with pytest.raises(BadSource, match="must have a column"):
        list(Ga4().read(path, Mapping(reader="ga4")))
