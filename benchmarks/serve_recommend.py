"""How fast offers are told while events come: ``python benchmarks/serve_recommend.py DEMO``.

DEMO is a workspace that was fitted, such as the one that ``make demo`` leaves; it is copied first.
The service is the real command, over SQLite. One process sends events of the shop's customers at a
steady rate in bodies of 100, one asks for twenty offers of one customer after another; what is
printed is how long the second waited, from when it was due (so a stalled server is not spared).
"""

import argparse
import json
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np

from serve import call


def send(
    address: str, key: str, names: list[str], pace: tuple[float, float], told: Connection
) -> None:
    """Send events at a rate; tell how many were acknowledged a second."""
    rate, seconds = pace
    chance, number, done = np.random.default_rng(1), 0, 0
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        begun = due = time.monotonic()
        while due < begun + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            batch = []
            for _ in range(100):
                number += 1
                who = names[chance.integers(len(names))]
                when = datetime.now(UTC) - timedelta(minutes=1)
                batch.append(call(number, chance) | {"userId": who, "timestamp": when.isoformat()})
            answer = client.post("/v1/batch", json={"batch": batch})
            done += answer.json()["accepted"] if answer.status_code == 200 else 0
            due += 100 / rate
        told.send(done / (time.monotonic() - begun))


def ask(
    address: str, key: str, names: list[str], pace: tuple[float, float], told: Connection
) -> None:
    """Ask for offers at a rate; tell how long each took from when it was due."""
    rate, seconds = pace
    chance, took = np.random.default_rng(2), []
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "marketing"}
    with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
        begun = due = time.monotonic()
        while due < begun + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            body = {"customer_id": names[chance.integers(len(names))], "n": 20}
            answer = client.post("/v1/recommendations", json=body)
            assert answer.status_code == 200, answer.text
            took.append(time.monotonic() - due)
            due += 1 / rate
    told.send(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path, help="that was fitted")
    parser.add_argument("--rate", type=float, default=1_000.0, help="events a second")
    parser.add_argument("--asked", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--port", type=int, default=18_765)
    asked = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as name:
        shop = Path(name) / "shop"
        shutil.copytree(asked.workspace, shop)
        limner = [sys.executable, "-m", "limner.cli"]
        made = subprocess.run(
            [*limner, "keys", "create", "--name", "load", "--json", "-w", shop]
            + [each for scope in ("ingest", "reco", "profile:read") for each in ("--scope", scope)],
            check=True,
            capture_output=True,
            text=True,
        )
        key = json.loads(made.stdout)["key"]
        begin = [*limner, "serve", "--port", str(asked.port), "--clock", "log", "-w", shop]
        process = subprocess.Popen(begin, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{asked.port}"
        headers = {"Authorization": f"Bearer {key}", "X-Purpose": "marketing"}
        try:
            names: list[str] = []
            for _ in range(1_200):
                try:
                    found = httpx.get(f"{address}/v1/profiles?limit=100", headers=headers)
                    names = [each["customer_id"] for each in found.json()["profiles"]]
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            while httpx.get(f"{address}/metrics").text.find("_stale 0.0") < 0:
                time.sleep(0.5)  # at the first start everybody is drawn
            results = []
            for work, rate in ((send, asked.rate), (ask, asked.asked)):
                here, there = multiprocessing.Pipe()
                told = (address, key, names, (rate, asked.seconds), there)
                multiprocessing.Process(target=work, args=told).start()
                results.append(here)
            stored, took = (each.recv() for each in results)
        finally:
            process.terminate()
            process.wait()
    hundredths = statistics.quantiles(took, n=100)
    print(f"{'events_per_second':32} {stored:12,.1f}")
    print(f"{'offers_per_second':32} {len(took) / asked.seconds:12,.1f}")
    print(f"{'offers_p50_ms':32} {1e3 * hundredths[49]:12,.1f}")
    print(f"{'offers_p99_ms':32} {1e3 * hundredths[98]:12,.1f}")


if __name__ == "__main__":
    sys.exit(main())
