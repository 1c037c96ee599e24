"""One thread writes: what waits together goes together, and one bad delivery harms no other."""

import threading
from datetime import UTC, datetime

import orjson
import pytest

from limner.errors import BadStore
from limner.profiles.database.store import DatabaseStore
from limner.service.reading import Rules
from limner.service.settings import ServeConfig
from limner.service.wire import Delivery
from limner.service.writer import Busy, Writer
from serving import bought

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def a_writer(store, **settings):
    return Writer(
        store,
        Rules(currency="EUR"),
        config=ServeConfig(**settings),
        clock=lambda: NOW,
    )


def delivery(*calls):
    raw, places = [orjson.dumps(each) for each in calls], list(range(len(calls)))
    return Delivery(
        "segment", raw, places, own={"order_id", "products"}, of_items={"product_id", "price"}
    )


def test_what_waits_together_is_one_transaction(store):
    receipts = []
    writer = a_writer(store)
    writer.told = receipts.append
    futures = [writer.submit(delivery(bought("ann", f"m{at}", order=f"o{at}"))) for at in range(9)]
    writer.start()
    outcomes = [each.result(timeout=30) for each in futures]
    writer.close()
    assert len(receipts) == 1
    assert [each.accepted for each in outcomes] == [1] * 9
    assert {each.token for each in outcomes} == {9}
    assert store.events_of([1])["currency"].to_list() == ["EUR"] * 9


def test_each_is_told_of_its_own(store):
    writer = a_writer(store)
    good = writer.submit(delivery(bought(), bought()))
    bad = writer.submit(delivery({"type": "track", "userId": "x"}, bought("bob", "m2")))
    writer.start()
    assert (good.result().accepted, good.result().duplicates) == (1, 1)
    assert bad.result().accepted == 1
    assert bad.result().rejected == ((0, "time_missing", "time is empty"),)
    writer.close()


def test_one_that_cannot_be_written_harms_no_other(store, monkeypatch):
    real = store.accept

    def picky(arrival, *, received_us):
        if "poison" in arrival.events["customer_id"].to_list():
            raise ValueError("poison")
        return real(arrival, received_us=received_us)

    monkeypatch.setattr(store, "accept", picky)
    writer = a_writer(store)
    futures = [writer.submit(delivery(bought(who, who))) for who in ("ann", "poison", "bob")]
    writer.start()
    assert futures[0].result(timeout=30).accepted == 1
    assert futures[2].result(timeout=30).accepted == 1
    with pytest.raises(ValueError, match="poison"):
        futures[1].result(timeout=30)
    writer.close()


def test_a_store_that_fails_answers_everybody_and_goes_on(store, monkeypatch):
    def broken(*_, **__):
        raise BadStore("no")

    writer = a_writer(store)
    writer.start()
    with monkeypatch.context() as patch:
        patch.setattr(store, "accept", broken)
        with pytest.raises(BadStore):
            writer.submit(delivery(bought())).result(timeout=30)
    assert writer.submit(delivery(bought())).result(timeout=30).accepted == 1
    writer.close()


def test_no_more_waits_than_may(store):
    writer = a_writer(store, waiting_events=2)
    first = writer.submit(delivery(bought(), bought("ann", "m2")))
    with pytest.raises(Busy, match="2 events wait"):
        writer.submit(delivery(bought("ann", "m3")))
    writer.start()
    first.result(timeout=30)
    writer.close()
    assert writer.waiting == 0
    with pytest.raises(Busy, match="closing"):
        writer.submit(delivery(bought()))


def test_closing_writes_what_waits(store):
    writer = a_writer(store)
    futures = [writer.submit(delivery(bought("ann", f"m{at}"))) for at in range(3)]
    writer.start()
    closing = threading.Thread(target=writer.close)
    closing.start()
    closing.join(timeout=30)
    assert all(each.done() for each in futures)
    assert store.totals()["events"] == 3
