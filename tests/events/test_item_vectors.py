"""Vectors of items beside the log: the same after a night, and nought for who has none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limner.errors import BadShape, LogCorrupt
from limner.events import EventLog
from limner.events.item_vectors import ItemVectors, looks_of

names = st.lists(st.text(min_size=1, max_size=4).filter(lambda one: "\0" not in one), unique=True)


@given(kept=names, asked=names)
def test_everybody_gets_their_own_or_nought(kept, asked):
    vectors = np.arange(1, 2 * len(kept) + 1, dtype=np.float32).reshape(len(kept), 2)
    found = ItemVectors(np.array(kept, np.str_), vectors, "1").of(np.array(asked, np.str_))
    assert found.vectors.shape == (len(asked), 2)
    own = dict(zip(kept, vectors.tolist(), strict=True))
    assert found.vectors.tolist() == [own.get(one, [0.0, 0.0]) for one in asked]


def test_a_log_keeps_them_and_loses_nothing_without(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    items = np.array(["a", "b", "新"])
    assert looks_of(log, items) == {}
    vectors = np.eye(3, dtype=np.float32)
    log.keep_item_vectors("text", ItemVectors(items, vectors, "one model"))
    log.keep_item_vectors("text", ItemVectors(items, 2 * vectors, "another model"))
    again = EventLog(tmp_path / "log")
    assert again.item_vectors()["text"].version == "another model"
    (found,) = looks_of(again, np.array(["新", "c"])).values()
    assert found.vectors.tolist() == [[0, 0, 2], [0, 0, 0]]
    assert found.version == "another model"
    assert [file.name for file in (tmp_path / "log/vectors").iterdir()] == ["text.parquet"]


def test_nothing_at_all_is_kept_too(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=1)
    log.keep_item_vectors("text", ItemVectors(np.zeros(0, np.str_), np.zeros((0, 4)), "1"))
    assert looks_of(log, np.array(["a"]))["text"].vectors.tolist() == [[0] * 4]


def test_what_is_broken_is_told_by_its_name(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=1)
    (tmp_path / "log/vectors").mkdir()
    (tmp_path / "log/vectors/text.parquet").write_bytes(b"no parquet")
    with pytest.raises(LogCorrupt, match=r"text\.parquet must hold vectors of items"):
        log.item_vectors()
    with pytest.raises(BadShape, match=r"must be \(2, E\)"):
        ItemVectors(np.array(["a", "b"]), np.zeros((3, 4), np.float32), "1")
