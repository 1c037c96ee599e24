"""People are shown what is held on them, and erased so that no byte of them is left."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import httpx
import polars as pl
import pytest

import canaries
from limner.cli.backing import back_up, restore
from limner.cli.serving import eraser_of, open_store, parts_of
from limner.cli.workspace import Workspace
from limner.events.log import EventLog

PEOPLE = range(100)


@contextmanager
def service(folder, log):
    """Run the service as a process of its own, its output in a file; yields a client."""
    shop = Workspace(folder)
    with open_store(shop, None) as store:
        from limner.cli.serving import keyring_of
        from limner.service.keys import SCOPES

        key = keyring_of(shop, store).make("test", list(SCOPES)).secret
    before = log.stat().st_size if log.exists() else 0
    with log.open("ab") as out:
        running = subprocess.Popen(
            [sys.executable, "-m", "limner.cli", "serve", "--port", "0", "-w", str(folder)],
            stdout=out,
            stderr=out,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        try:
            address = None
            while address is None:
                assert running.poll() is None, log.read_text()
                found = re.findall(r"http://127\.0\.0\.1:\d+", log.read_text()[before:])
                address = found[-1] if found else None
                time.sleep(0.1)
            headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
            with httpx.Client(base_url=address, headers=headers, timeout=120) as client:
                for _ in range(600):
                    try:
                        client.get("/livez")
                        break
                    except httpx.TransportError:
                        time.sleep(0.1)
                yield client
        finally:
            running.terminate()
            running.wait(timeout=60)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A shop with canaries of 100 people in every field, by file and over HTTP, portraits drawn."""
    base = tmp_path_factory.mktemp("planted")
    shop = Workspace.create(base / "shop", currency="EUR")
    others = [canaries.bystander(number) for number in range(60)]
    canaries.write_file(base / "orders.jsonl", PEOPLE, others)
    shop.ingest(base / "orders.jsonl")
    told = pl.DataFrame(
        {
            "customer_id": [canaries.person(number) for number in PEOPLE],
            "vector": [[float(number)] for number in PEOPLE],
        }
    )
    told.write_parquet(shop.folder / "blocks.parquet")
    readings = shop.folder / "models" / "folds" / "x" / "0" / "readings"
    readings.mkdir(parents=True)
    (readings / "1.npz").write_text(canaries.CANARY)
    with service(shop.folder, base / "log.txt") as client:
        for number in PEOPLE:
            client.post("/v1/batch", json={"batch": canaries.calls(number)}).raise_for_status()
            consents = f"/v1/privacy/subjects/{httpx.URL(path=canaries.person(number)).raw_path.decode()}/consents"
            client.put(consents, json={"analytics": True})
        for number in PEOPLE:
            path = httpx.URL(path=canaries.person(number)).raw_path.decode()
            client.get(f"/v1/profiles/{path}", params={"fresh": True}).raise_for_status()
    return base


def test_no_byte_is_left_of_people_who_were_erased(planted, tmp_path):
    base, folder = planted, planted / "shop"
    assert len(canaries.holding(folder)) > 10
    before = back_up(Workspace(folder), tmp_path / "before.tar")
    with service(folder, base / "log.txt") as client:
        asked = {}
        for number in PEOPLE:
            body = {"type": "erase", "customer_id": canaries.person(number)}
            asked[number] = client.post("/v1/privacy/requests", json=body).json()["id"]
        for request in asked.values():
            for _ in range(3000):
                answer = client.get(f"/v1/privacy/requests/{request}/receipt")
                if answer.status_code == 200:
                    break
                time.sleep(0.1)
            receipt = answer.json()
            assert canaries.CANARY not in answer.text
            assert receipt["counts"]["database/journal"] >= 2
            assert receipt["counts"]["log/events"] >= 2
            assert receipt["counts"]["log/rejects"] >= 3
            assert receipt["counts"]["blocks.parquet (rows)"] >= 1
        again = client.post("/v1/batch", json={"batch": canaries.calls(7)}).json()
        assert again["accepted"] == 0
        assert {each["reason"] for each in again["rejected"]} <= {
            "erased",
            "time_unreadable",
            "bad_event",
            "kind_missing",
        }
        stays = client.get("/v1/profiles/stays-3", params={"fresh": True})
        assert stays.json()["live"]["events"] >= 1
    assert canaries.holding(folder) == []
    assert canaries.CANARY not in (base / "log.txt").read_text()
    # The file comes once more, with a row more so that it is another.
    canaries.write_file(base / "more.jsonl", PEOPLE, [canaries.bystander(99)])
    report = Workspace(folder).ingest(base / "more.jsonl")
    assert report.refused["erased"].count >= 300
    assert report.rows_after - report.rows_before == 1
    assert canaries.holding(folder) == []
    quality = json.loads((folder / "log" / "quality.json").read_text())
    assert quality["balanced"]
    # What was backed up before comes back without them, what is backed up now has nothing of them.
    restore(before.file, tmp_path / "old", suppressed=folder / "suppressed.txt")
    assert canaries.holding(tmp_path / "old") == []
    assert len(EventLog(tmp_path / "old" / "log")) == 60
    after = back_up(Workspace(folder), tmp_path / "after.tar")
    assert canaries.CANARY.encode() not in after.file.read_bytes()
    restore(after.file, tmp_path / "new")
    assert canaries.holding(tmp_path / "new") == []
    shop = Workspace(tmp_path / "new")
    with open_store(shop, None) as store:
        eraser = eraser_of(shop, store)
        assert eraser.book.audit.verify().good
        parts_of(shop, store).eraser.book.close()
        eraser.book.close()


def test_an_export_holds_everything_that_was_planted(ask, tmp_path):
    """Of a person whose data came by file and over HTTP, every canary is in the export."""
    shop = Workspace.create(tmp_path / "shop", currency="EUR")
    canaries.write_file(tmp_path / "orders.jsonl", [3], [canaries.bystander(1)])
    shop.ingest(tmp_path / "orders.jsonl")
    (shop.folder / "notes.txt").write_text(f"call {canaries.person(3)} back")
    with service(shop.folder, tmp_path / "log.txt") as client:
        client.post("/v1/batch", json={"batch": canaries.calls(3)}).raise_for_status()
    out = tmp_path / "export.json"
    done = ask("privacy", "export", canaries.person(3), "--out", out, "-w", shop.folder)
    assert done.exit_code == 0, done.stderr
    told = out.read_text(encoding="utf-8")
    for where in ("file", "http"):
        for name in canaries.FIELDS:
            if (where, name) != ("http", "session_id"):
                assert f"{canaries.CANARY}-{where}-{name}-003" in told, (where, name)
    names = ("mail-3", "visitor-3", "device-3", "external-3", "before-3", "anonymous-3")
    for word in ("no-time-3", "name-3", "city-3", "event", "when", *names):
        assert f"{canaries.CANARY}-{word}" in told, word
    assert json.loads(told)["named_in"] == ["notes.txt"]
    assert "stays-1" not in told


def test_erasing_on_the_command_line(ask, ingested):
    who = Workspace(ingested).log.scan().collect()["customer_id"][0]
    done = ask("privacy", "erase", who, "--json", "-w", ingested)
    assert done.exit_code == 0, done.stderr
    (receipt,) = json.loads(done.stdout)
    assert receipt["counts"]["log/events"] > 0
    assert {"log/events", "database/profiles"} <= set(receipt["searched"])
    assert "searched:" in done.stderr
    left = Workspace(ingested).log.scan(columns=["customer_id"]).collect()["customer_id"]
    assert who not in left.to_list()
    again = ask("privacy", "erase", "-w", ingested)
    assert "nothing to erase" in again.stderr
    told = ask("privacy", "erase", who, "--allow-return", "-w", ingested)
    assert "nothing was held" in told.stdout
    assert who not in (ingested / "suppressed.txt").read_text()
    assert ask("privacy", "export", who, "-w", ingested).exit_code == 0
    with closing(sqlite3.connect(ingested / "profiles.db")) as file:
        kept = file.execute("SELECT state, customer_id FROM privacy_requests").fetchall()
    assert set(kept) == {("done", None)}, "who was erased is not written down by asking again"
    assert len((ingested / "suppressed.txt").read_text().split()) > 0
