"""What erasing, recording and asking for consent cost.

A made-up shop in a log and a living store, everybody with a portrait. Measured are one erasure, a
hundred that wait together, rows added to the audit log and verified, and a profile read over HTTP
with consent asked and the reading recorded, in this process. To run it:
``python benchmarks/privacy.py --customers 2000 --events 50000``.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.testclient import TestClient

from limner.cli.serving import eraser_of, keyring_of, open_store, parts_of
from limner.cli.workspace import Workspace
from limner.events.synthetic import ShopConfig, SyntheticShop
from limner.profiles.database.audit import Entry
from limner.service.app import create_app
from limner.service.keys import SCOPES


def took(work: Callable[[], object]) -> float:
    """Return how long something takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure, and print what was measured."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--customers", type=int, default=2_000)
    options.add_argument("--events", type=int, default=50_000)
    asked = options.parse_args()
    with TemporaryDirectory() as base:
        shop = Workspace.create(Path(base) / "shop", currency="EUR")
        config = ShopConfig(events=asked.events, customers=asked.customers, items=500, days=365)
        SyntheticShop(config).events().write_parquet(Path(base) / "events.parquet")
        shop.ingest(Path(base) / "events.parquet")
        with open_store(shop, None) as store:
            parts = parts_of(shop, store, clock="log")
            parts.painter.seed()
            key = keyring_of(shop, store).make("bench", list(SCOPES)).secret
            eraser, now = eraser_of(shop, store), datetime.now(UTC)
            people = sorted(store.numbers())
            parts.painter.refresh(now)
            size = sum(each.stat().st_size for each in shop.folder.rglob("*") if each.is_file())
            print(f"{len(people):,} customers, {asked.events:,} events, {size / 1e6:.1f} MB")
            audit = eraser.book.audit
            rows = [Entry(at, "key", "profile.read", people[at % 500]) for at in range(20_000)]
            seconds = took(lambda: audit.append(rows))
            print(f"audit: {len(rows) / seconds:,.0f} rows a second added")
            seconds = took(audit.verify)
            print(f"audit: {len(rows) / seconds:,.0f} rows a second verified")
            eraser.ask("erase", people[0], actor="bench")
            print(f"one erasure: {took(lambda: eraser.resume(actor='bench')):.2f} s")
            for each in people[1:101]:
                eraser.ask("erase", each, actor="bench")
            seconds = took(lambda: eraser.resume(actor="bench"))
            print(f"100 erasures together: {seconds:.2f} s")
            eraser.book.close()
            headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
            with TestClient(create_app(parts), headers=headers) as client:
                path = f"/v1/profiles/{people[-1]}"
                client.get(path).raise_for_status()
                times = sorted(took(lambda: client.get(path)) for _ in range(500))
            print(
                f"a profile read: median {statistics.median(times) * 1e3:.2f} ms, "
                f"99th of a hundred {times[int(len(times) * 0.99)] * 1e3:.2f} ms"
            )


if __name__ == "__main__":
    main()
