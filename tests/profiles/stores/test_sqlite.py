"""The SQLite store, beyond what every store promises."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from limner.errors import BadStore, DiskFull, NotFitted
from limner.profiles.stores.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "profiles.db"


def ask(path, query):
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(query).fetchall()


def test_any_tool_can_ask_the_file(path, profiles):
    with SqliteStore(path) as store:
        store.put(profiles.values())
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]
    rows = ask(
        path,
        "SELECT customer_id, rfm_group, stage, json_extract(profile, '$.lifecycle.stage')"
        " FROM profiles ORDER BY 1",
    )
    assert rows[0] == ("ann", "CHAMPIONS", "active", "active")
    assert ask(path, "SELECT as_of FROM profiles LIMIT 1") == [("2024-03-01T00:00:00+00:00",)]


def test_full_synchronisation_is_on(path):
    with SqliteStore(path) as store:
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_reading_only_neither_makes_nor_writes(path, ann):
    with pytest.raises(NotFitted, match="no profiles yet") as caught:
        SqliteStore(path, read_only=True)
    assert "limner fit" in caught.value.hint
    assert not path.exists()
    path.touch()
    with pytest.raises(NotFitted, match="no profiles yet"):
        SqliteStore(path, read_only=True)
    SqliteStore(path).close()
    with (
        SqliteStore(path, read_only=True) as store,
        pytest.raises(BadStore, match="opened for reading only"),
    ):
        store.put([ann])


def test_a_file_of_a_newer_limner_is_refused(path):
    SqliteStore(path).close()
    ask(path, "PRAGMA user_version = 99")
    with pytest.raises(BadStore, match="schema version 99, this Limner reads 1") as caught:
        SqliteStore(path)
    assert "upgrade" in caught.value.hint


def test_another_database_is_refused_and_left_as_it_is(path):
    ask(path, "CREATE TABLE theirs (a)")
    with pytest.raises(BadStore, match="no profile store"):
        SqliteStore(path)
    assert ask(path, "SELECT name FROM sqlite_master") == [("theirs",)]


def test_a_file_that_is_no_database_is_refused(path):
    path.write_bytes(b"customer,when\nann,today\n" * 100)
    with pytest.raises(BadStore, match="not a whole profile store"):
        SqliteStore(path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BadStore, match="cannot be opened") as caught:
        SqliteStore(tmp_path / "nowhere" / "profiles.db")
    assert "folder" in caught.value.hint


def test_a_full_disk_is_said_and_changes_nothing(path, profiles, ann, monkeypatch):
    with SqliteStore(path) as store:
        store.put([ann])
        opened = store._open

        def small():
            connection = opened()
            connection.execute("PRAGMA main.max_page_count = 8")
            return connection

        monkeypatch.setattr(store, "_open", small)
        many = (replace(ann, customer_id=f"u{row}") for row in range(50))
        with pytest.raises(DiskFull, match="no room to write"):
            store.put(many, replace=True)
        assert store.get("ann") == ann
        assert len(store) == 1


def test_a_writer_that_will_not_let_go_is_reported(path, ann, monkeypatch):
    monkeypatch.setattr("limner.profiles.stores.sqlite._WAIT_S", 0.05)
    with SqliteStore(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BadStore, match="locked") as caught:
            store.put([ann])
        assert "another process" in caught.value.hint
        other.execute("ROLLBACK")
        assert store.put([ann]) == 1


def test_many_writers_and_readers_at_once_lose_nothing(path, ann):
    SqliteStore(path).close()
    errors = []

    def write(name):
        try:
            with SqliteStore(path) as store:
                for turn in range(5):
                    store.put(
                        [replace(ann, customer_id=f"{name}-{turn}-{each}") for each in range(4)]
                    )
                    assert len(list(store)) % 4 == 0
        except Exception as error:  # noqa: BLE001 - the main thread reports it
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with SqliteStore(path, read_only=True) as store:
        assert len(store) == 60


def test_one_store_may_be_shared_by_threads(path, profiles):
    with SqliteStore(path) as store:
        store.put(profiles.values())
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(store.get("ann").customer_id))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == ["ann"] * 8


def test_a_store_that_is_forgotten_closes_its_file(path):
    store = SqliteStore(path)
    connection = store._connection
    del store
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
