"""Files beside log and database: tables are rewritten, answers of models go, the rest is named."""

import os
import threading

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from limner.encoders.language.texts import tidy_text
from limner.encoders.vector_store import VectorStore, digest
from limner.events.holding import held
from limner.events.log import EventLog
from limner.profiles.leftovers import clear_files, files_of, held_in_files, named_in_files
from log_tools import some_rows, take


def key(text):
    return digest(tidy_text(text, most=2_000).encode())


def test_tables_are_written_anew_without_them(tmp_path):
    folder = tmp_path / "reviews"
    folder.mkdir()
    rows = pl.DataFrame({"customer_id": ["ann", "ben", "ann"], "score": [1.0, 2.0, 3.0]})
    rows.write_parquet(folder / "texts.parquet", metadata={"limner": "told"})
    pl.DataFrame({"item_id": ["ann"]}).write_parquet(folder / "items.parquet")
    assert held_in_files(tmp_path, "ann") == {
        "reviews/texts.parquet": [
            {"customer_id": "ann", "score": 1.0},
            {"customer_id": "ann", "score": 3.0},
        ]
    }
    (done,) = clear_files(tmp_path, ["ann"], [])
    assert (done.path, done.what, done.rows) == ("reviews/texts.parquet", "rows", 2)
    assert pl.read_parquet(folder / "texts.parquet")["customer_id"].to_list() == ["ben"]
    assert pq.read_metadata(folder / "texts.parquet").metadata[b"limner"] == b"told"
    assert sorted(each.name for each in folder.iterdir()) == ["items.parquet", "texts.parquet"]
    assert list(clear_files(tmp_path, ["ann"], [])) == []


def test_what_was_half_written_when_the_power_went_holds_nothing_up(tmp_path):
    file = tmp_path / "reviews" / "said.parquet"
    file.parent.mkdir()
    pl.DataFrame({"customer_id": ["ann", "ben"], "said": ["a", "b"]}).write_parquet(file)
    (file.parent / ".erasing-said.parquet").write_bytes(b"")
    vectors = tmp_path / "models" / "text" / ".erasing-part-0.npz"
    vectors.parent.mkdir(parents=True)
    vectors.write_bytes(b"PK")
    assert set(held_in_files(tmp_path, "ann")) == {"reviews/said.parquet"}
    assert [each.rows for each in clear_files(tmp_path, ["ann"], ["a"])] == [1]
    assert pl.read_parquet(file)["customer_id"].to_list() == ["ben"]
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == ["said.parquet"]


def test_answers_of_models_and_vectors_of_what_they_wrote_go(tmp_path):
    readings = tmp_path / "models" / "folds" / "a" / "0" / "readings"
    readings.mkdir(parents=True)
    (readings / "x.npz").write_bytes(b"x")
    store = VectorStore(tmp_path / "models" / "text" / "v1", 2)
    vectors = np.ones((2, 2), np.float32)
    store.add([key("mine"), key("theirs")], vectors)
    old = tmp_path / "models" / "text" / "v1" / "part-00000.npz"
    old.write_bytes(b"as an earlier version kept them")
    done = {each.what: each.rows for each in clear_files(tmp_path, ["ann"], ["mine"])}
    assert done == {"answers of models, made again": 1, "vectors of texts": 1}
    assert not readings.exists()
    assert not old.exists()
    left = VectorStore(tmp_path / "models" / "text" / "v1", 2)
    assert key("theirs") in left
    assert key("mine") not in left


def test_files_of_the_shops_own_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("limner.profiles.leftovers._PIECE", 7)
    (tmp_path / "orders.csv").write_text("id\nben\nann-1,x\n" + "-" * 50 + "\nann\n")
    (tmp_path / "notes.txt").write_text("annabel, joann, ann-1")
    (tmp_path / "picture.jpg").write_text("ann")
    assert named_in_files(tmp_path, ["ann", "ben"]) == {
        "ann": {"orders.csv"},
        "ben": {"orders.csv"},
    }
    assert named_in_files(tmp_path, []) == {}


def test_what_comes_and_goes_is_left_out(tmp_path):
    for name in ("a.txt", "log/manifest.json", "log/tmp/x", "log/held/1/manifest.json", "b/held/c"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("eve")
    (tmp_path / "link").symlink_to("a.txt")
    os.mkfifo(tmp_path / "pipe")
    found = [each.relative_to(tmp_path).as_posix() for each in files_of(tmp_path)]
    assert found == ["a.txt", "b/held/c", "log/manifest.json"]
    assert named_in_files(tmp_path, ["eve"]) == {"eve": set(found)}


def test_states_of_the_log_may_come_and_go_while_it_looks(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=4)
    take(log, [some_rows(50)])
    over, held_often = threading.Event(), []

    def hold():
        while not over.is_set():
            with held(log):
                held_often.append(None)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    try:
        for _ in range(100):
            assert held_in_files(tmp_path, "c1") == {}
            assert list(clear_files(tmp_path, ["c1"], [])) == []
            named_in_files(tmp_path, ["nobody"])
    finally:
        over.set()
        thread.join()
    assert held_often
