"""What a file is and what is wrong with it, from the command line."""

import json

import pytest

from limner.cli.workspace import Workspace
from limner.events.mapping import read_mapping


def test_json_is_one_diagnosis_a_file_and_nothing_else(ask, orders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = ask("doctor", orders, orders, "--json")
    assert result.exit_code == 0
    first, second = json.loads(result.stdout)
    assert first == second
    assert (first["reader"], first["rows"], first["fit"]) == ("csv", 12_000, 1.0)
    assert "read by csv" in result.stderr


def test_without_json_the_findings_go_to_stdout(ask, orders):
    result = ask("doctor", orders)
    assert "12,000 rows, 100.0% fit" in result.stdout
    assert result.stderr == ""


def test_what_it_writes_is_what_ingest_reads(ask, empty, orders, tmp_path):
    written = tmp_path / "mapping.toml"
    assert ask("doctor", orders, "--write", written).exit_code == 0
    assert written.read_text("utf-8").count("12,000 rows") == 1
    result = ask("ingest", orders, "--map", written, "--workspace", empty, "--json")
    assert json.loads(result.stdout)["rows_after"] == 12_000


def test_mappings_of_several_files_say_for_which_they_are(ask, tmp_path, empty):
    (tmp_path / "a.csv").write_text("user_id,time,item_id\nu1,2024-05-01,p1\n")
    (tmp_path / "b.csv").write_text("user_id;date;sku\nu2;2024-05-02;p2\n")
    written = tmp_path / "mapping.toml"
    files = (tmp_path / "a.csv", tmp_path / "b.csv")
    assert ask("doctor", *files, "--write", written).exit_code == 0
    assert [mapping.files for mapping in read_mapping(written)] == [("a.csv",), ("b.csv",)]
    assert ask("ingest", *files, "--map", written, "--workspace", empty).exit_code == 0
    assert Workspace(empty).log.manifest.customers == 2


def test_a_file_that_lacks_the_customer_is_still_diagnosed(ask, tmp_path):
    (tmp_path / "x.csv").write_text("time,kind\n2024-01-01,view\n")
    result = ask("doctor", tmp_path / "x.csv", "--json")
    assert result.exit_code == 2
    (diagnosis,) = json.loads(result.stdout)
    assert "no_customer_id_column" in [each["code"] for each in diagnosis["findings"]]


@pytest.mark.parametrize("content", [b"", b"PAR1 cut off"], ids=["empty", "broken"])
def test_what_cannot_be_read_at_all_is_a_mistake(ask, tmp_path, content):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    result = ask("doctor", path, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert "Traceback" not in result.stderr


def test_without_a_file_the_sources_of_the_settings_are_looked_at(ask, empty, orders):
    with (empty / "limner.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[[sources]]\nfiles = [{json.dumps(str(orders))}]\n")
    result = ask("doctor", "--workspace", empty, "--json")
    assert json.loads(result.stdout)[0]["rows"] == 12_000


def test_without_a_file_and_a_workspace_it_says_what_to_name(ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = ask("doctor")
    assert result.exit_code == 2
    assert "limner doctor FILE" in result.stderr


def test_within_a_workspace_its_currency_and_zone_hold(ask, tmp_path, orders):
    ask("init", "--workspace", tmp_path, "--currency", "EUR", "--time-zone", "Asia/Shanghai")
    result = ask("doctor", orders, "--workspace", tmp_path, "--json")
    (told,) = json.loads(result.stdout)
    assert "currency_missing" not in {each["code"] for each in told["findings"]}


def test_what_cannot_be_read_is_told_by_the_exit_code(ask, tmp_path):
    broken = tmp_path / "broken.csv"
    broken.write_text("user_id;time\nu1;2024-05-01\n")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('[[source]]\nreader = "csv"\n[source.columns]\ncustomer_id = "who"\n')
    assert ask("doctor", broken, "--map", mapping).exit_code == 2
