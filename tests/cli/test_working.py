"""A worker that is killed at any moment loses nothing and counts nothing twice."""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from brokers import a_broker, an_event
from limner.cli.working import replay_all, work
from limner.cli.workspace import Workspace
from limner.errors import BadConfig
from limner.profiles.counters import Counters
from limner.profiles.database.store import DatabaseStore

KILLS = {"follow": 15, "kafka": 3, "nats": 3, "redis": 3}
"""How often the process dies, by stream."""
BIRTHS = """
import os, sys
from importlib import import_module
import limner.cli.sourcing, limner.cli.portraits, limner.profiles.painter
import limner.service.renewal, limner.service.worker
from limner.cli.workspace import Workspace
from limner.cli.working import work
from limner.profiles.database.store import DatabaseStore

for name in sys.argv[1:]:
    import_module(name)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        folder, address = line.split()
        with DatabaseStore(folder + "/profiles.db") as store:
            work(Workspace(folder), store, [address])
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""A process that has imported everything, and begets workers, each a process of its own: they are
there at once, so that many can be killed."""


@pytest.fixture
def shop(tmp_path):
    """A workspace whose worker writes in small steps, so that kills fall between some."""
    folder = Workspace.create(tmp_path / "shop", currency="EUR").folder
    with (folder / "limner.toml").open("a", encoding="utf-8") as file:
        file.write("\n[worker]\nbatch_messages = 20\nwait_seconds = 0.02\nportraits = false\n")
    return folder


@contextmanager
def births(scheme):
    client = {"kafka": ["confluent_kafka"], "nats": ["nats.js"], "redis": ["redis"]}
    with subprocess.Popen(
        [sys.executable, "-c", BIRTHS, *client.get(scheme, [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    ) as nursery:
        try:
            yield nursery
        finally:
            nursery.kill()


def held(store):
    """Return how many events the store has, and how many its counters count."""
    counted = [Counters.from_json(page.counters) for page in store.pages(limit=1000)]
    return store.totals()["events"], sum(each.events for each in counted)


@pytest.mark.parametrize("scheme", sorted(KILLS))
def test_killed_at_random_moments_it_loses_and_doubles_nothing(shop, tmp_path, scheme):
    """Events have neither id nor time, so what was counted twice would show."""
    chance = random.Random(7)
    written, ends = 0, set()
    (tmp_path / "broker").mkdir()
    with (
        a_broker(scheme, tmp_path / "broker") as broker,
        births(scheme) as nursery,
        DatabaseStore(shop / "profiles.db") as store,
    ):
        broker.make("orders")
        for _ in range(KILLS[scheme]):
            nursery.stdin.write(f"{shop} {broker.address('orders')}\n")
            worker, before = int(nursery.stdout.readline()), store.totals()["events"]
            for _ in range(5):
                broker.write("orders", [an_event(written + at) for at in range(50)])
                written += 50
                time.sleep(chance.random() * 0.05)
            for _ in range(3000):
                if store.totals()["events"] > before:
                    break
                time.sleep(0.01)
            time.sleep(chance.random() * 0.1)
            ends.add(store.totals()["events"] < written)
            os.kill(worker, signal.SIGKILL)
            assert int(nursery.stdout.readline()) == signal.SIGKILL
        work(Workspace(shop), store, [broker.address("orders")], once=True)
        assert held(store) == (written, written)
    assert True in ends, "some died while there was something to read"


def test_streams_may_stand_in_the_settings(shop, tmp_path):
    with (
        a_broker("follow", tmp_path) as file,
        DatabaseStore(shop / "profiles.db") as store,
    ):
        with pytest.raises(BadConfig, match="there must be a stream to read from"):
            work(Workspace(shop), store, [], once=True)
        file.write("orders", [an_event(1), b"{"])
        with (shop / "limner.toml").open("a", encoding="utf-8") as settings:
            settings.write(f"sources = ['{file.address('orders')}']\n")
        done = work(Workspace(shop), store, [], once=True)
        assert (done.messages, done.accepted, done.refused) == (2, 1, 1)
        assert replay_all(Workspace(shop), store) == (0, 0, 1)
