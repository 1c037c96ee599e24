"""Killed again and again under mixed load: nothing acknowledged is lost, nothing counted twice."""

import os
import random
import signal
import sqlite3
import threading
import time
from contextlib import closing, suppress

import httpx
import pytest

from crashing import KEY_PEPPER, Nursery
from limner.profiles.counters import count, first_of_orders
from limner.profiles.database.store import DatabaseStore
from limner.service.keys import SCOPES, Keyring
from serving import bought

KILLS = 40
"""So often in the suite; ``make slow`` kills a thousand times."""


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
        with suppress(httpx.TransportError), httpx.Client(headers=self.headers) as client:
            while True:
                batch = self._fresh()
                answer = client.post(f"http://127.0.0.1:{port}/v1/batch", json={"batch": batch})
                assert answer.status_code == 200, answer.text
                with self.lock:
                    self.acknowledged.update(each["messageId"] for each in batch)
                self.answered.set()

    def _read(self, port):
        with suppress(httpx.TransportError), httpx.Client(headers=self.headers) as client:
            while True:
                who = f"c{self.chance.randrange(12)}"
                answer = client.get(f"http://127.0.0.1:{port}/v1/profiles/{who}")
                assert answer.status_code in {200, 404}, answer.text


def check(path, load):
    """See that the file is whole, that nothing acknowledged is missing, and nothing is there twice."""
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA quick_check").fetchone() == ("ok",)
        held = [row[0] for row in file.execute("SELECT event_id FROM journal")]
    assert len(held) == len(set(held))
    with load.lock:
        assert load.acknowledged <= set(held)


def check_counters(path):
    """See that the counters are those of the events that are held, to the byte."""
    with DatabaseStore(path) as store:
        events = store.events_of(list(store.numbers().values()))
        whole = {who: one.to_json() for who, one in count(first_of_orders(events)).items()}
        assert {page.customer_id: page.counters for page in store.pages()} == whole


def kill_again_and_again(folder, kills, *, seed=0):
    path = folder / "profiles.db"
    with DatabaseStore(path) as store:
        load = Load(Keyring(store, KEY_PEPPER).make("load", list(SCOPES)).secret, seed)
    chance, nursery = random.Random(seed), Nursery()
    try:
        for number in range(kills):
            pid, port = nursery.begin(folder)
            load.answered.clear()
            threads = load.run(port)
            if number % 10:  # each tenth is killed while it begins
                assert load.answered.wait(timeout=60)
            time.sleep(chance.uniform(0.0, 0.2))
            os.kill(pid, signal.SIGKILL)
            for each in threads:
                each.join(timeout=30)
            check(path, load)
            if number % 50 == 49:
                check_counters(path)
    finally:
        nursery.close()
    check_counters(path)
    return load


def test_nothing_acknowledged_is_lost_and_nothing_is_counted_twice(tmp_path):
    load = kill_again_and_again(tmp_path, KILLS)
    assert len(load.acknowledged) > KILLS


@pytest.mark.slow
def test_a_thousand_times(tmp_path):
    kill_again_and_again(tmp_path, 1_000, seed=1)
