"""A model tells which tables made it, from where it lies."""

import json
from pathlib import Path

import pytest

from limner.cli.tables_told import METRICS, TablesTold, light_folder
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
    (house / "shop" / "b.csv").unlink()
    with pytest.raises(BadConfig, match=r"b\.csv, which is not there"):
        TablesTold.of(folder, option="--texts FILE")
    (folder / METRICS).write_text("{}")
    with pytest.raises(BadConfig, match="does not tell") as told:
        TablesTold.of(folder, option="--texts FILE")
    assert told.value.hint == "--texts FILE"
    (folder / METRICS).unlink()
    with pytest.raises(NotFitted, match="no tuned model"):
        TablesTold.of(folder, option="--texts FILE")


def test_a_light_model_lies_beside_the_whole_one(house, monkeypatch):
    assert light_folder(Path("models/kind"), "int8") == Path("models/kind-int8")
    monkeypatch.chdir(house / "shop" / "models" / "kind")
    beside = house / "shop" / "models" / "kind-prune"
    assert light_folder(Path(), "prune").absolute() == beside
