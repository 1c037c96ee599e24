"""A file is read once, however often its reading is broken off."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from arrivals import NOW_US
from limner.errors import BadSource, Overtaken
from limner.events.cleaning import CleaningConfig
from limner.profiles.database.jobs import Job, Jobs
from limner.profiles.database.store import DatabaseStore
from limner.profiles.importing import import_file

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ROWS = 2_500


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


@pytest.fixture
def job(tmp_path, store):
    lines = ["customer_id,time,event,product_id,price"]
    for at in range(ROWS):
        when = (
            "soon"
            if at % 500 == 0
            else f"2026-05-{at % 28 + 1:02d}T{at % 24:02d}:00:{at % 60:02d}Z"
        )
        lines.append(f"u{at},{when},purchase,tea,2.5")
    path = tmp_path / "o.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    jobs = Jobs(store.engine)
    made = jobs.add(Job("i1", "import", "o.csv", str(path), "me", "d", NOW_US))
    assert jobs.begin(made)
    return made


def read(store, job, told=lambda _: None):
    settings = {
        "path": Path(job.path),
        "cleaning": CleaningConfig(),
        "clock": lambda: NOW,
        "rows": 400,
    }
    return import_file(store, job, told=told, **settings)


class Killed(Exception):
    pass


def test_broken_off_anywhere_it_is_carried_on(store, job):
    jobs = Jobs(store.engine)
    for _ in range(20):
        heard = []

        def told(receipt, heard=heard):
            heard.append(receipt)
            raise Killed  # after the transaction, before anything else is done

        try:
            done = read(store, jobs.get("i1"), told)
            break
        except Killed:
            assert len(heard) == 1
    progress = done.progress
    assert progress.stretches > 2
    assert (progress.rows, progress.accepted, progress.refused) == (ROWS, ROWS - 5, 5)
    assert progress.duplicates == 0
    assert progress.share == 1.0
    assert store.totals()["events"] == ROWS - 5
    assert store.totals()["rejects"] == 5
    assert jobs.get("i1").progress == progress


def test_one_that_is_cancelled_stops_and_one_at_a_time_reads(store, job):
    jobs = Jobs(store.engine)
    with pytest.raises(Overtaken, match="job i1"):
        read(store, job, lambda _: jobs.cancel("i1"))
    kept = store.totals()["events"]
    assert 0 < kept < ROWS
    assert jobs.get("i1").state == "cancelling"
    assert jobs.get("i1").progress.accepted == kept
    with pytest.raises(Overtaken):
        read(store, job)  # as it was before the first stretch
    assert store.totals()["events"] == kept


def test_a_file_that_went_is_named(store, job, tmp_path):
    (tmp_path / "o.csv").unlink()
    with pytest.raises(BadSource, match=r"o\.csv is not there any more"):
        read(store, job)
