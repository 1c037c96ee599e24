"""A real server of HTTP over a store of its own, begun for a test and gone with it."""

import os
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from limner.profiles.database.privacy import PrivacyBook
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
from limner.profiles.painter import Painter
from limner.service.keys import SCOPES, Keyring
from limner.service.parts import Parts
from limner.service.running import listen, run
from limner.service.settings import ServeConfig
from limner.service.tracing import Traces

PEPPER = b"sixteen bytes or more"


@dataclass
class Served:
    """A server that runs: how to ask it, and what is behind it."""

    client: httpx.Client
    store: DatabaseStore
    app: object
    key: str

    def key_for(self, *scopes, purposes=()):
        """Return the headers of a new key."""
        keyring = self.app.state.keyring
        made = Keyring(self.store, keyring._pepper, tenant=keyring.tenant).make(
            "t", list(scopes), purposes=purposes
        )
        return {"Authorization": f"Bearer {made.secret}"}

    def send(self, *events, path="batch", **more):
        """Send a batch of Segment's calls, or a body of its own to another address."""
        body = {"batch": list(events)} if path == "batch" else events[0]
        return self.client.post(f"/v1/{path}", json=body, **more)

    def profile(self, customer, **params):
        """Return what is told of a customer, drawn anew if need be.

        A shop that grew has everybody drawn anew, which may fall between drawing and telling.
        """
        for _ in range(20):
            answer = self.client.get(f"/v1/profiles/{customer}", params={"fresh": True} | params)
            answer.raise_for_status()
            if not answer.json()["freshness"]["stale"]:
                break
        return answer.json()

    def settle(self):
        """Wait until everybody is drawn and nobody will be drawn anew because the shop grew."""
        renewer, end = self.app.state.renewer, time.monotonic() + 60
        while 2 * renewer._size < renewer.painter.size() or self.store.stale(limit=1):
            assert time.monotonic() < end, self.store.stale(limit=3)
            time.sleep(0.02)


def an_eraser(store, *, log=None, folder=None):
    """Return who erases from a store, a log and a folder."""
    return Eraser(store, PrivacyBook(store.engine, PEPPER), pepper=PEPPER, log=log, folder=folder)


def some_parts(
    folder, *, log=None, address=None, clock="now", present=None, traces=None, **settings
):
    """Return what a service over a store in a folder is made of."""
    settings = {"stream_seconds": 0.3} | settings  # what never ends would keep tests waiting
    store = DatabaseStore(address or folder / "profiles.db", pepper=PEPPER)
    more = {each: settings.pop(each) for each in ("tenants", "probes") if each in settings}
    return Parts(
        store,
        Painter(store, log, clock=clock),
        PEPPER,
        an_eraser(store, log=log, folder=folder),
        config=ServeConfig(clock=clock, **settings),
        clock=(lambda: present) if present else lambda: datetime.now(UTC),
        traces=traces or Traces(),
        **more,
    )


@contextmanager
def begun(folder, *more):
    """Run ``limner serve`` over a new workspace; yield the process, and what opens a client.

    The client has the key that it shows. Afterwards it has ended, one way or the other.
    """
    command = [sys.executable, "-m", "limner.cli", "serve", "--workspace", str(folder)]
    with subprocess.Popen(
        [*command, "--port", "0", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as running:
        try:
            (key,) = re.findall(r"lk_\S+", running.stdout.readline())
            line = next(line for line in running.stderr if "http://" in line)
            (base,) = re.findall(r"http://[\d.:]+", line)
            headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
            yield running, lambda: httpx.Client(base_url=base, headers=headers, timeout=60)
        finally:
            running.terminate()
            try:
                running.wait(60)
            finally:
                running.kill()


@contextmanager
def a_server(folder, **settings):
    """Serve a store in a folder; its client has a key for everything, and a purpose."""
    parts = some_parts(folder, **settings)
    store = parts.store
    parts.painter.seed()
    tenant = parts.config.tenant
    key = Keyring(store, PEPPER, tenant=tenant).make("test", list(SCOPES)).secret
    door, begun = listen("127.0.0.1", 0), []
    thread = threading.Thread(
        target=run, args=(parts, door), kwargs={"ready": begun.append}, daemon=True
    )
    thread.start()
    while not (begun and begun[0].started):
        assert thread.is_alive()
        time.sleep(0.01)
    (server,), port = begun, door.getsockname()[1]
    app = server.config.app
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60
        ) as client:
            yield Served(client, store, app, key)
    finally:
        server.should_exit = True
        thread.join()


def children_of(pid):
    """Return the processes that a process began, those of multiprocessing alone."""
    found = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            try:
                parent = (each / "stat").read_text().rpartition(")")[2].split()[1]
                said = (each / "cmdline").read_text()
            except OSError:
                continue
            if int(parent) == pid and "spawn_main" in said:
                found.append(int(each.name))
    return sorted(found)


def bought(customer="ann", message="m1", *, order="o1", **more):
    """Return Segment's call of a completed order."""
    product = {"product_id": "tea", "name": "Tea", "price": "2.5", "quantity": 2}
    return {
        "type": "track",
        "event": "Order Completed",
        "messageId": message,
        "userId": customer,
        "timestamp": "2026-05-01T10:00:00Z",
        "properties": {"order_id": order, "products": [product]},
    } | more
