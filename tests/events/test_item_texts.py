"""What is said of an item is one text, and the newest word on each part of it counts."""

import polars as pl

from limner.events.event import CATALOGUE_SCHEMA
from limner.events.item_texts import catalogue_texts, newest_words


def catalogue(**items):
    rows = [
        dict.fromkeys(CATALOGUE_SCHEMA) | {"item_id": item} | told for item, told in items.items()
    ]
    return pl.DataFrame(rows, schema=CATALOGUE_SCHEMA)


def texts(frame):
    return dict(catalogue_texts(frame).iter_rows())


def test_a_text_holds_whatever_is_said_in_one_order():
    told = texts(
        catalogue(
            tea={"brand": "b", "title": "tea", "category": "food > hot", "description": "d"},
            cup={"brand": "b", "price": 2.0},
            bare={},
        )
    )
    assert told == {"tea": "tea. d. food, hot. b", "cup": "b", "bare": ""}


def test_the_newest_word_on_each_part_counts():
    known = catalogue(tea={"title": "tea", "brand": "b"}, cup={"title": "cup"})
    came = catalogue(tea={"title": "green tea"}, pot={"title": "pot"})
    found = newest_words(known, came)
    assert found["item_id"].to_list() == ["cup", "pot", "tea"]
    assert texts(found) == {"tea": "green tea. b", "cup": "cup", "pot": "pot"}
    assert newest_words(known, came.clear()).equals(known.sort("item_id"))
