"""A database is opened with habits that lose nothing, and one that is not ours is refused."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from limner.errors import BadConfig, BadStore
from limner.profiles.database.opening import open_engine
from limner.profiles.stores.sqlite import SqliteStore


def test_a_file_is_opened_so_that_nothing_acknowledged_is_lost(tmp_path):
    engine = open_engine(tmp_path / "profiles.db")
    with engine.connect() as connection:
        told = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    engine.dispose()
    assert told == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}


def test_what_the_nightly_run_wrote_is_there(tmp_path, profiles):
    path = tmp_path / "profiles.db"
    with SqliteStore(path) as store:
        store.put(profiles.values())
    engine = open_engine(path)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM profiles")).scalar() == len(profiles)
    engine.dispose()
    with SqliteStore(path, read_only=True) as store:
        assert len(store) == len(profiles)


def test_another_database_is_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE t (a)")
    with pytest.raises(BadStore, match="no profile store"):
        open_engine(path)


@pytest.mark.parametrize("address", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "x://"])
def test_what_is_no_place_for_profiles_is_refused(address):
    with pytest.raises(BadConfig):
        open_engine(address)


def test_a_server_that_is_not_there_is_named_without_its_password():
    address = "postgresql://me:secret@127.0.0.1:1/shop?connect_timeout=2"
    with pytest.raises(BadStore, match=r"127\.0\.0\.1:1") as caught:
        open_engine(address)
    assert "secret" not in str(caught.value)
