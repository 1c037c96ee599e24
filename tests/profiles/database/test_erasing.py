"""No byte of deleted rows is left in the file, whoever wrote and deleted them."""

import sqlite3
from contextlib import closing

import polars as pl
import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import BadStore
from limner.events.refusals import REFUSED_SCHEMA
from limner.profiles.database import erasing
from limner.profiles.database.store import DatabaseStore
from limner.profiles.stores.sqlite import SqliteStore

WORD = "zqcanary"


def test_what_another_program_deleted_is_gone_too(tmp_path, profiles):
    path = tmp_path / "profiles.db"
    with SqliteStore(path) as light:
        light.put(profiles.values())
    who = next(iter(profiles)).encode()
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM profiles")
        other.commit()
    with DatabaseStore(path) as store:
        store.accept(arrival(*(buy("x", f"e{n}", text=WORD * 50) for n in range(50))),
                     received_us=NOW_US)  # fmt: skip
        with store.engine.begin() as connection:
            assert erasing.erase_rows(connection, "x", marks=[])["journal"] == 50
        erasing.scrub(store.engine)
        for file in tmp_path.glob("profiles.db*"):
            raw = file.read_bytes()
            assert WORD.encode() not in raw, file
            assert who not in raw, file
        assert (tmp_path / "profiles.db-wal").stat().st_size == 0


def test_a_reader_that_does_not_end_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(erasing, "_PATIENCE_S", 0.2)
    path = tmp_path / "profiles.db"
    with DatabaseStore(path) as store:
        store.accept(arrival(buy()), received_us=NOW_US)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM journal").fetchone()
            store.accept(arrival(buy("ben", "e2")), received_us=NOW_US)
            with pytest.raises(BadStore, match="another process"):
                erasing.scrub(store.engine)
        erasing.scrub(store.engine)


def test_a_short_id_takes_no_other_rows_along(store):
    rows = ['{"userId": "1", "n": 11}', '{"userId": "11"}', '{"userId": 1.0}', "2;1;3", "1x;y"]
    bad = pl.DataFrame(
        [("r", "d", "f", None, row) for row in rows], schema=REFUSED_SCHEMA, orient="row"
    )
    store.accept(arrival(refused=bad), received_us=NOW_US)
    with store.engine.begin() as connection:
        found = [row.row for row in erasing.named_rejects(connection, "1")]
        assert found == [rows[0], rows[2], rows[3]]
        assert {"1", "11"} <= erasing.ids_held(connection)
