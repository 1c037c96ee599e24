"""What was sent is read after a stop too, and nothing of it is left behind."""

import os
import time
from datetime import UTC, datetime

import pytest

from arrivals import NOW_US
from limner.errors import DiskFull
from limner.events.cleaning import CleaningConfig
from limner.profiles.database.jobs import Job, Jobs
from limner.profiles.database.store import DatabaseStore
from limner.service import importer as module
from limner.service.importer import Importer
from serving import a_server, bought

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LINES = ["customer_id,time,event,product_id,price,event_id"]
LINES += [
    f"u{at % 7},2026-05-{at % 28 + 1:02d}T10:00:00Z,purchase,tea,2.5,e{at}" for at in range(3_000)
]


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def an_importer(store, folder, **more):
    settings = {"cleaning": CleaningConfig(), "clock": lambda: NOW, "rows": 500}
    return Importer(store, Jobs(store.engine), folder=folder, **settings | more)


def sent(store, folder, name="i1"):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.csv").write_text("\n".join(LINES) + "\n")
    job = Job(name, "import", "o.csv", f"{name}.csv", "me", "d", NOW_US, own_file=True)
    return Jobs(store.engine).add(job)


def test_what_was_stopped_is_carried_on_and_the_file_goes(store, tmp_path):
    folder = tmp_path / "imports"
    sent(store, folder)
    stopped = an_importer(store, folder, told=lambda _: stopped._stop.set())
    assert stopped.once() == 0
    jobs = Jobs(store.engine)
    assert jobs.get("i1").state == "running"
    assert 0 < jobs.get("i1").progress.rows < 3_000
    assert (folder / "i1.csv").is_file()
    heard = []
    assert an_importer(store, folder, told=heard.append).once() == 1
    done = jobs.get("i1")
    assert (done.state, done.progress.accepted) == ("done", 3_000)
    assert sum(each.accepted for each in heard) < 3_000
    assert list(folder.iterdir()) == []
    assert store.totals()["events"] == 3_000


def test_trouble_of_the_store_is_tried_again_and_of_the_file_is_told(store, tmp_path, monkeypatch):
    folder = tmp_path / "imports"
    sent(store, folder)
    one = an_importer(store, folder)

    def broken(*_, **__):
        raise failure

    monkeypatch.setattr(module, "import_file", broken)
    failure = DiskFull("no room")
    with pytest.raises(DiskFull):
        one.once()
    assert Jobs(store.engine).get("i1").state == "running"
    failure = ValueError("a secret of somebody's")
    assert one.once() == 1
    found = Jobs(store.engine).get("i1")
    assert (found.state, found.trouble) == ("failed", "the file could not be read (ValueError)")
    assert list(folder.iterdir()) == []


def test_what_was_being_sent_when_it_was_killed_goes_in_the_end(store, tmp_path):
    folder = tmp_path / "imports"
    folder.mkdir()
    for name in ("i8.csv.part", "i9.csv"):
        (folder / name).write_text("x")
    os.utime(folder / "i8.csv.part", (1, 1))
    an_importer(store, folder).once()
    assert [each.name for each in folder.iterdir()] == ["i9.csv"]


def test_whoever_is_erased_meanwhile_stays_out_and_no_byte_of_the_file_is_left(tmp_path):
    with a_server(tmp_path) as served:
        served.send(bought("u1", "m1"))
        leads = [False]
        served.app.state.importer.leads = lambda: leads[0]
        body = "\n".join(LINES) + "\n"
        told = served.client.post(
            "/v1/imports", content=body, headers={"Content-Type": "text/csv"}
        ).json()
        asked = served.client.post(
            "/v1/privacy/requests", json={"type": "erase", "customer_id": "u1"}
        ).json()
        address = f"/v1/privacy/requests/{asked['id']}"
        time.sleep(0.5)
        assert served.client.get(address).json()["state"] == "running"
        leads[0] = True
        for _ in range(600):
            if served.client.get(address).json()["state"] == "done":
                break
            time.sleep(0.05)
        assert served.client.get(address).json()["state"] == "done"
        job = served.client.get(f"/v1/imports/{told['id']}").json()
        of_u1 = sum(line.startswith("u1,") for line in LINES)
        assert (job["state"], job["erased"], job["accepted"]) == ("done", of_u1, 3_000 - of_u1)
        assert list((tmp_path / "imports").iterdir()) == []
