"""Files into the log; every row is accounted for, whatever happens."""

import json
import shutil

import polars as pl
import pytest

from limner.cli.workspace import Workspace
from limner.events.writing import change

HEAD = "customer_id,time,kind,item_id,price,quantity\n"
GOOD = "u1,2024-05-01T10:00:00Z,purchase,p1,2.50,1\n"


@pytest.fixture
def ingest(ask, empty, tmp_path):
    """Ingest the text or bytes of one CSV; return the result and the account of the source."""

    def run(content, *, name="shop.csv", code=0):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        result = ask("ingest", path, "--workspace", empty, "--json")
        assert result.exit_code == code, result.stderr
        assert "Traceback" not in result.stderr
        if code:
            assert result.stdout == ""
            assert result.stderr.startswith("error: ")
            return result, None
        (source,) = json.loads(result.stdout)["sources"]
        refused = sum(note["count"] for note in source["refused"].values())
        assert source["rows_in"] == source["kept"] + refused
        return result, source

    return run


def test_a_good_file_is_kept_whole(ask, empty, orders):
    result = ask("ingest", orders, "--workspace", empty, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["rows_after"] == 12_000
    assert "12,000 events of" in result.stderr
    quality = json.loads((empty / "log" / "quality.json").read_text("utf-8"))
    assert quality["balanced"]


def test_the_table_goes_to_stdout_without_json(ask, empty, orders):
    result = ask("ingest", orders, "--workspace", empty)
    assert "kept" in result.stdout
    assert "the log holds" in result.stderr


def test_the_same_file_twice_changes_nothing(ask, ingested, orders):
    before = Workspace(ingested).log.manifest.fingerprint
    result = ask("ingest", orders, "--workspace", ingested, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["skipped"] == [str(orders)]
    assert Workspace(ingested).log.manifest.fingerprint == before


def test_the_sources_of_the_settings_are_the_default(ask, empty, orders):
    shutil.copy(orders, empty / "orders.csv")
    with (empty / "limner.toml").open("a", encoding="utf-8") as file:
        file.write('\n[[sources]]\nfiles = ["*.csv"]\n')
    result = ask("ingest", "--workspace", empty, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["rows_after"] == 12_000


def test_without_any_file_it_says_what_to_name(ask, empty):
    result = ask("ingest", "--workspace", empty)
    assert result.exit_code == 2
    assert "there is nothing to read" in result.stderr
    assert not (empty / "log").exists()


def test_prices_without_a_currency_get_the_shops(ingest, empty):
    ingest(HEAD + GOOD)
    assert Workspace(empty).log.scan().collect()["currency"].to_list() == ["EUR"]


def test_a_file_that_is_not_there_is_named(ask, empty):
    result = ask("ingest", "/nowhere/orders.csv", "--workspace", empty)
    assert result.exit_code == 2
    assert "/nowhere/orders.csv" in result.stderr


def test_an_empty_file_is_refused(ingest):
    result, _ = ingest("", code=2)
    assert "empty" in result.stderr


def test_a_truncated_parquet_is_refused(ingest, made_up, tmp_path):
    made_up.events().write_parquet(tmp_path / "whole.parquet")
    half = (tmp_path / "whole.parquet").read_bytes()[:5000]
    result, _ = ingest(half, name="half.parquet", code=2)
    assert "half.parquet" in result.stderr


def test_a_broken_row_is_refused_with_its_line_and_the_rest_kept(ingest, empty):
    _, source = ingest(HEAD + GOOD + "u2,2024-05-01T11:00:00Z\n" + GOOD.replace("u1", "u3"))
    assert source["kept"] == 2
    refused = Workspace(empty).log.rejects().collect()
    assert refused["line"].to_list() == [3]
    assert refused["row"].to_list() == ["u2,2024-05-01T11:00:00Z"]


def test_another_separator_is_found_out(ingest):
    _, source = ingest((HEAD + GOOD * 3).replace(",", ";"))
    assert source["rows_in"] == 3


def test_a_latin_1_file_is_read(ingest, empty):
    ingest((HEAD + GOOD.replace("p1", "café")).encode("latin-1"))
    assert Workspace(empty).log.scan().collect()["item_id"].to_list() == ["café"]


def test_a_missing_customer_column_is_an_error_with_a_hint(ingest):
    text = (HEAD + GOOD).replace("customer_id,", "").replace("u1,", "")
    result, _ = ingest(text, code=2)
    assert "customer" in result.stderr
    assert "hint: " in result.stderr


def test_times_in_three_formats_are_read_as_one(ingest, empty):
    rows = "".join(
        f"u{number},{time},purchase,p1,1,1\n"
        for number, time in enumerate(
            ["2024-05-01T10:00:00Z", "2024-05-01 10:00:00", "1714557600", "01 May 2024 10:00"]
        )
    )
    _, source = ingest(HEAD + rows)
    assert source["kept"] >= 3
    assert Workspace(empty).log.scan().collect()["time"].n_unique() == 1


def test_mixed_time_zones_meet_in_utc(ingest, empty):
    rows = GOOD + GOOD.replace("u1", "u2").replace("10:00:00Z", "18:00:00+08:00")
    ingest(HEAD + rows)
    assert Workspace(empty).log.scan().collect()["time"].n_unique() == 1


@pytest.mark.parametrize(
    "row",
    [
        GOOD.replace("2024-05-01", "2100-05-01"),
        GOOD.replace("2.50", "-2.50"),
        GOOD.replace("u1", "u" * 10_240),
        GOOD.replace("u1", ""),
    ],
    ids=["the year 2100", "a negative price", "an id of 10 kB", "no id"],
)
def test_an_impossible_row_is_refused_with_its_reason(ingest, empty, row):
    _, source = ingest(HEAD + GOOD + row)
    assert source["kept"] == 1
    (note,) = source["refused"].values()
    assert note["count"] == 1
    assert Workspace(empty).log.rejects().collect()["line"].to_list() == [3]


def test_two_ingests_at_once_are_one_too_many(ask, ingested, tmp_path):
    (tmp_path / "more.csv").write_text(HEAD + GOOD)
    before = Workspace(ingested).log.manifest.fingerprint
    with change(ingested / "log"):
        result = ask("ingest", tmp_path / "more.csv", "--workspace", ingested)
    assert result.exit_code == 2
    assert "error: " in result.stderr
    assert Workspace(ingested).log.manifest.fingerprint == before
    assert ask("ingest", tmp_path / "more.csv", "--workspace", ingested).exit_code == 0


def test_ctrl_c_leaves_the_log_as_it_was(really, ask, ingested, made_up, tmp_path):
    """A real signal in a real process, at the first word of progress."""
    path = tmp_path / "more.parquet"
    made_up.events().with_columns(pl.col("customer_id") + "x").write_parquet(path)
    before = Workspace(ingested).log.manifest.fingerprint
    code = """
import os, signal
from contextlib import contextmanager
import limner.cli.commands.ingest as command

@contextmanager
def bar(title):
    yield lambda what, share: os.kill(os.getpid(), signal.SIGINT)

command.bar = bar
from limner.cli.main import run
run()
"""
    result = really("ingest", path, "--workspace", ingested, code=code)
    assert result.returncode == 130
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("error: stopped")
    assert Workspace(ingested).log.manifest.fingerprint == before
    assert ask("ingest", path, "--workspace", ingested).exit_code == 0
    assert Workspace(ingested).log.manifest.rows == 24_000


def test_a_mapping_file_is_obeyed(ask, empty, tmp_path):
    (tmp_path / "odd.csv").write_text("a,b,c\nu1,2024-05-01,p1\n")
    (tmp_path / "mapping.toml").write_text(
        '[[source]]\nreader = "csv"\n[source.columns]\ncustomer_id = "a"\ntime = "b"\n'
        'item_id = "c"\n[source.constants]\nkind = "purchase"\n'
    )
    result = ask(
        "ingest", tmp_path / "odd.csv", "--map", tmp_path / "mapping.toml", "-w", empty, "--json"
    )
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["rows_after"] == 1


@pytest.mark.parametrize("text", ["reader = 1", "not toml", "[[source]]\nreader='nothing'\n"])
def test_a_wrong_mapping_is_an_error(ask, empty, orders, tmp_path, text):
    (tmp_path / "mapping.toml").write_text(text)
    result = ask("ingest", orders, "--map", tmp_path / "mapping.toml", "--workspace", empty)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
