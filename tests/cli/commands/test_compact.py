"""What came over HTTP goes into the log, and is learned from."""

import json
from datetime import UTC, datetime

from typer.testing import CliRunner

from arrivals import NOW_US, arrival, buy
from limner.cli.main import app
from limner.cli.serving import open_store
from limner.cli.workspace import Workspace


def test_events_move_and_the_log_has_them(tmp_path):
    shop = Workspace.create(tmp_path / "shop")
    with open_store(shop, None) as store:
        store.accept(arrival(buy(), buy("bob", "e2")), received_us=NOW_US)
    done = CliRunner().invoke(app, ["compact", "--workspace", str(shop.folder), "--json"])
    assert json.loads(done.stdout) == {"moved": 2, "new": 2, "log": 2}
    assert shop.log.manifest.rows == 2
    assert shop.end > datetime(2024, 5, 1, tzinfo=UTC)
