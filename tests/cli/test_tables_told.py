"""A model tells which tables made it, from where it lies."""

import json
from pathlib import Path

import pytest

from limner.cli.tables_told import METRICS, TablesTold, demand_table, light_folder
from limner.errors import BadConfig, NotFitted


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Keep a model of two tables that were named from the current folder on."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "shop" / "models" / "kind"
    folder.mkdir(parents=True)
    for name in ("a.csv", "b.csv"):
        (tmp_path / "shop" / name).write_text("text,kind\n")
    told = TablesTold(Path("shop/a.csv"), Path("shop/b.csv"), ["text"], "kind").to_dict(folder)
    (folder / METRICS).write_text(json.dumps({"tables": told}))
    return tmp_path


def test_they_are_found_again_also_where_all_was_moved(house):
    (house / "shop").rename(house / "elsewhere")
    found = TablesTold.of(house / "elsewhere" / "models" / "kind", option="--texts FILE")
    assert found.train.resolve() == house / "elsewhere" / "a.csv"
    assert found.test.resolve() == house / "elsewhere" / "b.csv"
    assert (found.columns, found.label) == (["text"], "kind")


def test_nothing_of_where_they_lie_on_this_machine_is_told(house):
    assert str(house) not in (house / "shop/models/kind" / METRICS).read_text()


def test_what_is_not_there_is_named(house):
    folder = house / "shop" / "models" / "kind"
    found = TablesTold.of(folder, option="--texts FILE")
    assert demand_table(found.test, folder, option="--texts FILE") == found.test
    found.test.unlink()
    with pytest.raises(BadConfig, match=r"b\.csv, which is not there") as told:
        demand_table(found.test, folder, option="--texts FILE")
    assert told.value.hint == "--texts FILE"
    assert ".." not in str(told.value)
    (folder / METRICS).unlink()
    with pytest.raises(NotFitted, match="no tuned model"):
        TablesTold.of(folder, option="--texts FILE")


def found_test(folder):
    found = TablesTold.of(folder, option="--texts FILE")
    return demand_table(found.test, folder, option="--texts FILE")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"columns": []},
        {"columns": [1]},
        {"columns": "text"},
        {"label": None},
        {"train": 1},
        {"test": "a\0b"},
    ],
)
def test_what_is_told_in_another_way_is_not_taken(house, wrong):
    file = house / "shop" / "models" / "kind" / METRICS
    told = json.loads(file.read_text())["tables"]
    file.write_text(json.dumps({"tables": {**told, **wrong} if wrong else []}))
    with pytest.raises(BadConfig) as trouble:
        found_test(file.parent)
    assert trouble.value.hint == "--texts FILE"


def test_a_light_model_lies_beside_the_whole_one(house, monkeypatch):
    assert light_folder(Path("models/kind"), "int8") == Path("models/kind-int8")
    monkeypatch.chdir(house / "shop" / "models" / "kind")
    beside = house / "shop" / "models" / "kind-prune"
    assert light_folder(Path(), "prune").absolute() == beside


def test_nothing_else_makes_room_for_what_nobody_named(house):
    folder = house / "shop" / "models" / "kind"
    beside = light_folder(folder, "int8")
    beside.mkdir()
    (beside / "config.json").write_text("{}")
    with pytest.raises(BadConfig, match="nobody said --out"):
        light_folder(folder, "int8")
    (beside / "light.json").write_text("{}")
    assert light_folder(folder, "int8") == beside
