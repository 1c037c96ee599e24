"""Stores of before are brought up to what is expected, once; those of after are left alone."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from arrivals import NOW_US, T0, arrival, buy
from limner import plugins
from limner.errors import BadStore
from limner.profiles.database import migrating, revisions
from limner.profiles.database.migrating import Migrated, head, migrate, revision_of
from limner.profiles.database.opening import open_engine
from limner.profiles.database.store import DatabaseStore
from limner.profiles.database.tables import metadata
from limner.profiles.painter import Painter
from limner.profiles.stores.sqlite import SqliteStore

KEPT = Path(__file__).parents[2] / "golden" / "stores" / "0001.sql"


def of_before(address, monkeypatch):
    """Make a store as the first version left it, with what was kept of one."""
    source = sqlite3.connect(address if "://" not in address else ":memory:")
    with closing(source):
        source.executescript(KEPT.read_text(encoding="utf-8"))
        if "://" not in address:
            return
        with monkeypatch.context() as before:
            before.setattr(migrating, "head", lambda: "0001")
            engine = open_engine(address)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE alembic_version")
            for table in metadata.sorted_tables:
                asked = f"SELECT count(*) FROM sqlite_master WHERE name = '{table.name}'"
                if not source.execute(asked).fetchone()[0]:
                    continue
                source.row_factory = sqlite3.Row
                rows = [dict(row) for row in source.execute(f"SELECT * FROM {table.name}")]
                source.row_factory = None
                if rows:
                    connection.execute(table.insert(), rows)
            connection.exec_driver_sql("SELECT setval('customers_no_seq', 2)")
        engine.dispose()


def test_models_and_revisions_agree(address):
    engine = open_engine(address)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert revision_of(connection) == head()
    engine.dispose()


def test_every_revision_follows_the_one_before_and_its_file_says_so():
    folder = str(Path(revisions.__file__).parent)
    script = ScriptDirectory(folder, version_locations=[folder])
    line = [each.revision for each in script.walk_revisions()]
    assert line == sorted(line, reverse=True)
    assert script.get_heads() == [head()]
    named = [name[1:].partition("_")[0] for name in plugins.names(revisions)]
    assert named == line[::-1]


def test_a_store_of_before_is_recognised_and_goes_on(address, monkeypatch):
    of_before(address, monkeypatch)
    done = []
    open_engine(address, told=done.append).dispose()
    assert done == [Migrated(None, head())]
    with DatabaseStore(address) as store:
        assert store.totals() == {
            "customers": 2, "events": 4, "rejects": 1, "stale": 1, "token": 4,
        }  # fmt: skip
        assert store.key("3f9a1c02b7de").scopes == ("ingest",)
        again = store.accept(arrival(buy("ann", "e1"), buy("new", "e9")), received_us=NOW_US)
        assert (again.accepted, len(again.duplicates)) == (1, 1)
        before = store.page("ann").portrait
        painter = Painter(store, None, clock="log")
        painter.renew(store.stale(limit=9), now=T0)
        assert store.stale(limit=1) == []
        store.mark_all_stale()
        painter.renew(store.stale(limit=9), now=T0)
        assert before is not None
        assert store.page("ann").portrait is not None


def test_what_is_up_to_date_is_neither_written_to_nor_needs_alembic(tmp_path):
    path = tmp_path / "profiles.db"
    open_engine(path).dispose()
    code = (
        "import sys; from limner.profiles.database.opening import open_engine;"
        f"open_engine({str(path)!r}).dispose();"
        "print('alembic' in sys.modules)"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # whoever wanted to write would wait
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
        )
    assert run.stdout.strip() == "False"


def test_several_who_open_a_new_store_at_once_do_the_work_once(address):
    done, failed = [], []

    def open_it():
        try:
            open_engine(address, told=done.append).dispose()
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert sum(each.changed for each in done) == 1


@pytest.mark.parametrize(("found", "advice"), [("9999", "--upgrade"), ("0000x", "never released")])
def test_a_store_of_another_version_is_left_alone(address, found, advice):
    engine = open_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :n"), {"n": found})
    engine.dispose()
    with pytest.raises(BadStore, match=f"revision {found}.*knows 0001") as caught:
        DatabaseStore(address)
    assert advice in caught.value.hint


def test_a_step_that_fails_leaves_the_store_as_it_was(address, monkeypatch):
    of_before(address, monkeypatch)
    real = migrating._upgrade

    def half(connection, to):
        real(connection, to)
        raise RuntimeError("the power went")

    with monkeypatch.context() as broken:
        broken.setattr(migrating, "_upgrade", half)
        with pytest.raises(RuntimeError, match="power"):
            open_engine(address)
    with monkeypatch.context() as before:
        before.setattr(migrating, "migrate", lambda *_, **__: None)
        before.setattr("limner.profiles.database.opening.migrate", lambda *_, **__: None)
        engine = open_engine(address)
    with engine.connect() as connection:
        assert revision_of(connection) is None
    assert migrate(engine, where="here").before is None
    engine.dispose()


def test_the_light_store_goes_on_with_the_same_file(tmp_path, profiles):
    path = tmp_path / "profiles.db"
    with SqliteStore(path) as light:
        light.put(profiles.values())
    open_engine(path).dispose()
    with SqliteStore(path) as light:
        light.put(profiles.values(), replace=True)
        assert len(light) == len(profiles)
    engine = open_engine(path)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM profiles")).scalar() == len(profiles)
    engine.dispose()
