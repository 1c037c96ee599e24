"""People are taken out of a log whole; the others keep every byte, and every row its account."""

import polars as pl
import pytest

from limner.errors import DiskFull, LogBusy
from limner.events.durable import only_writer
from limner.events.erasing import erase_from_log, held_in_log
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.quality import quality_of
from limner.events.refusals import REFUSED_SCHEMA
from limner.events.source import RawBatch
from limner.events.suppression import Suppression
from log_tools import NOW, Batches, content, some_rows, take

KEY = Suppression(b"sixteen bytes or more")


@pytest.fixture
def log(tmp_path):
    found = EventLog.create(tmp_path / "log", buckets=4)
    take(found, [some_rows(200)])
    bad = pl.DataFrame(
        [
            ("broken_row", "'c1' is not closed", "x.csv", 7, 'c1,"canary'),
            ("broken_row", "too short", "x.csv", 8, "c2,other"),
        ],
        schema=REFUSED_SCHEMA,
        orient="row",
    )
    told = pl.DataFrame({"customer_id": ["c1", "c2"], "name": "city", "value": "canary"})
    batch = RawBatch(events=some_rows(0), refused=bad, attributes=told, progress=1.0, file="x.csv")
    ingest(found, [(Batches(), None, [batch])], now=NOW)
    return found


def somebody(log):
    """Return a customer of the made-up rows."""
    return min(content(log)["customer_id"].unique().to_list())


def test_whoever_stays_loses_nothing(log):
    who, before = somebody(log), content(log)
    held = held_in_log(log, [who])
    done = erase_from_log(log, [who], mark="e1")
    assert done.events == len(held.events) > 0
    rest = before.filter(pl.col("customer_id") != who)
    assert content(log).sort(pl.all()).equals(rest.sort(pl.all()))
    assert held_in_log(log, [who]).events.is_empty()
    assert len(EventLog(log.folder)) == len(rest)
    quality = quality_of(log.manifest)
    assert quality.balanced
    assert quality.withdrawn["erased"].count == done.events


def test_what_they_told_and_what_was_refused_of_theirs_goes(log):
    who = "c1"
    assert len(held_in_log(log, [who]).rejects) == 1
    done = erase_from_log(log, [who], mark="e1")
    assert (done.attributes, done.rejects) == (1, 1)
    rows = log.rejects().collect().rows(named=True)
    assert rows[0] == {
        "reason": "broken_row",
        "detail": None,
        "file": "x.csv",
        "line": 7,
        "row": None,
    }
    assert rows[1]["row"] == "c2,other"
    assert log.attributes()["customer_id"].to_list() == ["c2"]
    text = (log.folder / "manifest.json").read_text() + (log.folder / "quality.json").read_text()
    assert "'c1' is not closed" not in text
    assert "x.csv, line 7" in text
    for path in log.folder.rglob("*.parquet"):
        assert (
            "canary"
            not in pl.read_parquet(path)
            .filter(pl.any_horizontal(pl.all().cast(pl.String).str.contains("c1", literal=True)))
            .write_ndjson()
        )


def test_twice_changes_nothing(log):
    who = somebody(log)
    erase_from_log(log, [who], mark="e1")
    before = (log.folder / "manifest.json").read_bytes()
    again = erase_from_log(log, [who, "nobody"], mark="e2")
    assert (again.events, again.attributes, again.rejects, again.files) == (0, 0, 0, 0)
    assert (log.folder / "manifest.json").read_bytes() == before


def test_everybody_may_go(log):
    people = content(log)["customer_id"].unique().to_list()
    erase_from_log(log, people, mark="e1")
    assert len(log) == 0
    assert quality_of(log.manifest).balanced
    assert not list(log.folder.glob("buckets/*"))


def test_it_waits_for_no_other_writer_and_a_full_disk_changes_nothing(log, monkeypatch):
    who, before = somebody(log), content(log)
    with only_writer(log.folder), pytest.raises(LogBusy):
        erase_from_log(log, [who], mark="e1")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("limner.events.writing.sync_file", full)
        with pytest.raises(DiskFull):
            erase_from_log(log, [who], mark="e1")
    assert content(log).equals(before)
    assert erase_from_log(log, [who], mark="e1").events


def test_whoever_was_erased_does_not_come_back_with_a_file(log):
    who = somebody(log)
    erase_from_log(log, [who], mark="e1")
    gone = Suppression(b"sixteen bytes or more", [KEY.digest(who)])
    more = some_rows(200).with_columns(event_id=pl.lit("x") + pl.int_range(200).cast(pl.String))
    report = take(log, [more], suppression=gone)
    assert who not in content(log)["customer_id"].to_list()
    assert report.refused["erased"].count == len(more.filter(pl.col("customer_id") == who))
    last = log.rejects().filter(pl.col("reason") == "erased").collect()
    assert last["row"].null_count() == len(last)
    assert last["line"].null_count() == 0
    assert quality_of(log.manifest).balanced
