"""A bucket is made anew from its old rows and the new ones."""

import polars as pl
import pytest

from limner.events.cleaning import CleaningConfig
from limner.events.event import EVENT_SCHEMA
from limner.events.log import FLAGS_SCHEMA, EventLog
from limner.events.rebuild import rebuild
from limner.events.spool import Spool
from limner.events.writing import change
from log_tools import some_rows


@pytest.fixture
def under_way(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=1)
    with change(log.folder) as found:
        yield found


def spooled(under_way, rows):
    spool = Spool(under_way.scratch, buckets=1, memory_bytes=1 << 30)
    empty = [
        pl.lit(None, dtype).alias(name)
        for name, dtype in EVENT_SCHEMA.items()
        if name not in rows.columns
    ]
    spool.add(rows.with_columns(*empty, _source=pl.lit(0, pl.Int32), _line=pl.lit(1, pl.Int64)))
    return spool


def build(under_way, rows, config=None):
    flags = pl.DataFrame(schema=FLAGS_SCHEMA)
    spool = spooled(under_way, rows)
    return rebuild(under_way, spool, 0, config=config or CleaningConfig(), flagged=flags)


def test_the_file_tells_what_is_in_it(under_way):
    (file,) = build(under_way, some_rows(50)).files
    assert (file.rows, file.customers, file.kinds) == (50, 20, {"purchase": 50})
    assert sum(file.sizes["amount"].values()) == 50


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_ranges_of_customers_hold_the_same_rows(under_way, monkeypatch, at_once):
    monkeypatch.setattr("limner.events.rebuild.ROWS_AT_ONCE", at_once)
    done = build(under_way, some_rows(60))
    rows = pl.concat([pl.read_parquet(under_way.folder / file.name) for file in done.files])
    wanted = some_rows(60).sort("customer_id", "time")
    assert rows.select(wanted.columns).equals(wanted)
    assert sum(file.customers for file in done.files) == 20
    assert done.added.rows() == [(0, 60)]


def test_a_bucket_of_machines_alone_has_no_file(under_way):
    config = CleaningConfig(bots="refuse", bot_moments_an_hour=5)
    done = build(under_way, some_rows(30, customers=1), config)
    assert done.files == ()
    assert done.lost["_reason"].unique().to_list() == ["bot_like"]
