"""Items are read once for each thing that is told of them, and their vectors go with them."""

from contextlib import closing

import numpy as np
import polars as pl
import pytest

from arrivals import NOW_US, arrival, buy
from limner.events.event import CATALOGUE_SCHEMA
from limner.events.item_vectors import ItemVectors
from limner.profiles.database.item_book import ItemBook
from limner.profiles.database.store import DatabaseStore
from serving import PEPPER, an_eraser

TEXT = {"text": ("v1", 2)}


@pytest.fixture
def book(store):
    return ItemBook(store.engine)


def tell(store, *items, **more):
    rows = [dict.fromkeys(CATALOGUE_SCHEMA) | {"item_id": item} | more for item in items]
    arrived = arrival(catalogue=pl.DataFrame(rows, schema=CATALOGUE_SCHEMA))
    store.accept(arrived, received_us=NOW_US)


def made(*ids, version="v1"):
    vectors = np.arange(2 * len(ids), dtype=np.float32).reshape(-1, 2)
    return {"text": ItemVectors(np.array(ids, np.str_), vectors, version)}


def test_what_is_told_is_read_once_and_again_when_it_is_another(store, book):
    tell(store, "tea", "cup", title="a thing")
    unread = book.unread(limit=9)
    assert sorted(unread.ids) == ["cup", "tea"]
    assert len(book.unread(limit=1)) == 1
    before = book.mark()
    assert book.keep(unread, made("tea", "cup")) == 2
    assert book.mark() != before
    assert len(book.unread(limit=9)) == 0
    tell(store, "tea", title="a thing")
    tell(store, "tea", brand=None)
    assert len(book.unread(limit=9)) == 0
    found = book.vectors(TEXT)["text"]
    assert dict(zip(found.ids.tolist(), found.vectors.tolist(), strict=True)) == {
        "tea": [0, 1],
        "cup": [2, 3],
    }
    assert book.vectors(TEXT, ["cup", "gone"])["text"].vectors.tolist() == [[2, 3]]
    assert book.vectors({"text": ("v2", 2)})["text"].vectors.shape == (0, 2)
    tell(store, "tea", title="another thing")
    assert book.unread(limit=9).ids == ["tea"]
    assert book.vectors(TEXT, ["tea"])["text"].vectors.tolist() == [[0, 1]]
    book.keep(book.unread(limit=9), made("tea"))
    assert book.vectors(TEXT, ["tea"])["text"].vectors.tolist() == [[0, 1]]


def test_what_is_told_while_it_is_read_is_read_again(store, book):
    tell(store, "tea", "cup", title="a thing")
    unread = book.unread(limit=9)
    tell(store, "tea", title="another")
    assert book.keep(unread, made("tea", "cup")) == 1
    assert book.unread(limit=9).ids == ["tea"]
    assert book.vectors(TEXT)["text"].ids.tolist() == ["cup"]


def test_an_item_with_nothing_to_read_is_read_and_loses_what_it_had(store, book):
    tell(store, "tea", "cup", title="a thing")
    book.keep(book.unread(limit=9), made("tea", "cup"))
    tell(store, "tea", title="-")
    book.keep(book.unread(limit=9), made())
    assert len(book.unread(limit=9)) == 0
    assert book.vectors(TEXT)["text"].ids.tolist() == ["cup"]


def test_another_version_has_everything_read_anew(store, book):
    tell(store, "tea", "cup", title="a thing")
    book.keep(book.unread(limit=9), made("tea", "cup"))
    book.read_anew({"text": "v1"})
    assert len(book.unread(limit=9)) == 0
    book.read_anew({"text": "v2"})
    unread = book.unread(limit=9)
    assert len(unread) == 2
    book.keep(unread, made("tea", "cup", version="v2"))
    assert book.vectors(TEXT)["text"].ids.tolist() == []
    book.read_anew({"text": "v2", "image": "v1"})
    assert len(book.unread(limit=9)) == 2


def test_vectors_of_what_the_erased_alone_had_go(address):
    with DatabaseStore(address, pepper=PEPPER) as store:
        book = ItemBook(store.engine)
        store.accept(
            arrival(buy("ann", "a", item_id="hers"), buy("ben", "b", item_id="his")),
            received_us=NOW_US,
        )
        tell(store, "hers", "his", title="a thing")
        unread = book.unread(limit=9)
        book.keep(unread, made("hers", "his"))
        mark = book.mark()
        eraser = an_eraser(store)
        with closing(eraser.book):
            eraser.ask("erase", "ann", actor="test")
            eraser.resume(actor="test")
        assert book.vectors(TEXT)["text"].ids.tolist() == ["his"]
        assert book.mark() != mark
        assert book.keep(unread, made("hers", "his")) == 0
