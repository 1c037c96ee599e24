"""A refused row keeps its reason, its place and its content."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from limner.events import refusals
from limner.events.refusals import REFUSED_SCHEMA, ROW_BYTES, nothing_refused, refuse, rows_as_json


def test_any_type_becomes_json():
    frame = pl.DataFrame(
        {
            "word": ["Käse"],
            "when": [datetime(2020, 1, 1, tzinfo=UTC)],
            "price": [Decimal("1.50")],
            "tags": [["a", "b"]],
            "more": [{"deep": 1}],
            "none": [None],
        }
    )
    row = json.loads(rows_as_json(frame)[0])
    assert row["word"] == "Käse"
    assert row["tags"] == ["a", "b"]
    assert row["more"] == {"deep": 1}
    assert row["when"].startswith("2020-01-01")
    assert row["price"] == "1.50"


def test_a_long_row_is_cut_between_letters():
    text = rows_as_json(pl.DataFrame({"id": ["é" * 10_000, "short"]}))
    assert ROW_BYTES - 1 <= len(text[0].encode()) <= ROW_BYTES
    assert json.loads(text[1]) == {"id": "short"}


def test_columns_of_the_house_are_no_part_of_the_row():
    rows = pl.DataFrame({"x": [1], "_line": [7], "_source": [0]})
    why = pl.Series(["bad"])
    (row,) = refuse(rows, reason=why, detail=why, file="f").iter_rows(named=True)
    assert (json.loads(row["row"]), row["line"]) == ({"x": 1}, 7)


def test_nothing_refused_is_an_empty_table_of_the_same_form():
    empty = refuse(
        pl.DataFrame({"x": []}), reason=pl.Series([""]), detail=pl.Series([""]), file="f"
    )
    assert empty.schema == nothing_refused().schema == REFUSED_SCHEMA
    assert refusals.__all__
