"""A query is read in batches, and only read."""

import sqlite3
import sys
from contextlib import closing

import duckdb
import pytest

from limner.errors import BadSource, MissingExtra
from limner.events.mapping import Mapping, Options
from limner.events.readers.sql import Sql
from limner.events.source import open_source
from source_samples import database


def read(source, **wishes):
    reader, mapping = open_source(source)
    return [row for batch in reader.read(source, mapping, **wishes) for row in batch.events.rows()]


def test_sqlite_columns_of_mixed_types_become_text(tmp_path):
    assert read(database(tmp_path / "shop.db")) == [
        ("1", "2024-05-01", "purchase", "a", "3.5", 1),
        ("b", "2024-05-02", "purchase", "c", "4,0", 2),
    ]


def test_duckdb_keeps_its_types_and_a_query_may_be_asked(tmp_path):
    path = tmp_path / "shop.duckdb"
    with closing(duckdb.connect(str(path))) as shop:
        shop.execute(
            "CREATE TABLE orders AS SELECT 'u' || n AS user_id, n AS sku, "
            "TIMESTAMP '2024-05-01' + INTERVAL (n) HOUR AS time FROM range(7) t(n)"
        )
    rows = read(f"sql+duckdb:///{path}?query=SELECT * FROM orders WHERE sku > 3", batch_rows=2)
    assert [row[0] for row in rows] == ["u4", "u5", "u6"]
    assert [row[-1] for row in rows] == [1, 2, 3]
    assert len(read(f"sql+duckdb:///{path}?table=main.orders")) == 7


def test_an_empty_answer_has_no_rows(tmp_path):
    address = database(tmp_path / "shop.db").replace(
        "table=orders", "query=SELECT * FROM orders LIMIT 0"
    )
    mapping = Mapping(reader="sql", columns={"customer_id": "customer_id", "time": "order_date"})
    (batch,) = Sql().read(address, mapping)
    assert batch.events.is_empty()


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("DROP TABLE orders", "one query that only reads"),
        ("SELECT 1; DELETE FROM orders", "one query that only reads"),
        ("SELECT * FROM none_such", "cannot be read: no such table"),
        ("WITH gone AS (SELECT 1) DELETE FROM orders", "cannot be read"),
    ],
)
def test_a_query_that_writes_or_is_wrong_is_refused(tmp_path, query, match):
    address = database(tmp_path / "shop.db")
    mapping = Mapping(reader="sql", columns={"time": "a"}, options=Options(query=query))
    with pytest.raises(BadSource, match=match):
        list(Sql().read(address, mapping))
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop:
        assert shop.execute("SELECT count(*) FROM orders").fetchone() == (2,)


def test_an_address_must_say_what_to_read_and_where(tmp_path):
    database(tmp_path / "shop.db")
    with pytest.raises(BadSource, match=r"must say what to read"):
        open_source(f"sql+sqlite:///{tmp_path}/shop.db")
    with pytest.raises(BadSource, match="there is no file"):
        open_source(f"sql+sqlite:///{tmp_path}/none.db?table=orders")
    with pytest.raises(BadSource, match="must be a source that a reader takes"):
        open_source("sql+oracle://shop?table=orders")


def test_a_database_whose_package_is_missing_says_what_to_install(monkeypatch):
    for package, address in (
        ("duckdb", "sql+duckdb://?table=a"),
        ("psycopg", "postgresql://h/d?table=a"),
    ):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(MissingExtra, match=r"pip install 'limner\[sql\]'"):
            open_source(address)


def test_a_password_is_never_shown():
    address = "postgresql://me:secret@127.0.0.1:1/shop?table=orders&connect_timeout=1"
    with pytest.raises(BadSource) as caught:
        open_source(address)
    assert "secret" not in str(caught.value)
