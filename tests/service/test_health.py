"""Answers that say what they lack, each fault a real one: a full disk, removed folders."""

import contextlib
import shutil
import subprocess
import time

import polars as pl
import pytest
from sqlalchemy import create_engine, text

import postgres
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.shaping import typed_catalogue
from limner.events.source import RawBatch
from limner.service.health import Health
from log_tools import NOW, Batches
from serving import a_server, bought


class Thread:
    failing = False


def test_what_fails_and_what_is_missing():
    now, there, writer = [0.0], [True], Thread()
    health = Health({"models": lambda: there[0]}, {"writes": writer}, clock=lambda: now[0])
    assert health.lacking() == ()
    there[0], writer.failing = False, True
    assert health.lacking() == ("writes",)
    now[0] += 1
    assert health.lacking() == ("writes", "models")
    broken = Health({"vectors": lambda: 1 / 0}, {})
    assert broken.lacking() == ("vectors",)


@contextlib.contextmanager
def a_small_disk(folder, size="3m"):
    """Mount a disk of some size in a folder."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def until(told, wanted, tries=200):
    for _ in range(tries):
        if told() == wanted:
            return
        time.sleep(0.05)
    pytest.fail(f"it must become {wanted!r}, but is {told()!r}")


def test_on_a_full_disk_reads_go_on_and_what_was_sent_is_refused_until_there_is_room(tmp_path):
    with a_small_disk(tmp_path / "disk") as disk, a_server(disk) as served:
        assert served.send(bought("ann", "m1")).json()["accepted"] == 1
        filler = disk / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 4096)
        many = [bought(f"p{at}", f"n{at}", order=f"n{at}") for at in range(200)]
        refused = served.send(*many)
        assert refused.status_code == 503
        assert refused.json()["code"] in {"disk_full", "store_unavailable"}
        assert int(refused.headers["retry-after"]) >= 1
        told = served.client.get("/v1/profiles/ann")
        assert told.status_code == 200
        assert told.json()["live"]["orders"] == 1
        assert "writes" in told.json()["degraded"]
        ready = served.client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ready")
        assert "writes" in ready.json()["degraded"]
        filler.unlink()
        until(lambda: "writes" in served.client.get("/readyz").json()["degraded"], False)
        again = served.send(*many).json()
        assert (again["accepted"], again["duplicates"]) == (200, 0)
        assert served.send(bought("ann", "m1")).json()["duplicates"] == 1
        until(lambda: served.client.get("/readyz").json()["degraded"], [])
        assert served.store.totals()["events"] == 201


def test_a_database_that_became_a_replica_is_read_and_not_written(tmp_path):
    if postgres.programs() is None:
        pytest.skip(postgres.HOW_TO_GET_IT)
    with postgres.a_server() as server:
        address = f"{server}/postgres"
        with a_server(tmp_path, address=address) as served:
            served.send(bought("ann", "m1"))
            served.profile("ann")
            admin = create_engine(
                address.replace("postgresql", "postgresql+psycopg"), isolation_level="AUTOCOMMIT"
            )

            def only_read(value):
                with admin.connect() as connection:
                    connection.execute(
                        text(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
                    )
                    connection.execute(text("SELECT pg_reload_conf()"))
                time.sleep(0.5)

            only_read("on")
            refused = served.send(bought("ann", "m2", order="o2"))
            assert (refused.status_code, refused.json()["code"]) == (503, "store_read_only")
            told = served.client.get("/v1/profiles/ann").json()
            assert (told["live"]["orders"], "writes" in told["degraded"]) == (1, True)
            only_read("off")
            until(lambda: "writes" in served.client.get("/readyz").json()["degraded"], False)
            assert served.send(bought("ann", "m2", order="o2")).json()["accepted"] == 1
            admin.dispose()


def test_what_is_removed_under_a_running_service_is_said(tmp_path):
    models = tmp_path / "models"
    models.mkdir()
    with a_server(tmp_path, probes={"models": models.is_dir}) as served:
        served.send(bought("ann", "m1"))
        served.profile("ann")
        tag = served.client.get("/v1/profiles/ann").headers["etag"]
        assert served.client.get("/v1/profiles/ann").json()["degraded"] == []
        shutil.rmtree(models)
        until(lambda: served.client.get("/v1/profiles/ann").json()["degraded"], ["models"])
        changed = served.client.get("/v1/profiles/ann", headers={"If-None-Match": tag})
        assert changed.status_code == 200
        body = {"ids": ["ann"]}
        assert served.client.post("/v1/score", json=body).json()["degraded"] == ["models"]
        offers = served.client.post("/v1/recommendations", json={"customer_id": "ann"}).json()
        assert offers["degraded"] == ["models"]
        assert served.client.get("/readyz").json() == {"status": "ready", "degraded": ["models"]}


def test_a_catalogue_that_is_gone_stops_nothing_that_can_go_on(tmp_path):
    told = {"customer_id": "bob", "time": "2024-01-01", "kind": "purchase", "item_id": "tea"}
    items = typed_catalogue(pl.DataFrame({"item_id": ["tea"], "title": ["Tea"]}))
    batch = RawBatch(pl.DataFrame(told | {"_line": 1}), catalogue=items, progress=1.0, file="f")
    log = EventLog.create(tmp_path / "log", buckets=2)
    ingest(log, [(Batches(), None, [batch])], now=NOW)
    with a_server(tmp_path, log=log, probes={"catalogue": log.has_catalogue}) as served:
        served.send(bought("ann", "m1"))
        served.profile("ann")
        (file,) = log.folder.glob("catalogue-*.parquet")
        kept = file.read_bytes()
        file.unlink()
        served.app.state.parts.painter.references = None  # it is time to compare anew
        served.app.state.renewer._compared = 0.0
        served.send(bought("ann", "m2", order="o2"))
        answer = served.client.get("/v1/profiles/ann", params={"fresh": True})
        assert answer.status_code == 200
        assert answer.json()["live"]["orders"] == 2
        assert answer.json()["freshness"]["stale"] is True
        until(
            lambda: set(served.client.get("/v1/profiles/ann").json()["degraded"]),
            {"portraits", "catalogue"},
        )
        file.write_bytes(kept)
        until(lambda: served.client.get("/readyz").json()["degraded"], [], tries=900)
        assert served.profile("ann")["freshness"]["stale"] is False


def test_a_file_that_may_not_be_written_any_more_is_read(tmp_path):
    with a_server(tmp_path) as served:
        served.send(bought("ann", "m1"))
        served.profile("ann")
        # not the shared memory beside it: the kernel ends whoever writes to a page of such a file
        files = [tmp_path / "profiles.db", tmp_path / "profiles.db-wal"]

        def locked(sign):
            return subprocess.run(["chattr", f"{sign}i", *files], capture_output=True, check=False)

        if locked("+").returncode:
            locked("-")
            pytest.skip("a file can be made immutable by root alone, on ext4 and its like")
        try:
            refused = served.send(bought("ann", "m2", order="o2"))
            assert refused.status_code == 503
            assert refused.json()["code"] in {"store_read_only", "store_unavailable"}
            assert "retry-after" in refused.headers
            told = served.client.get("/v1/profiles/ann").json()
            assert (told["live"]["orders"], "writes" in told["degraded"]) == (1, True)
        finally:
            locked("-")
        until(lambda: "writes" in served.client.get("/readyz").json()["degraded"], False)
        assert served.send(bought("ann", "m2", order="o2")).json()["accepted"] == 1
