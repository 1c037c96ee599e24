"""The account adds up, and the page says what the manifest says."""

import json

import polars as pl
import pytest

from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.quality import QUALITY_NAME, quality_of, write_quality
from limner.events.source import RawBatch
from log_tools import NOW, Batches, some_rows, take


@pytest.fixture
def log(tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    rows = some_rows(100).with_columns(
        price=pl.when(pl.col("price") > 25).then(-1.0).otherwise("price")
    )
    take(log, [rows], [rows.head(30)])
    return log


def test_every_row_is_in_the_account(log):
    quality = quality_of(log.manifest)
    assert quality.balanced
    assert quality.rows_in == 130
    refused = {reason: note.count for reason, note in quality.refused.items()}
    assert refused == {"duplicate_row": 30, "price_impossible": 3}
    assert (
        quality.refused["price_impossible"].example == "frames, line 98: price is impossible: -1.0"
    )


def test_the_page_is_the_account_and_can_be_made_again(log):
    path = log.folder / QUALITY_NAME
    written = path.read_text()
    assert json.loads(written) == json.loads(json.dumps(quality_of(log.manifest).to_dict()))
    path.unlink()
    write_quality(log.folder, log.manifest)
    assert path.read_text() == written


def test_the_table_begins_with_what_came_and_what_stayed(log):
    table = quality_of(log.manifest).table()
    assert table[0] == ("read", "", 130, 1.0, "")
    assert table[1][:3] == ("kept", "", 97)
    assert [row[:3] for row in table if row[0] == "refused"] == [
        ("refused", "duplicate_row", 30),
        ("refused", "price_impossible", 3),
    ]


def test_limits_for_models_stand_beside_and_nothing_is_cut(log):
    limits = quality_of(log.manifest).limits
    prices = log.scan(columns=["price"]).collect()["price"]
    assert prices.max() <= limits["price"]["limit"] <= prices.max() * 1.05
    assert limits["price"]["above"] == 0


def test_rows_that_a_reader_could_not_parse_are_in_the_account(log):
    refused = pl.DataFrame(
        {
            "reason": ["too_many_fields"],
            "detail": ["9 of 6"],
            "file": ["f"],
            "line": [3],
            "row": ["x"],
        }
    )
    batch = RawBatch(events=some_rows(5, start=500), refused=refused)
    report = ingest(log, [(Batches(), None, [batch])], now=NOW)
    assert report.rows_in == 6
    assert quality_of(log.manifest).balanced
    assert quality_of(log.manifest).refused["too_many_fields"].example == "f, line 3: 9 of 6"


def test_an_old_page_does_not_outlive_a_full_disk(log, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("limner.events.quality.replace_text", full)
    take(log, [some_rows(5, start=900)])
    assert log.manifest.rows == 102
    assert not (log.folder / QUALITY_NAME).exists()


def test_an_empty_log_has_an_account_too(tmp_path):
    log = EventLog.create(tmp_path / "log")
    quality = quality_of(log.manifest)
    assert quality.balanced
    assert quality.limits == {}
