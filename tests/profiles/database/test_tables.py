"""The tables of the living store hold every column of an event, and are those of the light store."""

import sqlite3
from contextlib import closing

from limner.events.event import EVENT_SCHEMA
from limner.profiles.database import tables
from limner.profiles.database.writing import EVENT
from limner.profiles.stores.sqlite import SqliteStore


def test_an_event_loses_no_column():
    assert {"customer_id", "time", *EVENT} == set(EVENT_SCHEMA.names())
    held = {column.name for column in tables.journal.c}
    assert set(EVENT) <= held


def test_the_light_store_makes_the_same_tables(tmp_path):
    path = tmp_path / "profiles.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as file:
        for table in (tables.profiles, tables.meta):
            rows = file.execute(f"PRAGMA table_info({table.name})").fetchall()
            assert [row[1] for row in rows] == [column.name for column in table.c]
