"""How soon a service knows a new item by its words, beside the model alone.

``python benchmarks/arrivals.py online_retail complete_journey`` takes in a shop, reads its titles
(``limner items``) and starts ``limner serve`` over it, as a process of its own. Then it tells of
items that nobody has heard of, one by one (``POST /v1/items``; a title of the shop with a number,
so that no text was read before), and asks what is similar to each by its words until there is an
answer: once while nothing else is done, once while a client sends bodies of 500 events, and once
with a body of many items, until the last of them is known. The reference is the same model reading
such titles one by one, with nothing around it.
"""

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import httpx
import numpy as np

from limner import Workspace
from limner.cli.serving import keyring_of, open_store
from limner.cli.settings import SETTINGS_NAME
from limner.encoders.language.reader import open_reader
from limner.service.keys import SCOPES
from limner.service.running import listen
from serve import KEYS, call
from shops import SHOPS

_BODY = 500


def prepared(name: str, folder: Path) -> Workspace:
    """Take in a shop and read its titles."""
    shop = Workspace.create(folder / name, name=name)
    with (shop.folder / SETTINGS_NAME).open("a", encoding="utf-8") as file:
        file.write('\n[text]\nencoder = "minilm"\n\n[serve]\n')
        file.write("".join(f"{key} = {value}\n" for key, value in KEYS.items()))
    shop = Workspace(shop.folder)
    shop.ingest(SHOPS[name].source)
    done = shop.read_items().looks["text"]
    print(f"== {name}: {done.items:,} items read in {done.seconds:.1f} s")
    return shop


@contextmanager
def served(shop: Workspace) -> Iterator[tuple[str, str]]:
    """Serve a shop; yield its address and a key."""
    with open_store(shop, None) as store:
        key = keyring_of(shop, store).make("load", list(SCOPES)).secret
    with listen("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
    asked = ["--workspace", str(shop.folder), "--port", str(port)]
    base = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, "-m", "limner.cli", "serve", *asked]) as running:
        try:
            while True:
                try:
                    httpx.get(f"{base}/livez")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield base, key
        finally:
            running.terminate()


def load(base: str, key: str, stop: Event) -> None:
    """Send bodies of events until told to stop."""
    chance, number = np.random.default_rng(9), 50_000_000
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=base, headers=headers, timeout=120) as client:
        while not stop.is_set():
            batch = [call(number + at, chance) for at in range(_BODY)]
            number += _BODY
            client.post("/v1/batch", json={"batch": batch})


def known_after(client: httpx.Client, items: list[dict[str, str]]) -> float:
    """Tell of items; return after how many seconds the last of them is known by its words."""

    def known(item: dict[str, str]) -> bool:
        path = f"/v1/items/{item['item_id']}/similar"
        return client.get(path, params={"by": "text", "n": 5}).status_code == 200

    began = time.monotonic()
    client.post("/v1/items", json=items).raise_for_status()
    while not known(items[-1]):
        time.sleep(0.005)
    took = time.monotonic() - began
    assert all(known(each) for each in items), "they are read in the order in which they came"
    return took


def measure(name: str, *, items: int, burst: int) -> dict[str, float]:
    """Return what was found of one shop, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        shop = prepared(name, Path(folder))
        catalogue = shop.log.catalogue()
        titles = [each for each in catalogue["title"].drop_nulls().to_list() if each.strip()]
        chance = np.random.default_rng(0)

        def some(count: int, mark: str) -> list[dict[str, str]]:
            picked = chance.choice(titles, count)
            return [
                {"item_id": f"new-{mark}-{at}", "title": f"{title} {mark} {at}"}
                for at, title in enumerate(picked)
            ]

        alone = open_reader("minilm", Path(folder) / "alone")
        bare = []
        for each in some(items, "alone"):
            began = time.monotonic()
            alone.read([each["title"]])
            bare.append(time.monotonic() - began)
        with (
            served(shop) as (base, key),
            httpx.Client(
                base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=60
            ) as client,
        ):
            first = known_after(client, some(1, "first"))
            quiet = [known_after(client, [each]) for each in some(items, "quiet")]
            many = known_after(client, some(burst, "burst")) if burst else 0.0
            stop = multiprocessing.Event()
            sender = multiprocessing.Process(target=load, args=(base, key, stop))
            sender.start()
            time.sleep(2)
            busy = [known_after(client, [each]) for each in some(items, "busy")]
            stop.set()
            sender.join()
    return {
        "model_alone_p50_s": statistics.median(bare),
        "first_after_start_s": first,
        "quiet_p50_s": statistics.median(quiet),
        "quiet_p99_s": float(np.quantile(quiet, 0.99)),
        "while_events_come_p50_s": statistics.median(busy),
        "while_events_come_p99_s": float(np.quantile(busy, 0.99)),
        f"{burst}_at_once_s": many,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shops", nargs="*", default=["online_retail"], metavar="SHOP")
    parser.add_argument("--items", type=int, default=100, help="told of one by one, each time")
    parser.add_argument("--burst", type=int, default=1_000, help="told of at once")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    figures = {each: measure(each, items=asked.items, burst=asked.burst) for each in asked.shops}
    for name, found in figures.items():
        for label, value in found.items():
            print(f"{name:18} {label:28} {value:8.3f}")
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
