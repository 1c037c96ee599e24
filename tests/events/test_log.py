"""The log is sorted, whole, and the same however its rows arrived."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

from limner.errors import BadConfig, BadShape, LogCorrupt, NoWorkspace
from limner.events.event import ATTRIBUTES_SCHEMA, CATALOGUE_SCHEMA, EVENT_SCHEMA
from limner.events.log import EventLog
from limner.events.refusals import REFUSED_SCHEMA
from log_tools import Swapped, content, files, some_rows, take


@pytest.fixture
def log(tmp_path):
    return EventLog.create(tmp_path / "log", buckets=4)


def test_an_empty_log_has_all_columns_and_no_rows(log):
    assert content(log).schema == EVENT_SCHEMA
    assert log.catalogue().schema == CATALOGUE_SCHEMA
    assert log.attributes().schema == ATTRIBUTES_SCHEMA
    assert log.rejects().collect().schema == REFUSED_SCHEMA
    assert log.flags().is_empty()
    assert len(log) == 0
    assert (log.manifest.first, log.manifest.last, log.manifest.customers) == (None, None, 0)


def test_every_bucket_is_sorted_by_customer_and_time(log):
    take(log, [some_rows(500).sample(fraction=1, shuffle=True, seed=1)])
    for bucket in range(log.buckets):
        rows = log.scan(bucket=bucket).collect()
        assert rows.schema == EVENT_SCHEMA
        assert rows.equals(rows.sort("customer_id", "time", maintain_order=True))


def test_a_customer_lives_in_one_bucket_only(log):
    take(log, [some_rows(300)])
    homes = [
        log.scan(bucket=bucket, columns=["customer_id"]).collect()["customer_id"].unique()
        for bucket in range(4)
    ]
    assert pl.concat(homes).n_unique() == sum(len(home) for home in homes) == 20


def test_since_is_included_and_before_is_not(log):
    rows = some_rows(60)
    take(log, [rows])
    start, end = rows["time"][10], rows["time"][20]
    found = log.scan(since=start, before=end).collect()
    assert found["time"].min() == start
    assert found["time"].max() == rows["time"][19]
    assert len(found) == 10


def test_only_the_wanted_columns_are_read(log):
    take(log, [some_rows(10)])
    assert log.scan(columns=["item_id", "time"]).collect().columns == ["item_id", "time"]


@pytest.mark.parametrize("bucket", [-1, 4])
def test_a_bucket_that_is_not_there_is_an_error(log, bucket):
    with pytest.raises(BadShape, match="bucket must be between 0 and 3"):
        log.scan(bucket=bucket)


def test_a_column_that_is_not_there_is_an_error(log):
    with pytest.raises(BadShape, match="no column 'user'"):
        log.scan(columns=["user"])


def test_the_manifest_tells_what_the_log_holds(log):
    take(log, [some_rows(100)])
    manifest = log.manifest
    assert (manifest.rows, manifest.customers, manifest.generation) == (100, 20, 1)
    assert manifest.kinds == {"purchase": 100}
    assert manifest.first == datetime(2025, 1, 1, tzinfo=UTC)
    assert EventLog(log.folder).manifest == manifest


def test_an_open_log_sees_what_another_one_wrote(log):
    other = EventLog(log.folder)
    take(log, [some_rows(10)])
    assert len(other) == 10


def test_no_log_is_said_to_be_none(tmp_path):
    with pytest.raises(NoWorkspace, match="limner init"):
        EventLog(tmp_path)


def test_a_log_is_not_made_over_another(log):
    with pytest.raises(BadConfig, match="holds a log already"):
        EventLog.create(log.folder)


@pytest.mark.parametrize("buckets", [0, 5000])
def test_the_number_of_buckets_has_bounds(tmp_path, buckets):
    with pytest.raises(BadConfig, match="between 1 and 4096"):
        EventLog.create(tmp_path / "new", buckets=buckets)


def test_a_missing_file_is_noticed_at_opening(log):
    take(log, [some_rows(100)])
    next((log.folder / "buckets").iterdir()).unlink()
    with pytest.raises(LogCorrupt, match="is not there"):
        EventLog(log.folder)


def test_files_that_an_ingest_swaps_while_one_looks_are_not_missed(log, monkeypatch):
    take(log, [some_rows(100)])
    real, swapped = EventLog._missing, []

    def meanwhile(self):
        names = self.manifest.names()
        if not swapped:
            swapped.append(take(log, [some_rows(150)]))
        return real(self) if self.manifest.names() == names else sorted(names)

    monkeypatch.setattr(EventLog, "_missing", meanwhile)
    assert len(EventLog(log.folder)) == 150


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.update(version=99), "version 99"),
        (lambda table: table.update(hash_name="md5"), "hash md5"),
        (lambda table: table.pop("files"), "KeyError"),
        (lambda table: table.update(surprise=1), "TypeError"),
    ],
)
def test_a_manifest_that_is_none_is_refused(log, change, message):
    path = log.folder / "manifest.json"
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    with pytest.raises(LogCorrupt, match=message):
        EventLog(log.folder)


def test_half_a_manifest_is_refused(log):
    path = log.folder / "manifest.json"
    path.write_text(path.read_text()[:40])
    with pytest.raises(LogCorrupt, match="must be a manifest"):
        EventLog(log.folder)


def test_an_id_with_letters_of_a_pattern_is_only_an_id(log):
    rows = some_rows(3).with_columns(customer_id=pl.Series(["*", "[a]", "é" * 200]))
    take(log, [rows])
    assert sorted(content(log)["customer_id"]) == ["*", "[a]", "é" * 200]


def test_the_same_content_is_the_same_bytes(tmp_path):
    rows = some_rows(400)
    first, second = (EventLog.create(tmp_path / name, buckets=4) for name in "ab")
    take(first, [rows])
    take(second, [rows.slice(150).reverse()], [rows.head(150)])
    assert first.manifest.fingerprint == second.manifest.fingerprint
    old, new = files(first.folder), files(second.folder)
    assert [old[name] for name in old if name.startswith("buckets")] == [
        new[name] for name in new if name.startswith("buckets")
    ]
    assert first.manifest.fingerprint in (first.folder / "manifest.json").read_text()


def test_what_was_swapped_while_it_was_read_is_read_again(log):
    first, more = some_rows(40), some_rows(80)
    take(log, [first])
    beside = Swapped(log.folder)
    beside.more = more
    with pytest.raises(FileNotFoundError):
        beside.scan().collect()
    beside = Swapped(log.folder)
    beside.more = some_rows(90)
    assert len(beside.read(lambda: beside.scan().collect())) == 90
    beside.more = some_rows(100)
    everybody = first["customer_id"].unique()
    assert beside.events_of(everybody).sort("event_id").equals(content(log).sort("event_id"))


def test_a_file_that_is_gone_for_good_is_missed(log):
    take(log, [some_rows(10)])
    for file in (log.folder / "buckets").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(FileNotFoundError):
        log.read(lambda: log.scan().collect())
