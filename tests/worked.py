"""A workspace at work, to be taped: events in, portraits, compactions, an erasure; and what it did.

As a script it works in a folder by a seed, and writes down in its file ``notes`` what it begins and
what it was told is done, so that both stand in the tape among the writes.
"""

import random
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
from sqlalchemy import event

from arrivals import NOW_US, T0, arrival, buy, view
from limner.encoders.vector_store import VectorStore, digest
from limner.events.durable import sync_file
from limner.events.log import EventLog
from limner.events.refusals import REFUSED_SCHEMA
from limner.profiles.compaction import compact
from limner.profiles.database.privacy import PrivacyBook
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
from limner.profiles.live import Step
from limner.profiles.painter import Painter

PEPPER = b"sixteen bytes or more"
ARRIVALS = 60
NOW = T0 + timedelta(days=100)
GONE = "zoe-canary-7f3a"
"""Who is erased; nobody else has these letters."""
_WROTE = f"by {GONE}"
SAID = digest(_WROTE.encode())
"""Under this key is kept what a model made of what that person wrote."""
_CHECKPOINT_PAGES = 24


def arrivals_of(seed):
    """Return the events of each arrival; some are sent twice, some are of whom is erased."""
    chance, sent, found = random.Random(seed), [], []
    for at in range(ARRIVALS):
        events = []
        for number in range(chance.randint(1, 8)):
            name = f"e{at}-{number}"
            customer = chance.choice(("ann", "bob", "cem", "dora"))
            if at < ARRIVALS // 2 and number == 0 and at % 5 == 0:
                customer = GONE
            about = {"day": chance.randrange(60), "item_id": f"i{at % 9}"}
            if customer == GONE:
                events.append(buy(customer, name, order=f"o{at}", text=_WROTE, **about))
            elif chance.random() < 0.6:
                events.append(buy(customer, name, order=f"o{at // 2}", **about))
            else:
                events.append(view(customer, name, **about))
        sent += events
        again = chance.choice(sent) if chance.random() < 0.4 else events[0]
        if again not in events and (at < ARRIVALS // 2 or again.customer_id != GONE):
            events.append(again)
        found.append(events)
    return found


def _lay_about(folder):
    """Lay down what models made of two people, as it lies in a workspace."""
    said = pl.DataFrame({"customer_id": ["ann", GONE], "aspect": ["price", GONE]})
    answers = "models/current/readings/a"
    for name in ("reviews/said.parquet", answers):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    said.write_parquet(folder / "reviews/said.parquet")
    VectorStore(folder / "models/text", 3).add([SAID, digest(b"x")], np.ones((2, 3), np.float32))
    (folder / answers).write_text(GONE)
    for place in (folder, *folder.rglob("*")):
        if not place.name.startswith(("profiles", "notes")):
            sync_file(place)


def arrive(store, at, events):
    """Let one arrival in, as a stream's worker does; each third brings a refused row."""
    refused = None
    if at % 3 == 0:
        row = {"reason": "bad_time", "detail": "", "file": "f", "line": at, "row": f"r{at}"}
        refused = pl.DataFrame([row], schema=REFUSED_SCHEMA)
    items = pl.DataFrame({"item_id": [f"i{at % 9}"], "title": [f"Title {at}"]})
    step = Step(None if at == 0 else str(at - 1), str(at))
    came = arrival(*events, refused=refused, catalogue=items)
    return store.accept(came, received_us=NOW_US + at, steps={"stream": step})


def work(folder, seed, *, steady=True):
    """Work; what is noted is durable by then, or is said to be."""
    notes = (folder / "notes").open("a", buffering=1, encoding="utf-8")
    notes.write("begun\n")

    def opened():
        store = DatabaseStore(folder / "profiles.db", pepper=PEPPER)

        @event.listens_for(store.engine, "connect")
        def _settle(connection, _):
            # the file's log is emptied often, so that few writes show it
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            if not steady:
                connection.execute("PRAGMA synchronous = OFF")

        store.engine.dispose()
        return store

    store = opened()
    log = EventLog.create(folder / "log", buckets=2)
    (folder / "reviews").mkdir()
    _lay_about(folder)
    notes.write("ready\n")
    painter = Painter(store, log)
    for at, events in enumerate(arrivals_of(seed)):
        notes.write(f"send {at}\n")
        arrive(store, at, events)
        notes.write(f"sent {at}\n")
        if at % 10 == 4:
            painter.refresh(NOW)
            painter.renew(store.stale(limit=9), now=NOW)
        if at % 20 == 9:
            compact(store, log, before=T0 + timedelta(days=30), now=NOW)
        if at == ARRIVALS // 2 - 1:
            eraser = Eraser(
                store,
                PrivacyBook(store.engine, PEPPER),
                pepper=PEPPER,
                log=log,
                folder=folder,
            )
            asked = eraser.ask("erase", GONE, actor="test")
            notes.write("refusing\n")
            eraser.run([asked], actor="test")
            eraser.book.close()
            notes.write("erased\n")
        if at % 25 == 24:
            store.close()
            store = opened()
            painter = Painter(store, log)
    store.close()
    notes.write("over\n")


if __name__ == "__main__":
    work(Path(sys.argv[1]), int(sys.argv[2]), steady="unsteady" not in sys.argv)
