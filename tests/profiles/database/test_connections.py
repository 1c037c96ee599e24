"""Whoever asks sees the newest state, whoever writes writes all or nothing, and trouble has a name."""

import sqlite3

import pytest
from sqlalchemy import text

from limner.errors import BadStore, DiskFull, ReadOnly
from limner.profiles.database.connections import asking, telling, writing
from limner.profiles.database.opening import open_engine

ADD = text("INSERT INTO meta (name, value) VALUES (:name, '1')")


@pytest.fixture
def engine(tmp_path):
    found = open_engine(tmp_path / "profiles.db")
    yield found
    found.dispose()


def add(connection, names, pragma=None):
    if pragma is not None:
        connection.exec_driver_sql(f"PRAGMA {pragma}")
    for name in names:
        connection.execute(ADD, {"name": name})


def write(engine, *names, pragma=None):
    with writing(engine) as connection:
        add(connection, names, pragma)


def write_without_a_transaction(engine, *names, pragma):
    with telling(), engine.connect() as connection:
        add(connection, names, pragma)


def count(connection):
    return connection.execute(text("SELECT count(*) FROM meta WHERE name LIKE 'my %'")).scalar()


def test_whoever_asks_sees_what_was_written_meanwhile(engine):
    with asking(engine) as connection:
        assert count(connection) == 0
        write(engine, "my one")
        assert count(connection) == 1


def test_whoever_writes_writes_all_or_nothing(engine):
    with pytest.raises(BadStore, match="UNIQUE"):
        write(engine, "my one", "my two", "my two")
    with asking(engine) as connection:
        assert count(connection) == 0


def test_a_store_without_room_is_told_as_such_and_is_as_it_was(engine):
    with pytest.raises(DiskFull, match="no room"):  # it never has fewer pages than are in use
        write(engine, "my one", "my " + "x" * 100_000, pragma="max_page_count = 1")
    with asking(engine) as connection:
        assert count(connection) == 0


def test_what_is_called_full_is_no_full_disk(engine):
    with pytest.raises(BadStore, match="fullname"), asking(engine) as connection:
        connection.execute(text("SELECT fullname FROM meta"))


def test_a_store_that_may_only_be_read_is_told_as_such(engine):
    with pytest.raises(ReadOnly, match="not written"):
        write_without_a_transaction(engine, "my one", pragma="query_only = ON")


def test_a_store_that_somebody_holds_is_told_as_such(engine, tmp_path):
    holder = sqlite3.connect(tmp_path / "profiles.db")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(BadStore, match="locked") as told:
        write_without_a_transaction(engine, "my one", pragma="busy_timeout = 1")
    assert "another process" in told.value.hint
    holder.close()
