"""Killed again and again under mixed load: nothing acknowledged is lost, nothing counted twice."""

import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

import httpx
import pytest

from crashing import KEY_PEPPER, Nursery
from limner.cli.settings import PEPPER
from limner.cli.workspace import Workspace
from limner.events.log import EventLog
from limner.events.manifest import MANIFEST_NAME
from limner.profiles.counters import count, first_of_orders
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import settled
from limner.service.keys import SCOPES, Keyring
from serving import bought

KILLS = 40
"""So often in the suite; ``make slow`` kills a thousand times."""
REAL = 3
"""So often the command itself, which takes seconds to begin."""


class Load:
    """Senders and a reader; remembers what was acknowledged, and what was ever sent."""

    def __init__(self, key, seed):
        self.headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
        self.chance = random.Random(seed)
        self.acknowledged, self.sent, self.lock = set(), [], threading.Lock()
        self.answered = threading.Event()

    def run(self, port, senders=3):
        """Send and read until the service is gone."""
        threads = [threading.Thread(target=self._send, args=(port,)) for _ in range(senders)]
        threads.append(threading.Thread(target=self._read, args=(port,)))
        for each in threads:
            each.start()
        return threads

    def _fresh(self):
        with self.lock:
            number = len(self.sent)
            customer = f"c{self.chance.randrange(12)}"
            event = bought(customer, f"m{number}", order=f"o{number // 3}")
            self.sent.append(event)
            again = self.chance.sample(self.sent, min(2, len(self.sent)))
        return [event, *again]

    def _send(self, port):
        with (
            suppress(httpx.TransportError),
            httpx.Client(headers=self.headers, verify=False) as client,
        ):
            while True:
                batch = self._fresh()
                answer = client.post(f"http://127.0.0.1:{port}/v1/batch", json={"batch": batch})
                assert answer.status_code == 200, answer.text
                with self.lock:
                    self.acknowledged.update(each["messageId"] for each in batch)
                self.answered.set()

    def _read(self, port):
        with (
            suppress(httpx.TransportError),
            httpx.Client(headers=self.headers, verify=False) as client,
        ):
            while True:
                who = f"c{self.chance.randrange(12)}"
                answer = client.get(f"http://127.0.0.1:{port}/v1/profiles/{who}")
                assert answer.status_code in {200, 404}, answer.text


def check(folder, load):
    """See that the file is whole, that nothing acknowledged is missing, and nothing is there twice."""
    with closing(sqlite3.connect(folder / "profiles.db")) as file:
        assert file.execute("PRAGMA quick_check").fetchone() == ("ok",)
        held = [row[0] for row in file.execute("SELECT event_id FROM journal")]
    assert len(held) == len(set(held))
    moved = [] if log_of(folder) is None else log_of(folder).scan().collect()["event_id"].to_list()
    assert len(moved) == len(set(moved))
    with load.lock:
        assert load.acknowledged <= {*held, *moved}


def check_counters(folder):
    """See that the counters are those of the events that are held, to the byte."""
    with DatabaseStore(folder / "profiles.db", pepper=KEY_PEPPER) as store:
        events = store.events_of(list(store.numbers().values()))
        if log_of(folder) is not None:
            events = settled(log_of(folder).scan().collect(), events)
        whole = {who: one.to_json() for who, one in count(first_of_orders(events)).items()}
        assert {page.customer_id: page.counters for page in store.pages()} == whole


def log_of(folder):
    """Return the log of a folder; a kill may have come before it was begun."""
    return EventLog(folder / "log") if (folder / "log" / MANIFEST_NAME).exists() else None


def load_of(folder, seed):
    with DatabaseStore(folder / "profiles.db", pepper=KEY_PEPPER) as store:
        return Load(Keyring(store, KEY_PEPPER).make("load", list(SCOPES)).secret, seed)


def kill_again_and_again(folder, kills, *, seed=0):
    load = load_of(folder, seed)
    chance, nursery = random.Random(seed), Nursery()
    try:
        for number in range(kills):
            port = nursery.begin(folder)
            load.answered.clear()
            threads = load.run(port)
            if number % 10:  # each tenth is killed while it begins
                assert load.answered.wait(timeout=60)
            time.sleep(chance.uniform(0.0, 0.2))
            nursery.kill()
            for each in threads:
                each.join(timeout=30)
            check(folder, load)
            if number % 50 == 49:
                check_counters(folder)
    finally:
        nursery.close()
    check_counters(folder)
    return load


def test_nothing_acknowledged_is_lost_and_nothing_is_counted_twice(tmp_path):
    load = kill_again_and_again(tmp_path, KILLS)
    assert len(load.acknowledged) > KILLS


def test_the_command_itself_is_killed(tmp_path):
    Workspace.create(tmp_path, currency="EUR")
    (tmp_path / PEPPER).parent.mkdir()
    (tmp_path / PEPPER).write_bytes(KEY_PEPPER)
    load, chance = load_of(tmp_path, 2), random.Random(2)
    for _ in range(REAL):
        command = [sys.executable, "-m", "limner.cli", "serve", "--port", "0", "-w", tmp_path]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            told = next(line for line in process.stderr if "http://" in line)
            load.answered.clear()
            threads = load.run(int(re.search(r":(\d+)/docs", told)[1]))
            assert load.answered.wait(timeout=60)
            time.sleep(chance.uniform(0.0, 0.2))
            process.kill()
            for each in threads:
                each.join(timeout=30)
        check(tmp_path, load)
    check_counters(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_a_thousand_times(tmp_path, seed):
    kill_again_and_again(tmp_path, 250, seed=seed)  # in parts, for several workers to share
