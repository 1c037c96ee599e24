"""The folder is the list."""

from importlib.metadata import EntryPoint

import pytest

from limner import plugins
from limner.errors import UnknownPlugin
from limner.heads import questions


def test_the_names_are_the_files_sorted():
    names = plugins.names(questions)
    assert names == sorted(names)
    assert {"churn", "spend"} <= set(names)
    assert not [name for name in names if name.startswith("_")]


def test_a_name_gives_the_one_public_thing_of_its_file():
    assert plugins.load(questions, "churn").__name__ == "Churn"


def test_all_come_in_the_order_of_names():
    assert [name for name, _ in plugins.load_all(questions)] == plugins.names(questions)


def test_a_name_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(UnknownPlugin, match="no 'chrun'") as caught:
        plugins.load(questions, "chrun")
    assert caught.value.hint == "did you mean 'churn'?"


def test_another_package_joins_through_an_entry_point(monkeypatch, tmp_path):
    entry = EntryPoint("loyalty", "collections:Counter", "limner.heads.questions")
    monkeypatch.setattr(plugins, "entry_points", lambda *, group: [entry] * (group == entry.group))
    monkeypatch.syspath_prepend(tmp_path)  # another path is looked through anew
    assert "loyalty" in plugins.names(questions)
    assert plugins.load(questions, "loyalty").__name__ == "Counter"
