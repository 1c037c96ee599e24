"""How long it takes to describe customers without torch, and how near that is to torch.

Claim: one customer in less than 5 ms, and the same within 1e-4. On the Complete Journey, from its
events before November: ``python benchmarks/describe.py [--steps N] [--backbones NAME …]``. Beside
the clock stands the time in which the core worked for it, at least and half of the time: where
others use the core too, the clock speaks of them.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import torch

from limner.cli.workspace import Workspace
from limner.dataset.ledger import Ledger
from limner.dataset.live import ItemCodes
from limner.dataset.sequences import cut_sequences
from limner.events.event import Event
from limner.heads.describer import Describer
from limner.model.behaviour import BehaviourConfig
from limner.model.checkpoint import Served, load_behaviour, save_behaviour
from limner.model.reading import read_customers
from limner.training.pretraining import PretrainConfig, pretrain

CUT = datetime(2017, 11, 1, tzinfo=UTC)
LENGTHS = (10, 256, 1000)
BATCH = 256


def histories_of(shop: Workspace, *, bucket: int) -> list[list[Event]]:
    """Return the events of each customer of a bucket before the cut."""
    rows = shop.log.scan(bucket=bucket, before=CUT).drop("properties").collect()
    parts = rows.partition_by("customer_id", maintain_order=True)
    return [[Event(**row) for row in part.iter_rows(named=True)] for part in parts]


def a_folder(ledger: Ledger, folder: Path, *, backbone: str, steps: int) -> None:
    """Pretrain for some steps, which do not change how long anything takes, and export."""
    config = PretrainConfig(steps=steps)
    shape = BehaviourConfig(backbone=backbone)
    done = pretrain(ledger, CUT, model=shape, config=config, seed=0)
    items = ItemCodes.of(ledger, done.model.vocabulary)
    served = Served(items, config.horizons_days, config.class_days, {}, "USD")
    facts = {"cut": CUT.isoformat()}
    save_behaviour(done.model, folder, facts=facts, heads=done.window.state_dict(), served=served)


def report(name: str, work: Callable[[], object], *, repeats: int = 100) -> None:
    """Print how long a piece of work took by the clock, and how long the core worked for it."""
    work()
    clock, core = [], []
    for _ in range(repeats):
        began, worked = time.perf_counter(), time.process_time()
        work()
        clock.append(1000 * (time.perf_counter() - began))
        core.append(1000 * (time.process_time() - worked))
    least, middle = np.percentile(core, [0, 50])
    half, most = np.percentile(clock, [50, 99])
    print(f"  {name:40s}{least:8.2f}{middle:8.2f}{half:8.2f}{most:8.2f}")


def one_customer(describer: Describer, histories: list[list[Event]]) -> None:
    """Describe one customer whose newest events are so many."""
    longest = max(histories, key=len)
    print(f"  {'milliseconds':40s}{'least':>8s}{'core':>8s}{'p50':>8s}{'p99':>8s}")
    for length in LENGTHS:
        events = longest[-length:]
        visits = len({(each.time, each.order_id) for each in events})
        for reasons in (0, 3):
            what = "with reasons" if reasons else "no reasons"
            report(
                f"{length} events in {visits} visits, {what}",
                partial(describer.describe, events, CUT, reasons=reasons),
            )


def many(describer: Describer, ledger: Ledger, histories: list[list[Event]], folder: Path) -> None:
    """Describe everybody from the log, and some from events, and compare with torch."""
    model = load_behaviour(folder)
    began = time.process_time()
    with_torch = read_customers(model, ledger, CUT, classes=True)
    seconds_torch = time.process_time() - began
    began = time.process_time()
    said, customers = [], []
    for bucket in cut_sequences(ledger, describer.vocabulary, CUT, longest=describer.longest):
        said.append(describer.read(bucket, CUT))
        customers.append(bucket.customers)
    seconds = time.process_time() - began
    order = np.argsort(np.concatenate(customers), kind="stable")
    vectors = np.concatenate([each.vectors for each in said])[order]
    logs = np.concatenate([each.logs for each in said])[order]
    off = np.abs(vectors - with_torch.vectors).max()
    classes = with_torch.class_scores.shape[1]
    off_scores = np.abs(logs[:, logs.shape[1] - classes :] - with_torch.class_scores).max()
    count = len(vectors)
    print(f"  from the log, all {count} customers: {count / seconds:.0f} a second of a core,")
    print(f"    by torch {count / seconds_torch:.0f} a second")
    print(f"  farthest from torch: vectors {off:.1e}, scores before their links {off_scores:.1e}")
    for reasons in (0, 3):
        began = time.process_time()
        for at in range(0, len(histories), BATCH):
            describer.describe_many(histories[at : at + BATCH], CUT, reasons=reasons)
        seconds = time.process_time() - began
        events = sum(len(each) for each in histories)
        what = "with reasons" if reasons else "without reasons"
        print(
            f"  from {events} events of {len(histories)} customers, by {BATCH}, {what}:"
            f" {len(histories) / seconds:.0f} customers a second of a core"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--backbones", nargs="+", default=["recurrent", "transformer"])
    parser.add_argument("--buckets", type=int, default=4, help="whose events are read one by one")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, one thread each")
    with tempfile.TemporaryDirectory() as place:
        shop = Workspace.create(Path(place) / "shop", sources=["complete-journey"])
        shop.ingest()
        ledger = Ledger.of(shop.log, level=2, before=CUT)
        histories = [
            each for number in range(asked.buckets) for each in histories_of(shop, bucket=number)
        ]
        for backbone in asked.backbones:
            folder = Path(place) / backbone
            a_folder(ledger, folder, backbone=backbone, steps=asked.steps)
            began = time.perf_counter()
            describer = Describer.load(folder)
            size = (folder / "model.onnx").stat().st_size / 1e6
            print(f"{backbone}: {size:.1f} MB, loaded in {time.perf_counter() - began:.2f} s")
            one_customer(describer, histories)
            many(describer, ledger, histories, folder)


if __name__ == "__main__":
    main()
