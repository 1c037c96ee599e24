"""What a run's folder says."""

import json
import re
from datetime import UTC, datetime

import limner
from limner.cli.runs import commit, open_run, packages_hash

AT = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)


def test_a_run_says_what_it_was_asked_and_by_which_code_it_was_done(tmp_path):
    folder, config = open_run(tmp_path / "runs", "fit", at=AT, facts={"seed": 3})
    assert folder.name == "20240501T123000-fit"
    assert json.loads((folder / "config.json").read_text("utf-8")) == config
    assert config["seed"] == 3
    assert config["limner"] == limner.__version__
    assert config["began"] == "2024-05-01T12:30:00+00:00"


def test_two_runs_of_one_second_have_two_folders(tmp_path):
    first, _ = open_run(tmp_path, "fit", at=AT, facts={})
    second, _ = open_run(tmp_path, "fit", at=AT, facts={})
    assert first != second
    assert second.name == "20240501T123000-fit-2"


def test_the_commit_is_of_limners_code_or_none():
    assert commit() is None or re.fullmatch(r"[0-9a-f]{40}\+?", commit() or "")


def test_without_git_there_is_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert commit() is None


def test_the_packages_have_one_fingerprint():
    assert re.fullmatch(r"[0-9a-f]{16}", packages_hash())
    assert packages_hash() == packages_hash()
