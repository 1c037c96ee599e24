"""Ingest fifty million made-up events, and see how much memory that takes.

Claim: less than 2.5 GiB at the peak. ``python benchmarks/memory.py [--events N]``
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ingest import made_up
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.source import open_source

TARGET_GIB = 2.5


def peak_gib() -> float:
    """Return the most memory that this process ever had, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def take_in(source: str, folder: str) -> dict[str, float]:
    """Ingest a file into a new log."""
    log = EventLog.create(Path(folder) / "log")
    began = time.perf_counter()
    at_start = peak_gib()
    report = ingest(log, [(*open_source(source), source)], now=datetime.now(UTC))
    return {
        "seconds": time.perf_counter() - began,
        "start_gib": at_start,
        "peak_gib": peak_gib(),
        "rows_in": report.rows_in,
        "rows": report.rows_after,
        "log_gib": sum(f.stat().st_size for f in log.folder.rglob("*.parquet")) / 1024**3,
    }


def main() -> None:
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(take_in(*sys.argv[2:])))
        return
    if sys.argv[1:2] == ["--make"]:
        events = int(sys.argv[3])
        made_up(Path(sys.argv[2]), events, events // 50)
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        subprocess.run(
            [sys.executable, __file__, "--make", str(path), str(options.events)], check=True
        )
        done = subprocess.run(
            [sys.executable, __file__, "--ours", str(path), folder],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        )
    found = json.loads(done.stdout)
    print(
        f"{found['rows']:,.0f} of {found['rows_in']:,.0f} events in {found['seconds']:.0f} s   "
        f"peak {found['peak_gib']:.2f} GiB, {found['start_gib']:.2f} at the start   "
        f"log {found['log_gib']:.2f} GiB   target {TARGET_GIB} GiB   "
        f"ratio {found['peak_gib'] / TARGET_GIB:.2f}"
    )
    if found["peak_gib"] >= TARGET_GIB:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
