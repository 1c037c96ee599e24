"""Tables are brought up by hand, and what was done is said."""

import json

from typer.testing import CliRunner

from limner.cli.main import app
from limner.cli.workspace import Workspace
from limner.profiles.database.migrating import head


def test_a_store_is_brought_up_and_then_up_to_date(tmp_path):
    shop = Workspace.create(tmp_path / "shop").folder
    said = CliRunner().invoke(app, ["migrate", "--workspace", str(shop), "--json"])
    assert json.loads(said.stdout) == {"before": None, "after": head()}
    said = CliRunner().invoke(app, ["migrate", "--workspace", str(shop)])
    assert f"up to date: revision {head()}" in said.stdout
