"""``limner serve`` has portraits drawn beside it, and leaves nobody behind."""

import signal
import time
from pathlib import Path

import pytest

from limner.cli.drawing import drawn_apart
from limner.cli.serving import open_store, parts_of
from limner.cli.workspace import Workspace
from serving import begun, bought, children_of


def test_within_changes_nothing(tmp_path):
    shop = Workspace.create(tmp_path / "shop")
    with (shop.folder / "limner.toml").open("a") as file:
        file.write('\n[serve]\ndrawing = "within"\n')
    shop = Workspace(shop.folder)
    with open_store(shop, None) as store:
        parts = parts_of(shop, store)
        with drawn_apart(parts, shop.folder, None, clock=None) as given:
            assert given is parts


def test_a_model_that_the_drawer_cannot_read_is_told_of(tmp_path):
    shop = Workspace.create(tmp_path / "shop")
    broken = shop.folder / "models" / "behaviour"
    broken.mkdir(parents=True)
    with open_store(shop, None) as store:
        parts = parts_of(shop, store)
        with drawn_apart(parts, shop.folder, None, clock=None) as given:
            assert given.probes["behaviour_model"]()
            (broken / "model.onnx").write_bytes(b"not a graph")
            (broken / "config.json").write_text("{")
            given.drawer.renew_model()
            assert not given.probes["behaviour_model"]()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_who_draws_ends_with_the_service(tmp_path, how):
    shop = Workspace.create(tmp_path / "shop").folder
    with begun(shop) as (running, asks):
        with asks() as client:
            assert client.post("/v1/batch", json={"batch": [bought()]}).json()["accepted"] == 1
            while client.get("/v1/profiles/ann").json()["freshness"]["stale"]:
                time.sleep(0.05)
            (drawer,) = children_of(running.pid)
            told = client.get("/v1/profiles/ann", params={"fresh": True}).json()
            assert told["portrait"]["lifecycle"]["stage"]
        running.send_signal(how)
        assert running.wait(60) == (-how if how is signal.SIGKILL else 0)
        end = time.monotonic() + 30
        while Path(f"/proc/{drawer}").exists():
            assert time.monotonic() < end, "it outlived the service"
            time.sleep(0.05)
