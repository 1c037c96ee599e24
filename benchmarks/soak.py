"""Whether a service that runs for long grows: memory and open files under a mixed, moderate load.

``python benchmarks/soak.py --minutes 60`` starts ``limner serve``, sends events, asks for profiles,
decisions and timelines at a steady pace, moves old events into the log every half minute and erases
somebody every minute. Every two seconds it notes the resident memory and the open files of the
service's processes. What is measured comes after a warm-up half as long, for caches fill until
everybody was asked for: the slope of the memory is the median of the slopes of all pairs of notes
(Theil and Sen), in percent of the level an hour.

The customers are always the same ones, known for some time already; what they do moves into the
log, and most of what is sent was sent before, as trackers do that are not sure. Whoever was erased
may return, and what was sent of them comes again as new. So nothing that should stay grows but
sums.

``--most 15`` fails where memory grows by more than fifteen per cent an hour, files stay open, or an
answer fails. Ten minutes cannot tell one per cent, but they tell a leak: caches are still filling.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from limner.cli.serving import open_store
from limner.cli.workspace import Workspace
from limner.errors import LogBusy
from limner.profiles.compaction import compact
from serve import call, serve

CUSTOMERS = 500
ITEMS = 50
HISTORY = 150_000
"""So many events are known before the notes begin."""
BODY = 20
"""Events of one body."""
FRESH_EVERY = 20
"""One request in so many brings an event that is new; in an hour the shop grows by 2 per cent."""
_COMPACT_S = 30.0
_ERASE_S = 60.0
_NOTE_S = 2.0
_FILES = 8
"""So many more files may be open at the end, where ``--most`` is given: an erasure has its own."""
_WARM = 0.5
"""How much longer it goes on at first than what is measured."""


def move(folder: str) -> None:
    """Move what came into the log every half minute, as ``limner compact`` does."""
    while True:
        time.sleep(_COMPACT_S)
        now, shop = datetime.now(UTC), Workspace(Path(folder) / "shop")
        # while somebody is erased the log is written anew, and next time is soon enough
        with open_store(shop, None) as store, suppress(LogBusy):
            compact(store, shop.log, before=now, now=now)


def use(port: int, key: str, rate: float, done: dict[str, int], stop: threading.Event) -> None:
    """Send and ask so many times a second, until it is told to stop."""
    headers = {"Authorization": f"Bearer {key}", "X-Purpose": "service"}
    chance, number, erased = np.random.default_rng(0), 0, time.monotonic()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=headers, timeout=120) as own:
        while not stop.is_set():
            began = time.monotonic()
            who = f"u{chance.integers(CUSTOMERS)}"
            try:
                name = one(own, number, who, chance)
                if time.monotonic() - erased > _ERASE_S:
                    erased, body = time.monotonic(), {"type": "erase", "customer_id": who}
                    own.post("/privacy/requests", json=body | {"allow_return": True})
            except httpx.TransportError as error:
                name = type(error).__name__
            done[name] = done.get(name, 0) + 1
            number += 1
            time.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))


def event(number: int) -> dict[str, Any]:
    """Return what a customer did, as a tracker sends it; the same number, the same event."""
    chance = np.random.default_rng(abs(number) * 2 + (number < 0))
    made = call(number, chance)
    made["userId"] = f"u{chance.integers(CUSTOMERS)}"
    made["properties"]["products"][0]["product_id"] = f"p{number % ITEMS}"
    return made


def remember(port: int, key: str) -> None:
    """Send what customers did before."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", headers=headers, timeout=120) as own:
        for first in range(0, HISTORY, 500):
            body = [event(-1 - first - at) for at in range(500)]
            own.post("/batch", json={"batch": body}).raise_for_status()


def one(own: httpx.Client, number: int, who: str, chance: np.random.Generator) -> str:
    """Send or ask once, in turn; return what became of it."""
    kind = number % 4
    if kind == 0:
        fresh = number % FRESH_EVERY == 0
        again = chance.integers(-HISTORY, 0, size=BODY - fresh)
        batch = [event(int(at)) for at in [*range(number, number + fresh), *again]]
        answer = own.post("/batch", json={"batch": batch})
    elif kind == 1:
        answer = own.get(f"/profiles/{who}", params={"fresh": number % 8 == 1})
    elif kind == 2:
        answer = own.get(f"/profiles/{who}/timeline")
    else:
        answer = own.post("/recommendations", json={"customer_id": who})
    return "answers" if answer.status_code < 400 else f"status {answer.status_code}"


def family(pid: int) -> list[int]:
    """Return a process and all that it began, whichever of its threads did."""
    below = []
    with suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError):
                below += (thread / "children").read_text().split()
    return [pid, *(each for child in below for each in family(int(child)))]


def note(pid: int) -> tuple[float, int]:
    """Return the resident memory of a process and its own in MiB, and their open files."""
    memory, files = 0.0, 0
    for each in family(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # one that erases ends by itself
            status = Path(f"/proc/{each}/status").read_text()
            # who has ended and is not yet taken note of has no memory
            held = [int(line.split()[1]) for line in status.splitlines() if line[:5] == "VmRSS"]
            memory += sum(held) / 1024
            files += len(list(Path(f"/proc/{each}/fd").iterdir()))
    return memory, files


def slope(notes: list[tuple[float, float]]) -> float:
    """Return the median slope of pairs of (seconds, level), a second."""
    at, level = np.array(notes).T
    first, second = np.triu_indices(len(at), 1)
    return float(np.median((level[second] - level[first]) / (at[second] - at[first])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="that are measured")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    parser.add_argument("--most", type=float, help="fail where it grows by more per cent an hour")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    with tempfile.TemporaryDirectory() as name:
        here, there = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(name, there))
        server.start()
        port, key = here.recv()
        mover = multiprocessing.Process(target=move, args=(name,), daemon=True)
        mover.start()
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/livez", timeout=60)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        remember(port, key)
        done: dict[str, int] = {}
        stop = threading.Event()
        user = threading.Thread(target=use, args=(port, key, asked.rate, done, stop))
        user.start()
        begun, notes = time.monotonic(), []
        warm_s = _WARM * asked.minutes * 60
        while time.monotonic() - begun < warm_s + asked.minutes * 60 and server.is_alive():
            time.sleep(_NOTE_S)
            notes.append((time.monotonic() - begun, *note(server.pid or 0)))
        stop.set()
        user.join()
        alive = server.is_alive() and mover.is_alive()
        mover.terminate()
        server.terminate()
        server.join()
    warm = [each for each in notes if each[0] >= warm_s]
    level, some = statistics.median(each[1] for each in warm), max(1, len(warm) // 10)
    figures: dict[str, Any] = {
        "alive": alive,
        **done,
        "resident_mib": level,
        "slope_percent_per_hour": slope([each[:2] for each in warm]) * 3600 / level * 100,
        "files_after_warm_up": statistics.median(each[2] for each in warm[:some]),
        "files_at_the_end": statistics.median(each[2] for each in warm[-some:]),
    }
    for label, value in figures.items():
        print(f"{label:28} {value:12,.2f}" if isinstance(value, float) else f"{label:28} {value}")
    if asked.json:
        asked.json.write_text(json.dumps(figures | {"notes": notes}))
    if asked.most is not None and (trouble := troubles(figures, done, asked.most)):
        sys.exit("\n".join(trouble))


def troubles(figures: dict[str, Any], done: dict[str, int], most: float) -> list[str]:
    """Return what went wrong, or grew by more than it may."""
    failed = {name for name in done if name not in {"answers", "status 404"}}  # or of the erased
    found = [f"{done[name]} answers were {name}" for name in sorted(failed)]
    if not figures["alive"]:
        found.append("it ended")
    if figures["slope_percent_per_hour"] > most:
        found.append(f"memory grows by more than {most} % an hour")
    if figures["files_at_the_end"] > figures["files_after_warm_up"] + _FILES:
        found.append("files stay open")
    return found


if __name__ == "__main__":
    sys.exit(main())
