"""The worker as it is started: until it is asked to stop, or to the end of what is there."""

import json
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from brokers import a_broker, an_event
from limner.cli.workspace import Workspace
from limner.profiles.counters import Counters
from limner.profiles.database.store import DatabaseStore


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


def test_asked_to_stop_it_finishes_and_says_what_it_did(shop, tmp_path):
    with a_broker("follow", tmp_path) as file:
        file.write("orders", [an_event(at) for at in range(30)])
        with running(shop, "--from", file.address("orders")) as process:
            moved(shop, 20)
            process.terminate()
            assert process.wait(timeout=60) == 0
            assert "read 30 messages: 30 events new" in process.stderr.read()
    assert held(shop) == (30, 30)


def test_at_the_end_portraits_are_drawn_and_what_was_refused_is_replayed(ask, shop, tmp_path):
    settings = shop / "limner.toml"
    settings.write_text(settings.read_text().replace("portraits = false", ""))
    with a_broker("follow", tmp_path) as file:
        file.write("orders", [an_event(1), b"{", json.dumps({"type": "track"}).encode()])
        done = ask("worker", "--workspace", shop, "--from", file.address("orders"), "--once")
    assert "1 events new, 0 there already, 2 refused" in done.stderr
    with DatabaseStore(shop / "profiles.db") as store:
        assert store.page("c1").portrait is not None
    done = ask("worker", "--workspace", shop, "--replay-rejects")
    assert "took 0 refused rows, 0 events new; 2 stay refused" in done.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "must be a stream to read from"),
        (["--from", "smoke:signals"], "a stream must be of follow, kafka"),
        (["--from", "follow:/no/where/x.jsonl"], "must lie in a folder"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(ask, shop, more, said):
    done = ask("worker", "--workspace", shop, *more)
    assert done.exit_code == 2
    assert said in done.stderr
