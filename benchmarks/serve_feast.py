"""Profiles read from our service beside Feast's Python server over SQLite, in one run.

``python benchmarks/serve_feast.py --python FEAST/bin/python`` fills our service with customers,
lets every portrait be drawn, and hands Feast (``pip install feast`` in an environment of its own)
the same profiles: one feature of text a customer, as many bytes, which is the least that it can be
asked to look up. Then both are asked in turn for one customer at a time, by the same clients, and
the rate and the 99th percentile of each are printed.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import polars as pl

from serve import begun, call, serve

FILL = """
import sys
from datetime import datetime, timedelta, timezone
import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, ValueType
from feast.types import String
folder, table = sys.argv[1:]
rows = pd.read_parquet(table)
rows["at"] = pd.Timestamp(datetime.now(timezone.utc))
rows.to_parquet(f"{folder}/source.parquet")
who = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)
source = FileSource(path=f"{folder}/source.parquet", timestamp_field="at")
view = FeatureView(
    name="profiles", entities=[who], ttl=timedelta(days=30),
    schema=[Field(name="profile", dtype=String)], source=source, online=True,
)
store = FeatureStore(repo_path=folder)
store.apply([who, view])
store.write_to_online_store("profiles", rows)
"""
REPOSITORY = """project: shop
provider: local
registry: registry.db
online_store:
  type: sqlite
  path: online.db
entity_key_serialization_version: 3
"""
CUSTOMERS = 500


def ask(
    port: int, headers: dict[str, str], names: list[str], seconds: float, told: Connection
) -> None:
    """Ask one after another over one connection until the time is over; tell how long each took."""
    chance, took = np.random.default_rng(0), []
    with httpx.Client(headers=headers, timeout=30) as client:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            who = names[chance.integers(len(names))]
            began = time.monotonic()
            if headers:
                answer = client.get(f"http://127.0.0.1:{port}/v1/profiles/{who}")
            else:
                body = {"features": ["profiles:profile"], "entities": {"customer_id": [who]}}
                answer = client.post(f"http://127.0.0.1:{port}/get-online-features", json=body)
            took.append(time.monotonic() - began)
            assert answer.status_code == 200, answer.text
            assert len(answer.content) > 1_000, "a profile must be in it"
    told.send(took)


def rounds_of(
    port: int, headers: dict[str, str], names: list[str], *, seconds: float
) -> tuple[float, float]:
    """Return answers a second to two clients, and the 99th percentile in milliseconds."""
    pipes = []
    for _ in range(2):
        here, there = multiprocessing.Pipe()
        work = multiprocessing.Process(target=ask, args=(port, headers, names, seconds, there))
        work.start()
        there.close()  # else one that fails would be waited for for ever
        pipes.append(here)
    took = [each for pipe in pipes for each in pipe.recv()]
    return len(took) / seconds, 1e3 * statistics.quantiles(took, n=100)[98]


def fill(port: int, key: str) -> dict[str, str]:
    """Send events of customers, wait until all are drawn, and return their profiles."""
    chance = np.random.default_rng(0)
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as client:
        for first in range(0, 10_000, 500):
            batch = [
                call(first + at, chance) | {"userId": f"u{chance.integers(CUSTOMERS)}"}
                for at in range(500)
            ]
            client.post("/v1/batch", json={"batch": batch}).raise_for_status()
        while client.get("/metrics").text.find("_stale 0.0") < 0:
            time.sleep(0.5)
        names = [f"u{at}" for at in range(CUSTOMERS)]
        found = client.post("/v1/profiles:batchGet", json={"ids": names}).json()["profiles"]
    return {each["customer_id"]: json.dumps(each, separators=(",", ":")) for each in found}


def feast(python: Path, folder: Path, profiles: dict[str, str], port: int) -> Any:  # noqa: ANN401
    """Fill an online store of Feast's and serve it."""
    (folder / "feature_store.yaml").write_text(REPOSITORY)
    table = folder / "profiles.parquet"
    columns = {"customer_id": list(profiles), "profile": list(profiles.values())}
    pl.DataFrame(columns).write_parquet(table)
    quiet = {**os.environ, "FEAST_USAGE": "False"}
    subprocess.run([python, "-c", FILL, folder, table], check=True, env=quiet)
    begin = [python.parent / "feast", "-c", folder, "serve", "-p", str(port), "--no-access-log"]
    begin += ["--max-requests", "0"]  # else its worker ends in the middle of a measurement
    process = subprocess.Popen(begin, env=quiet, stdout=subprocess.DEVNULL)
    for _ in range(600):
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200:
                return process
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError("Feast's server did not begin within a minute")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", type=Path, required=True, help="of an environment with feast")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=16_566, help="of Feast's server")
    asked = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "feast").mkdir()
        process, port, key = begun(serve, name)
        profiles = fill(port, key)
        other = feast(asked.python.absolute(), folder / "feast", profiles, asked.port)
        headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
        ours, theirs = [], []
        for _ in range(asked.rounds):
            theirs.append(rounds_of(asked.port, {}, list(profiles), seconds=asked.seconds))
            ours.append(rounds_of(port, headers, list(profiles), seconds=asked.seconds))
        process.terminate()
        other.terminate()
    figures = {
        "profile_bytes": statistics.median(len(each) for each in profiles.values()),
        "reads_per_second": statistics.median(rate for rate, _ in ours),
        "reads_p99_ms": statistics.median(late for _, late in ours),
        "feast_reads_per_second": statistics.median(rate for rate, _ in theirs),
        "feast_reads_p99_ms": statistics.median(late for _, late in theirs),
    }
    figures["ratio"] = figures["reads_per_second"] / figures["feast_reads_per_second"]
    for label, value in figures.items():
        print(f"{label:32} {value:12,.2f}")


if __name__ == "__main__":
    sys.exit(main())
