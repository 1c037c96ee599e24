"""The worker as a process of its own: killed at any moment, it loses and doubles nothing."""

import json
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from brokers import a_broker, an_event
from limner.cli.workspace import Workspace
from limner.profiles.counters import Counters
from limner.profiles.database.store import DatabaseStore

KILLS = {"follow": 12, "kafka": 2, "nats": 2, "redis": 2}
"""How often the process dies, by stream."""


def command(folder, *more):
    words = ["worker", "--workspace", str(folder), *map(str, more)]
    return [sys.executable, "-m", "limner.cli", *words]


@pytest.fixture
def shop(tmp_path):
    """A workspace whose worker writes in small steps, so that a kill falls between some."""
    folder = Workspace.create(tmp_path / "shop", currency="EUR").folder
    with (folder / "limner.toml").open("a", encoding="utf-8") as file:
        file.write("\n[worker]\nbatch_messages = 20\nwait_seconds = 0.02\nportraits = false\n")
    return folder


@contextmanager
def running(folder, *more):
    with subprocess.Popen(
        command(folder, *more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ran(folder, *more):
    return subprocess.run(
        command(folder, *more), capture_output=True, text=True, check=False, timeout=120
    )


def held(folder):
    """Return how many events the store has, and how many its counters count."""
    with DatabaseStore(folder / "profiles.db") as store:
        counted = [Counters.from_json(page.counters) for page in store.pages(limit=1000)]
        return store.totals()["events"], sum(each.events for each in counted)


def moved(folder, since):
    """Wait until the worker has stored something."""
    for _ in range(600):
        if held(folder)[0] > since:
            return
        time.sleep(0.02)
    pytest.fail("the worker stored nothing")


@pytest.mark.parametrize("scheme", sorted(KILLS))
def test_killed_at_random_moments_it_loses_and_doubles_nothing(shop, tmp_path, scheme):
    """Events have neither id nor time, so what was counted twice would show."""
    chance = random.Random(7)
    written = 0
    (tmp_path / "broker").mkdir()
    with a_broker(scheme, tmp_path / "broker") as broker:
        broker.make("orders")
        address = broker.address("orders")
        for _ in range(KILLS[scheme]):
            before = held(shop)[0]
            with running(shop, "--from", address) as process:
                for _ in range(4):
                    broker.write("orders", [an_event(written + at) for at in range(100)])
                    written += 100
                moved(shop, before)
                time.sleep(chance.random() * 0.2)
                process.send_signal(signal.SIGKILL)
                process.wait()
        done = ran(shop, "--from", address, "--once")
        assert done.returncode == 0, done.stderr
    assert held(shop) == (written, written)


def test_asked_to_stop_it_finishes_and_says_what_it_did(shop, tmp_path):
    with a_broker("follow", tmp_path) as file:
        file.write("orders", [an_event(at) for at in range(30)])
        with running(shop, "--from", file.address("orders")) as process:
            moved(shop, 20)
            process.terminate()
            assert process.wait(timeout=60) == 0
            assert "read 30 messages: 30 events new" in process.stderr.read()
    assert held(shop) == (30, 30)


def test_at_the_end_portraits_are_drawn_and_what_was_refused_is_replayed(shop, tmp_path):
    settings = shop / "limner.toml"
    settings.write_text(settings.read_text().replace("portraits = false", ""))
    with a_broker("follow", tmp_path) as file:
        file.write("orders", [an_event(1), b"{", json.dumps({"type": "track"}).encode()])
        done = ran(shop, "--from", file.address("orders"), "--once")
    assert "1 events new, 0 there already, 2 refused" in done.stderr
    with DatabaseStore(shop / "profiles.db") as store:
        assert store.page("c1").portrait is not None
    done = ran(shop, "--replay-rejects")
    assert "took 0 refused rows, 0 events new; 2 stay refused" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "must be a stream to read from"),
        (["--from", "smoke:signals"], "a stream must be of follow, kafka"),
        (["--from", "follow:/no/where/x.jsonl"], "must lie in a folder"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(shop, more, said):
    done = ran(shop, *more)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
