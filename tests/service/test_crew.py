"""A process leads while it holds the lease, and shares its figures with the others."""

import pytest

from limner.profiles.database.leases import Leases
from limner.profiles.database.store import DatabaseStore
from limner.service.crew import Mate, Place
from limner.service.metrics import Metrics


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def test_one_leads_until_it_stops(store):
    leases, shared = Leases(store.engine), []
    one = Mate(leases, "one", share=lambda: shared.append("one"))
    two = Mate(leases, "two", share=lambda: shared.append("two"))
    one.once()
    two.once()
    assert (one.leads(), two.leads()) == (True, False)
    assert shared == ["one", "two"]
    one.start()
    one.close()
    one.close()
    two.once()
    assert (one.leads(), two.leads()) == (False, True)


def test_figures_of_all_are_added_up_and_those_of_the_dead_stay(tmp_path, monkeypatch):
    def process(number, pid):
        monkeypatch.setattr("os.getpid", lambda: pid)
        return Metrics(Place(number, 2, tmp_path))

    def told(metrics, pid, name):
        monkeypatch.setattr("os.getpid", lambda: pid)
        lines = metrics.text().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name + " "))

    dead = process(0, 10)
    dead.accepted.inc(5)
    dead.waiting.set(100)
    dead.share()
    one, two = process(0, 11), process(1, 12)
    one.accepted.inc(2)
    two.accepted.inc(1)
    for each, pid in ((one, 11), (two, 12)):
        monkeypatch.setattr("os.getpid", lambda pid=pid: pid)
        each.stale.set(7)
        each.waiting.set(3)
        each.seconds.observe(0.1)
        each.rejected.labels("bad").inc()
        each.share()
    assert told(one, 11, "limner_events_accepted_total") == 8
    assert told(one, 11, "limner_events_waiting") == 6
    assert told(one, 11, "limner_portraits_stale") == 7
    assert told(one, 11, "limner_ingest_seconds_count") == 2
    assert told(two, 12, 'limner_events_rejected_total{reason="bad"}') == 2
