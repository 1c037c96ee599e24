"""Bad input is a clear error or a counted refusal, and nothing is lost."""

import gzip

import polars as pl
import pytest

from limner.errors import BadSource, LimnerError
from limner.events.event import EVENT_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.quality import quality_of
from limner.events.source import open_source
from log_tools import NOW, content, files, take

HEADER = "customer_id,time,kind,item_id,price,quantity"


@pytest.fixture
def log(tmp_path):
    return EventLog.create(tmp_path / "log", buckets=2)


def read(log, path, mapping=None):
    """Ingest as a shop would: look what it is, then take it in."""
    return ingest(log, [(*open_source(path, mapping), path)], now=NOW)


def written(tmp_path, *lines, name="orders.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes("\n".join([HEADER, *lines, ""]).encode(encoding))
    return path


GOOD = [f"c{number},2025-01-0{number + 1}T10:00:00Z,purchase,i1,2.5,1" for number in range(5)]


def refused(report):
    return {reason: note.count for reason, note in report.refused.items()}


def account(log, report, *, rows_in):
    """Check that all rows are where they should be, and return the rejects."""
    rejects = log.rejects().collect()
    assert report.rows_in == rows_in == len(log) + len(rejects)
    assert quality_of(log.manifest).balanced
    return rejects


def test_an_empty_file_is_an_error(log, tmp_path):
    path = tmp_path / "empty.csv"
    path.touch()
    with pytest.raises(BadSource, match="empty"):
        read(log, path)
    assert log.manifest.generation == 0


def test_a_header_alone_gives_no_rows(log, tmp_path):
    mapping = Mapping(reader="csv", columns={name: name for name in HEADER.split(",")})
    report = read(log, written(tmp_path), mapping)
    assert (report.rows_in, report.rows_after) == (0, 0)


def test_a_truncated_parquet_is_an_error_and_the_log_stays(log, tmp_path):
    whole = tmp_path / "whole.csv"
    read(log, written(tmp_path, *GOOD, name=whole.name))
    before = files(log.folder)
    path = tmp_path / "events.parquet"
    content(log).write_parquet(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadSource, match=r"events\.parquet"):
        read(log, path)
    assert files(log.folder) == before


def test_a_truncated_gzip_is_an_error_and_the_log_stays(log, tmp_path):
    text = "\n".join([HEADER, *GOOD * 5000]).encode()
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(text)[:-300])
    mapping = Mapping(reader="csv", columns={name: name for name in HEADER.split(",")})
    with pytest.raises(BadSource, match=r"orders\.csv\.gz"):
        read(log, path, mapping)
    assert len(log) == 0


def test_a_broken_row_is_refused_with_its_line(log, tmp_path):
    path = written(tmp_path, *GOOD[:2], "c9,2025-01-01T10:00:00Z,purchase", *GOOD[2:])
    report = read(log, path)
    rejects = account(log, report, rows_in=6)
    assert rejects["line"].to_list() == [4]
    assert len(log) == 5


def test_a_row_with_too_many_fields_is_refused_with_its_line(log, tmp_path):
    path = written(tmp_path, *GOOD[:2], "c9,2025-01-01T10:00:00Z,purchase,i,1,1,1,1", *GOOD[2:])
    rejects = account(log, read(log, path), rows_in=6)
    assert rejects["line"].to_list() == [4]


def test_a_wrong_separator_is_an_error_that_names_the_right_one(log, tmp_path):
    path = written(tmp_path, *GOOD)
    mapping = Mapping(
        reader="csv",
        columns={name: name for name in HEADER.split(",")},
        options={"separator": ";"},
    )
    with pytest.raises(BadSource, match=r"cut into columns by ';'") as error:
        read(log, path, mapping)
    assert "options.separator" in error.value.hint
    assert len(log) == 0


def test_another_separator_is_found(log, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(line.replace(",", ";") for line in [HEADER, *GOOD]))
    assert read(log, path).rows_after == 5


def test_a_latin_1_file_keeps_its_letters(log, tmp_path):
    rows = [row.replace("i1", "Käse für Zoë") for row in GOOD]
    report = read(log, written(tmp_path, *rows, encoding="latin-1"))
    account(log, report, rows_in=5)
    assert content(log)["item_id"].unique().to_list() == ["Käse für Zoë"]


def test_a_missing_customer_column_is_an_error_that_says_how_to_mend_it(log):
    frame = pl.DataFrame({"time": ["2025-01-01"], "kind": ["view"]})
    with pytest.raises(BadSource, match="customer_id") as error:
        take(log, [frame])
    assert "mapping" in error.value.hint


def test_times_as_text_in_three_formats_are_one_moment(log, tmp_path):
    moments = ["2025-02-03T04:05:06Z", "2025-02-03 04:05:06", "03.02.2025 04:05:06"]
    rows = [f"c{at},{text},purchase,i1,2.5,1" for at, text in enumerate(moments)]
    account(log, read(log, written(tmp_path, *rows)), rows_in=3)
    assert content(log)["time"].n_unique() == 1


def test_mixed_time_zones_become_utc(log, tmp_path):
    moments = [
        "2025-02-03T04:05:06Z",
        "2025-02-03T06:05:06+02:00",
        "2025-02-02T20:05:06-0800",
        "2025-02-03 09:50:06+05:45",
    ]
    rows = [f"c{at},{text},purchase,i1,2.5,1" for at, text in enumerate(moments)]
    account(log, read(log, written(tmp_path, *rows)), rows_in=4)
    assert content(log)["time"].dt.to_string().unique().to_list() == [
        "2025-02-03 04:05:06.000000+00:00"
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("c9,2100-01-01T00:00:00Z,purchase,i1,2.5,1", "time_in_future"),
        ("c9,1970-01-01T00:00:00Z,purchase,i1,2.5,1", "time_too_early"),
        ("c9,2025-01-01T00:00:00Z,purchase,i1,-2.5,1", "price_impossible"),
        ("c9,2025-01-01T00:00:00Z,purchase,i1,inf,1", "price_impossible"),
        ("c9,2025-01-01T00:00:00Z,purchase,i1,dear,1", "price_unreadable"),
        ("c9,,purchase,i1,2.5,1", "time_missing"),
        ("c9,soon,purchase,i1,2.5,1", "time_unreadable"),
        (",2025-01-01T00:00:00Z,purchase,i1,2.5,1", "customer_missing"),
        ("c9,2025-01-01T00:00:00Z,,i1,2.5,1", "kind_missing"),
        ("x" * 10_000 + ",2025-01-01T00:00:00Z,purchase,i1,2.5,1", "customer_too_long"),
        (GOOD[1], "duplicate_row"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_reason_file_and_line(log, tmp_path, row, reason):
    path = written(tmp_path, *GOOD[:3], row, *GOOD[3:])
    report = read(log, path)
    (reject,) = account(log, report, rows_in=6).iter_rows(named=True)
    assert refused(report) == {reason: 1}
    assert (reject["reason"], reject["line"]) == (reason, 5)
    assert reject["file"].endswith("orders.csv")
    assert len(reject["row"].encode()) <= 4096
    assert f"{path}, line 5" in report.refused[reason].example
    assert content(log).equals(content(log).sort("customer_id", "time"))


def test_a_negative_quantity_is_a_return_of_its_own(log, tmp_path):
    path = written(tmp_path, *GOOD, "c1,2025-01-09T00:00:00Z,purchase,i1,2.5,-2")
    account(log, read(log, path), rows_in=6)
    (back,) = content(log).filter(pl.col("kind") == "return").iter_rows(named=True)
    assert (back["customer_id"], back["quantity"], back["price"]) == ("c1", 2.0, 2.5)


def test_a_frame_of_every_type_is_taken(log):
    frame = pl.DataFrame({"customer_id": [17850.0], "time": [1_735_689_600], "kind": ["view"]})
    take(log, [frame])
    (event,) = content(log).iter_rows(named=True)
    assert (event["customer_id"], event["time"].isoformat()) == (
        "17850",
        "2025-01-01T00:00:00+00:00",
    )
    assert content(log).schema == EVENT_SCHEMA


def test_a_folder_that_is_not_there_is_an_error(log, tmp_path):
    with pytest.raises(LimnerError, match=r"nowhere"):
        read(log, tmp_path / "nowhere.csv")
