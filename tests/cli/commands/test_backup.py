"""Backup and restore as a user types them."""

import json

from limner.cli.workspace import Workspace


def test_there_and_back(ask, ingested, tmp_path):
    done = ask("backup", tmp_path / "b.tar", "--workspace", ingested, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["files"] > 10
    back = ask(
        "restore", tmp_path / "b.tar", "--workspace", tmp_path / "back", "--as-it-was", "--json"
    )
    assert back.exit_code == 0, back.stderr
    assert json.loads(back.stdout)["erased"] == 0
    before = Workspace(ingested).log.manifest.fingerprint
    assert Workspace(tmp_path / "back").log.manifest.fingerprint == before


def test_what_is_refused_says_what_to_do(ask, ingested, tmp_path):
    done = ask("backup", tmp_path / "b.tar", "--workspace", ingested, "--store", "postgresql://h/d")
    assert done.exit_code == 2
    assert "pg_dump" in done.stderr
    done = ask("restore", tmp_path / "none.tar", "--workspace", tmp_path / "back", "--as-it-was")
    assert done.exit_code == 2
    assert "none.tar" in done.stderr
    assert not (tmp_path / "back").exists()
