"""How fast events come in and profiles go out, beside the bare parts on the same machine.

``python benchmarks/serve.py`` starts services as processes of their own, asks them in turn for a
few seconds each, and prints rates as ratios:

* *ingest*: durable events a second over HTTP (bodies of 500 calls, eight clients at once); how many
  our store takes alone, counters and all, where nothing is sent, read or cleaned; and how many
  SQLite takes when it only writes them down, each once;
* *visible*: from an acknowledgement until a reading with its token tells of it, while that load
  goes on: the 50th and 99th percentile;
* *reads*: profiles a second, beside a bare route of FastAPI that returns as many ready bytes.

One client is a process of its own, so that it does not share the server's interpreter.
"""

import argparse
import atexit
import json
import multiprocessing
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

from limner.cli.serving import keyring_of, open_store
from limner.cli.settings import SETTINGS_NAME
from limner.cli.workspace import Workspace
from limner.profiles.database.store import DatabaseStore
from limner.service.keys import SCOPES
from limner.service.reading import Rules, read_deliveries
from limner.service.running import listen
from limner.service.settings import ServeConfig
from limner.service.wire import Sending, wires

PEPPER = b"sixteen bytes or more"
CUSTOMERS = 2_500
KEYS = {"requests_per_second": 1e9, "burst": 10**9, "waiting_events": 200_000}


def call(number: int, chance: np.random.Generator) -> dict[str, Any]:
    product = {"product_id": f"p{number % 997}", "price": 2.5, "quantity": 1}
    when = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=int(chance.integers(2_000_000)))
    return {
        "type": "track",
        "messageId": f"m{number}",
        "userId": f"u{chance.integers(CUSTOMERS)}",
        "event": ("Product Viewed", "Order Completed")[chance.integers(2)],
        "timestamp": when.isoformat(),
        "properties": {"order_id": f"o{number}", "products": [product]},
    }


def serve(folder: str, told: Connection, workers: int = 1) -> None:
    """Become ``limner serve`` for a workspace of its own."""
    shop = Workspace.create(Path(folder) / "shop", currency="EUR")
    with (shop.folder / SETTINGS_NAME).open("a", encoding="utf-8") as file:
        file.write("\n[serve]\n" + "".join(f"{key} = {value}\n" for key, value in KEYS.items()))
    shop = Workspace(shop.folder)
    with open_store(shop, None) as store:
        key = keyring_of(shop, store).make("load", list(SCOPES)).secret
    with listen("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
    told.send((port, key))
    asked = ["--workspace", str(shop.folder), "--port", str(port), "--workers", str(workers)]
    command = [sys.executable, "-m", "limner.cli", "serve", *asked]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is needed


def serve_bytes(size: int, told: Connection) -> None:
    app, body = FastAPI(), b"x" * size

    @app.get("/v1/profiles/{customer_id}")
    async def one(customer_id: str) -> Response:  # noqa: ARG001
        return Response(body, media_type="application/json")

    door = listen("127.0.0.1", 0)
    told.send((door.getsockname()[1], "none"))
    config = uvicorn.Config(app, access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[door])


def begun(
    work: Callable[..., None], argument: str | int, *more: int
) -> tuple[multiprocessing.Process, int, str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=work, args=(argument, there, *more))
    process.start()
    atexit.register(process.terminate)
    port, key = here.recv()
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    return process, port, key


def send(
    address: tuple[int, str], first: int, seconds: float, together: Barrier, told: Connection
) -> None:
    """Send bodies of 500 until the time is over; tell how many events were acknowledged.

    All bodies are made before anybody sends the first: making them takes the same two cores.
    """
    port, key = address
    chance, number, done = np.random.default_rng(first), first, 0
    bodies = []
    for _ in range(80):
        bodies.append(json.dumps({"batch": [call(number + at, chance) for at in range(500)]}))
        number += 500
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with httpx.Client(headers=headers, timeout=120) as client:
        together.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end and bodies:
            answer = client.post(f"http://127.0.0.1:{port}/v1/batch", content=bodies.pop())
            done += answer.json()["accepted"] if answer.status_code == 200 else 0
    told.send((done, time.monotonic() - end + seconds))


def ingest(port: int, key: str, *, clients: int, seconds: float) -> tuple[float, list[float]]:
    """Return events a second, and how long it took until a sent event was told, in seconds."""
    pipes, processes = [], []
    together = multiprocessing.Barrier(clients + 1)
    for at in range(clients):
        here, there = multiprocessing.Pipe()
        arguments = ((port, key), 10_000_000 * (at + 1), seconds, together, there)
        processes.append(multiprocessing.Process(target=send, args=arguments))
        pipes.append(here)
    for process in processes:
        process.start()
    together.wait()
    seen, end, number = [], time.monotonic() + seconds - 2.0, 0
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
    with httpx.Client(headers=headers, timeout=60) as client:
        while time.monotonic() < end:
            number += 1
            event = call(number, np.random.default_rng(number)) | {"userId": "watched"}
            began = time.monotonic()
            answer = client.post(f"http://127.0.0.1:{port}/v1/track", json=event).json()
            token = answer["consistency_token"]
            address = f"http://127.0.0.1:{port}/v1/profiles/watched"
            told = client.get(address, params={"consistency_token": token}).json()
            assert told["live"]["events"] == number, "a reading did not see its writing"
            seen.append(time.monotonic() - began)
            time.sleep(0.05)
    results = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    return sum(done for done, _ in results) / max(took for _, took in results), seen


def bare_store(folder: Path, *, seconds: float) -> float:
    """Return how many events a second SQLite writes down, each once, 2,500 at a time."""
    file = sqlite3.connect(folder / "bare.db", isolation_level=None)
    file.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE seen (key BLOB PRIMARY KEY)"
        " WITHOUT ROWID; CREATE TABLE journal (seq INTEGER PRIMARY KEY, who TEXT, at TEXT,"
        " event TEXT)"
    )
    chance, number, done = np.random.default_rng(1), 0, 0
    events = [call(at, chance) for at in range(2_500)]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        rows, keys = [], []
        for event in events:
            number += 1
            keys.append((f"{event['userId']}{number}".encode(),))
            rows.append((event["userId"], event["timestamp"], json.dumps(event)))
        file.execute("BEGIN IMMEDIATE")
        file.executemany("INSERT OR IGNORE INTO seen VALUES (?)", keys)
        file.executemany("INSERT INTO journal (who, at, event) VALUES (?, ?, ?)", rows)
        file.execute("COMMIT")
        done += len(rows)
    file.close()
    return done / seconds


def store_alone(folder: Path, *, seconds: float) -> float:
    """Return how many events a second our store takes with counters, read before, 2,500 at a time.

    So many are written in one transaction where eight clients send 500 at once.
    """
    chance, number = np.random.default_rng(2), 0
    batches = []
    config, now = ServeConfig(events_per_body=2_500), datetime.now(UTC)
    unpack = wires()["batch"].unpack
    for _ in range(48):
        calls = [call(number + at, chance) for at in range(2_500)]
        number += len(calls)
        delivery = unpack({"batch": calls}, Sending("batch", now, config))
        batches.append(read_deliveries([delivery], Rules(), now=now).arrival)
    done, began = 0, time.monotonic()
    with DatabaseStore(folder / "alone.db", pepper=PEPPER) as store:
        for arrival in batches:
            done += store.accept(arrival, received_us=0).accepted
            if time.monotonic() - began > seconds:
                break
        return done / (time.monotonic() - began)


def read(port: int, key: str, names: list[str], seconds: float, told: Connection) -> None:
    """Ask for profiles over one connection until the time is over; tell how many."""
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
    chance, done, took = np.random.default_rng(0), 0, []
    with httpx.Client(headers=headers) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.monotonic()
            who = names[chance.integers(len(names))]
            answer = client.get(f"http://127.0.0.1:{port}/v1/profiles/{who}")
            assert answer.status_code == 200
            took.append(time.monotonic() - began)
            done += 1
    told.send((done / seconds, took))


def reads(
    port: int, key: str, names: list[str], *, seconds: float, clients: int = 2
) -> tuple[float, float]:
    """Return profiles a second, and the 99th percentile in milliseconds."""
    pipes = []
    for _ in range(clients):
        here, there = multiprocessing.Pipe()
        multiprocessing.Process(target=read, args=(port, key, names, seconds, there)).start()
        pipes.append(here)
    results = [pipe.recv() for pipe in pipes]
    took = [each for _, some in results for each in some]
    return sum(rate for rate, _ in results), 1e3 * statistics.quantiles(took, n=100)[98]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--clients", type=int, default=8, help="that send at once")
    parser.add_argument("--rounds", type=int, default=3, help="of reading, in turn")
    parser.add_argument("--workers", type=int, default=1, help="processes that answer")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process, port, key = begun(serve, name, asked.workers)
        rate, seen = ingest(port, key, clients=asked.clients, seconds=asked.seconds)
        figures["ingest_events_per_second"] = rate
        figures["visible_p50_ms"] = 1e3 * statistics.median(seen)
        figures["visible_p99_ms"] = 1e3 * statistics.quantiles(seen, n=100)[98]
        headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
        while httpx.get(f"http://127.0.0.1:{port}/metrics").text.find("_stale 0.0") < 0:
            time.sleep(0.5)
        listed = httpx.get(f"http://127.0.0.1:{port}/v1/profiles?limit=100", headers=headers)
        names = [each["customer_id"] for each in listed.json()["profiles"]]
        one = httpx.get(f"http://127.0.0.1:{port}/v1/profiles/{names[0]}", headers=headers)
        size = len(one.content)
        bare, bare_port, _ = begun(serve_bytes, size)
        ours, plain = [], []
        for _ in range(asked.rounds):
            plain.append(reads(bare_port, "none", names, seconds=asked.seconds / 2))
            ours.append(reads(port, key, names, seconds=asked.seconds / 2))
        process.terminate()
        bare.terminate()
        figures["profile_bytes"] = size
        figures["reads_per_second"] = statistics.median(rate for rate, _ in ours)
        figures["reads_p99_ms"] = statistics.median(late for _, late in ours)
        figures["bare_reads_per_second"] = statistics.median(rate for rate, _ in plain)
        figures["bare_reads_p99_ms"] = statistics.median(late for _, late in plain)
        figures["reads_ratio"] = statistics.median(
            mine / theirs for (mine, _), (theirs, _) in zip(ours, plain, strict=True)
        )
        figures["bare_store_events_per_second"] = bare_store(folder, seconds=asked.seconds / 2)
        figures["ingest_to_bare_store"] = rate / figures["bare_store_events_per_second"]
        figures["store_alone_events_per_second"] = store_alone(folder, seconds=asked.seconds / 2)
        figures["ingest_to_store_alone"] = rate / figures["store_alone_events_per_second"]
    for label, value in figures.items():
        print(f"{label:32} {value:12,.2f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    sys.exit(main())
