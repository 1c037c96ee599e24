"""What waits is what was given, in memory or on disk."""

import polars as pl

from limner.events.buckets import bucket_of
from limner.events.spool import Spool
from log_tools import some_rows


def given(memory_bytes, folder):
    spool = Spool(folder / "tmp", buckets=3, memory_bytes=memory_bytes)
    for number in range(3):
        rows = some_rows(40, start=40 * number).with_columns(
            _source=pl.lit(number, pl.Int32), text=pl.lit(None, pl.String)
        )
        spool.add(rows)
    spool.add(some_rows(0).with_columns(_source=pl.lit(3, pl.Int32)))
    return spool


def test_rows_wait_in_their_buckets_in_memory_or_on_disk(tmp_path):
    for memory_bytes, spilled in ((1 << 30, 0), (1, 3)):
        spool = given(memory_bytes, tmp_path)
        assert spool.spilled == spilled
        assert sum(spool.rows) == 120
        for bucket in range(3):
            rows = spool.scan(bucket).collect()
            assert len(rows) == spool.rows[bucket]
            assert "text" not in rows.columns
            assert set(bucket_of(rows["customer_id"], buckets=3)) == {bucket}


def test_rows_of_a_source_can_be_left_out(tmp_path):
    spool = given(1 << 30, tmp_path)
    assert set(spool.scan(0, without=[1]).collect()["_source"]) == {0, 2}


def test_a_bucket_that_is_done_takes_no_room(tmp_path):
    spool = given(1, tmp_path)
    for bucket in range(3):
        spool.forget(bucket)
    assert list((tmp_path / "tmp").iterdir()) == []
