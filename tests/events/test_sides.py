"""Beside the events the newest word wins."""

import polars as pl

from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA
from limner.events.sides import Side


def catalogue():
    return Side.of_catalogue(pl.DataFrame(schema=CATALOGUE_SCHEMA))


def test_nothing_told_changes_nothing():
    side = catalogue()
    side.add(None)
    side.add(pl.DataFrame(schema=CATALOGUE_SCHEMA))
    assert side.result() is None


def test_the_last_row_of_an_item_stays_as_a_whole():
    side = catalogue()
    side.add(pl.DataFrame({"item_id": ["b", "a"], "title": ["B", " A "], "brand": ["x", "y"]}))
    side.add(pl.DataFrame({"item_id": ["b"], "title": ["new"]}))
    rows = side.result().select("item_id", "title", "brand").rows()
    assert rows == [("a", "A", "y"), ("b", "new", None)]


def test_what_is_known_already_is_no_change():
    side = catalogue()
    side.add(pl.DataFrame({"item_id": ["a"], "title": ["A"]}))
    again = Side.of_catalogue(side.result())
    again.add(pl.DataFrame({"item_id": ["a"], "title": ["A"]}))
    assert again.result() is None


def test_a_row_without_its_key_is_counted(monkeypatch):
    monkeypatch.setattr("limner.events.sides._COMPACT_ROWS", 1)
    side = Side.of_attributes(pl.DataFrame(schema=ATTRIBUTES_SCHEMA))
    for value in ("Rome", "Oslo"):
        side.add(
            pl.DataFrame(
                {"customer_id": ["c", "c", " "], "name": "city", "value": [value, None, "x"]}
            )
        )
    assert side.dropped == 4
    assert side.result()["value"].to_list() == ["Oslo"]
