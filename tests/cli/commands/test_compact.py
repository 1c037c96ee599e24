"""What came over HTTP goes into the log, and is learned from."""

import json
from datetime import UTC, datetime

from typer.testing import CliRunner

from arrivals import NOW_US, arrival, buy
from limner.cli.main import app
from limner.cli.serving import open_store, parts_of
from limner.cli.workspace import Workspace


def test_events_move_and_the_log_has_them(tmp_path):
    shop = Workspace.create(tmp_path / "shop")
    with open_store(shop, None) as store:
        store.accept(arrival(buy(), buy("bob", "e2")), received_us=NOW_US)
    done = CliRunner().invoke(app, ["compact", "--workspace", str(shop.folder), "--json"])
    assert json.loads(done.stdout) == {"moved": 2, "new": 2, "log": 2}
    assert shop.log.manifest.rows == 2
    assert shop.end > datetime(2024, 5, 1, tzinfo=UTC)


def test_a_service_that_runs_sees_the_first_log(tmp_path):
    shop = Workspace.create(tmp_path / "shop")
    now = datetime(2024, 6, 1, tzinfo=UTC)
    with open_store(shop, None) as store:
        parts = parts_of(shop, store)
        store.accept(arrival(buy(), buy("bob", "e2")), received_us=NOW_US)
        CliRunner().invoke(app, ["compact", "--workspace", str(shop.folder)])
        assert store.totals()["events"] == 0
        store.accept(arrival(buy("ann", "e3", order="o2", day=1)), received_us=NOW_US)
        (ann,) = parts.painter.paint(store.stale(limit=1), now=now).profiles
        assert ann.trait("orders").value == 2
        assert parts.eraser.export("bob")
        parts.eraser.book.close()
