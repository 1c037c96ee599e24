"""The newest vector of each item counts, whichever side has it, and files are heeded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.events.item_vectors import ItemVectors
from limner.events.log import EventLog
from limner.profiles.item_looks import ItemLooks


class Book:
    """What a store keeps, in memory."""

    def __init__(self, told, version="v1"):
        self.told, self.version, self.asked = told, version, 0

    def mark(self):
        return str(sorted(self.told.items()))

    def vectors(self, widths, items=None):
        self.asked += 1
        return {
            look: vectors_of(
                {
                    item: value
                    for item, value in self.told.items()
                    if version == self.version and (items is None or item in items)
                },
                version,
            )
            for look, (version, _) in widths.items()
        }


def vectors_of(told, version="v1"):
    ids = np.array(list(told), np.str_)
    return ItemVectors(ids, np.array(list(told.values()), np.float32).reshape(-1, 1), version)


def plain(found):
    return dict(zip(found.ids.tolist(), found.vectors[:, 0].tolist(), strict=True))


TOLD = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9).map(float))


@given(TOLD, TOLD, st.lists(st.sampled_from("abcdefg"), unique=True))
def test_the_newest_counts(tmp_path_factory, log_has, store_has, asked):
    log = EventLog.create(tmp_path_factory.mktemp("log") / "log", buckets=1)
    log.keep_item_vectors("text", vectors_of(log_has))
    looks = ItemLooks(log, Book(store_has))
    whole = log_has | store_has
    assert plain(looks.all()["text"]) == whole
    some = {item: whole[item] for item in asked if item in whole}
    assert plain(looks.of(asked)["text"]) == some


def test_they_are_put_together_anew_only_where_something_changed(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=1)
    book = Book({"b": 2.0})
    looks = ItemLooks(log, book)
    assert looks.all() == {}
    log.keep_item_vectors("text", vectors_of({"a": 1.0}))
    assert plain(looks.all()["text"]) == {"a": 1, "b": 2}
    asked = book.asked
    assert looks.all() is looks.all()
    assert book.asked == asked
    book.told["a"] = 3.0
    assert plain(looks.all()["text"]) == {"a": 3, "b": 2}
    log.keep_item_vectors("text", vectors_of({"a": 1.0}, "v2"))
    assert plain(looks.all()["text"]) == {"a": 1}


@pytest.mark.parametrize("log", [None, "empty"])
def test_where_nothing_was_read_nothing_is_known(tmp_path, log):
    looks = ItemLooks(log and EventLog.create(tmp_path / "log", buckets=1), Book({"a": 1.0}))
    assert looks.all() == looks.of(["a"]) == {}
    assert ItemLooks(None).all() == {}
