"""A change is seen whole or not at all, and leaves nothing behind."""

import pytest

from limner.events.log import EventLog
from limner.events.writing import change
from log_tools import content, files, some_rows, take


@pytest.fixture
def log(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    take(log, [some_rows(20)])
    return log


def test_leftovers_of_a_killed_writer_are_removed(log):
    before = files(log.folder)
    (log.folder / "tmp").mkdir()
    for name in ("tmp/x.arrow", "buckets/9.parquet", "rejects/9.parquet", "flags-g000009.parquet"):
        (log.folder / name).write_text("left")
    (log.folder / "manifest.json.new").write_text("half")
    with change(log.folder):
        assert files(log.folder) == before


def test_a_change_without_a_commit_is_no_change(log):
    before = files(log.folder)
    with change(log.folder) as under_way:
        under_way.write(content(log), "buckets/0000-000")
    assert files(log.folder) == before


def test_old_files_go_when_the_new_ones_count(log):
    with change(log.folder) as under_way:
        file = under_way.write(content(log).select("customer_id", flag="customer_id"), "flags")
        under_way.commit(under_way.before.with_changes(flags=file))
        assert (log.folder / file.name).exists()
    with change(log.folder) as under_way:
        under_way.commit(under_way.before.with_changes(flags=None))
    assert not (log.folder / file.name).exists()


def test_a_log_that_is_broken_meanwhile_keeps_its_files(log):
    with change(log.folder):
        (log.folder / "manifest.json").write_text("{")
    assert list((log.folder / "buckets").iterdir())
