"""Items are read by a thread, each once; one that cannot be read holds up no other."""

import time

import numpy as np
import polars as pl
import pytest

from arrivals import arrival
from limner.events.event import CATALOGUE_SCHEMA
from limner.events.item_vectors import ItemVectors
from limner.profiles.database.item_book import ItemBook
from limner.profiles.database.store import DatabaseStore
from limner.service import item_reading
from limner.service.item_reading import ItemReader


class Reads:
    """Makes a vector of each title, but not of what it chokes on."""

    def __init__(self):
        self.version: str | None = "v1"
        self.read_titles: list[str] = []

    def versions(self):
        if self.version == "broken":
            raise OSError("no model")
        return {} if self.version is None else {"text": self.version}

    def read(self, catalogue):
        titles = catalogue["title"].to_list()
        if "chokes" in titles:
            raise ValueError(titles)
        self.read_titles += titles
        vectors = np.array([[len(each)] for each in titles], np.float32)
        return {"text": ItemVectors(catalogue["item_id"].to_numpy().astype(str), vectors, "v1")}


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def tell(store, **titles):
    rows = [
        dict.fromkeys(CATALOGUE_SCHEMA) | {"item_id": item, "title": title}
        for item, title in titles.items()
    ]
    told = arrival(catalogue=pl.DataFrame(rows, schema=CATALOGUE_SCHEMA))
    store.accept(told, received_us=0)


def a_reader(store, reads, **more):
    return ItemReader(ItemBook(store.engine), store.catalogue, reads, **more)


def known(store):
    found = ItemBook(store.engine).vectors({"text": ("v1", 1)})["text"]
    return dict(zip(found.ids.tolist(), found.vectors[:, 0].tolist(), strict=True))


def test_what_cannot_be_read_holds_up_no_other_and_is_tried_at_the_next_start(store):
    reads = Reads()
    reader = a_reader(store, reads)
    tell(store, a="tea", b="chokes", c="cake")
    assert reader.once() == 3
    assert known(store) == {"a": 3, "c": 4}
    assert reader.once() == 0
    tell(store, b="fine")
    assert a_reader(store, reads).once() == 1
    assert known(store) == {"a": 3, "b": 4, "c": 4}
    assert sorted(reads.read_titles) == ["cake", "fine", "tea"]


def test_a_word_that_cannot_be_read_leaves_nothing_of_the_word_before(store):
    reader = a_reader(store, Reads())
    tell(store, a="tea")
    reader.once()
    tell(store, a="chokes")
    reader.once()
    assert known(store) == {}


def test_a_full_disk_is_not_the_items_fault(store):
    reads = Reads()
    reader = a_reader(store, reads)
    tell(store, a="tea", c="cake")
    whole = reads.read
    reads.read = lambda _: (_ for _ in ()).throw(OSError(28, "no room"))
    with pytest.raises(OSError, match="no room"):
        reader.once()
    reads.read = whole
    assert reader.once() == 2


def test_nothing_is_read_while_there_is_no_way_to(store):
    reads = Reads()
    reads.version = None
    tell(store, a="tea")
    reader = a_reader(store, reads)
    assert reader.once() == 0
    reads.version = "v1"
    assert reader.once() == 1


def test_an_item_that_nobody_knows_any_more_is_passed_over(store):
    tell(store, a="tea")
    reader = ItemReader(ItemBook(store.engine), lambda _: None, Reads())
    assert reader.once() == 1
    assert known(store) == {}


def test_a_thread_reads_them_as_they_come_and_outlives_trouble(store, monkeypatch):
    monkeypatch.setattr(item_reading, "_AGAIN_S", 0.01)
    reads, leads = Reads(), []
    reads.version = "broken"
    reader = a_reader(store, reads, leads=lambda: bool(leads))
    reader.start()
    tell(store, a="tea")
    time.sleep(0.05)
    leads.append(1)
    time.sleep(0.05)
    assert known(store) == {}
    reads.version = "v1"
    while not known(store):
        time.sleep(0.01)
    reader.close()
    reader.close()
    assert known(store) == {"a": 3}
