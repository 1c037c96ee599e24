"""A new workspace."""

import json

from limner.cli.workspace import Workspace


def test_it_writes_settings_that_can_be_read(ask, tmp_path):
    folder = tmp_path / "my shop"
    result = ask(
        *("init", "--workspace", folder, "--name", 'the "corner"', "--currency", "EUR"),
        *("--time-zone", "Europe/Berlin", "--json", "--seed", "3"),
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"workspace": str(folder), "settings": "limner.toml"}
    assert "limner doctor" in result.stderr
    shop = Workspace(folder).settings.shop
    assert (shop.name, shop.currency, shop.time_zone) == ('the "corner"', "EUR", "Europe/Berlin")


def test_the_current_folder_is_the_default_and_gives_the_name(ask, tmp_path, monkeypatch):
    (tmp_path / "corner").mkdir()
    monkeypatch.chdir(tmp_path / "corner")
    assert ask("init").exit_code == 0
    assert Workspace().settings.shop.name == "corner"


def test_it_never_writes_over_a_workspace(ask, empty):
    before = (empty / "limner.toml").read_bytes()
    result = ask("init", "--workspace", empty)
    assert result.exit_code == 2
    assert "is a workspace already" in result.stderr
    assert (empty / "limner.toml").read_bytes() == before


def test_a_wrong_currency_or_zone_makes_no_folder(ask, tmp_path):
    for wrong in (["--currency", "EURO"], ["--time-zone", "Mars/North"]):
        result = ask("init", "--workspace", tmp_path / "shop", *wrong)
        assert result.exit_code == 2
        assert not (tmp_path / "shop").exists()
