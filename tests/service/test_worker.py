"""Nothing is lost and nothing counted twice, whatever fails between a broker and the store."""

import threading
from datetime import UTC, datetime

import orjson
import pytest

from brokers import BROKERS, a_broker, an_event
from limner.errors import BadConfig, BadSource, BadStore
from limner.events.snowplow_words import ENRICHED
from limner.profiles.counters import Counters
from limner.profiles.database.store import DatabaseStore
from limner.service.reading import Rules
from limner.service.settings import ServeConfig, WorkerConfig
from limner.service.worker import Worker
from serving import bought


@pytest.fixture(scope="module", params=sorted(BROKERS))
def broker(request, tmp_path_factory):
    with a_broker(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


@pytest.fixture
def file(tmp_path):
    with a_broker("follow", tmp_path) as found:
        yield found


def a_worker(store, *sources, **settings):
    return Worker(
        store,
        sources,
        Rules(currency="EUR"),
        config=WorkerConfig(**{"wait_seconds": 0.05, "retry_seconds": 0.01} | settings),
        limits=ServeConfig(body_bytes=2_000),
    )


def counted(store):
    return sum(Counters.from_json(page.counters).events for page in store.pages(limit=1000))


class Fell(BaseException):
    """The process is gone, as far as the code can tell."""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_fall_around_the_transaction_loses_and_doubles_nothing(
    broker, store, monkeypatch, moment
):
    """Events have neither id nor time here, so only the offset keeps them from counting twice."""
    name = f"fall{moment}"
    broker.make(name)
    broker.write(name, [an_event(number) for number in range(60)])
    real, calls = store.accept, []

    def accept(arrival, **more):
        calls.append(more)
        if len(calls) == 3 and moment == "before":
            raise Fell
        done = real(arrival, **more)
        if len(calls) == 3:
            raise Fell
        return done

    with monkeypatch.context() as patch:
        patch.setattr(store, "accept", accept)
        with pytest.raises(Fell):
            a_worker(store, broker.address(name), batch_messages=7).run(once=True)
    before = counted(store)
    assert 0 < before < 60
    done = a_worker(store, broker.address(name)).run(once=True)
    assert done.messages == done.accepted == 60 - before
    assert counted(store) == store.totals()["events"] == 60
    assert a_worker(store, broker.address(name)).run(once=True).messages == 0


def test_every_form_is_read_and_what_is_wrong_is_kept(file, store):
    file.write(
        "orders",
        [
            orjson.dumps(bought("ann", "m1")),
            orjson.dumps({"batch": [bought("ann", "m1"), bought("ann", "m2", order="o2")]}),
            an_event(1),
            b"{no json",
            b"[" * 100 + b"]" * 100,
            b'"' + b"x" * 3_000 + b'"',
            orjson.dumps({"customer_id": "x", "kind": "purchase", "time": "yesterday"}),
            orjson.dumps({"type": "track", "userId": "x"}),
        ],
    )
    done = a_worker(store, file.address("orders")).run(once=True)
    assert (done.messages, done.accepted, done.duplicates, done.refused) == (8, 3, 1, 5)
    assert [each.reason for each in store.rejects()] == [
        *("kind_missing", "time_unreadable"),
        *("bad_json", "too_deep", "body_too_large"),
    ]
    assert store.events_of(list(store.numbers().values()))["currency"].unique().to_list() == ["EUR"]


def test_a_stream_may_have_a_form_and_a_name_of_its_own(file, store):
    cloud = {"specversion": "1.0", "id": "1", "source": "/till", "type": "shop.purchase"}
    file.write("clouds", [orjson.dumps(cloud | {"subject": "ann", "data": {"item_id": "tea"}})])
    address = f"{file.address('clouds')}?form=cloudevents&name=till"
    assert a_worker(store, address).run(once=True).accepted == 1
    assert list(store.offsets()) == ["till"]
    with pytest.raises(BadConfig, match="form must be one of auto, cloudevents, ga4, plain, segm"):
        a_worker(store, f"{file.address('clouds')}?form=xml")


def test_several_streams_are_read_in_turn_and_written_together(file, store):
    for name in ("one", "two"):
        file.write(name, [an_event(number) for number in range(5)])
    receipts = []
    worker = a_worker(store, file.address("one"), file.address("two"))
    worker.told = receipts.append
    assert worker.run(once=True).accepted == 10
    assert len(receipts) == 1
    assert len(store.offsets()) == 2


def test_a_store_that_fails_is_waited_for(file, store, monkeypatch):
    file.write("orders", [an_event(1)])
    real, fails = store.accept, [BadStore("no"), BadStore("no")]

    def accept(*args, **more):
        if fails:
            raise fails.pop()
        worker.stop()
        return real(*args, **more)

    monkeypatch.setattr(store, "accept", accept)
    worker = a_worker(store, file.address("orders"))
    assert worker.run().accepted == 1
    fails.append(BadStore("once more"))
    file.write("orders", [an_event(2)])
    with pytest.raises(BadStore, match="once more"):
        a_worker(store, file.address("orders")).run(once=True)
    assert counted(store) == 1


def test_one_message_that_nobody_can_store_harms_no_other(file, store, monkeypatch):
    file.write("orders", [an_event(number) for number in range(10)])
    real = store.accept

    def picky(arrival, **more):
        if "i6" in arrival.events["item_id"].to_list():
            raise ValueError("poison")
        return real(arrival, **more)

    monkeypatch.setattr(store, "accept", picky)
    done = a_worker(store, file.address("orders")).run(once=True)
    assert (done.messages, done.accepted, done.refused) == (10, 9, 1)
    (bad,) = store.rejects()
    assert (bad.reason, bad.detail) == ("failed", "ValueError: poison")
    assert orjson.loads(bad.row)["item_id"] == "i6"


def test_two_workers_on_one_stream_count_everything_once(file, store, tmp_path):
    file.write("orders", [an_event(number) for number in range(200)])
    trouble = []

    def work():
        try:
            with DatabaseStore(tmp_path / "profiles.db") as own:
                a_worker(own, file.address("orders"), batch_messages=5).run(once=True)
        except Exception as error:  # noqa: BLE001
            trouble.append(error)

    both = [threading.Thread(target=work) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert not trouble
    assert counted(store) == store.totals()["events"] == 200


def test_a_stream_that_fails_is_opened_again(file, store, monkeypatch):
    from limner.service.streams.follow import Follow

    file.write("orders", [an_event(1)])
    real, fails = Follow.read, [BadSource("gone for a moment")]

    def read(self, most, *, wait_s):
        if fails:
            raise fails.pop()
        worker.stop()
        return real(self, most, wait_s=wait_s)

    monkeypatch.setattr(Follow, "read", read)
    worker = a_worker(store, file.address("orders"))
    assert worker.run().accepted == 1
    fails.append(BadSource("gone"))
    with pytest.raises(BadSource, match="gone"):
        a_worker(store, file.address("orders")).run(once=True)


def test_when_a_message_names_no_time_it_happened_when_the_broker_took_it(tmp_path, store):
    with a_broker("kafka", tmp_path) as kafka:
        kafka.write("late", [an_event(1)])
        before = datetime.now(UTC)
        a_worker(store, kafka.address("late")).run(once=True)
    (time,) = store.events_of([1])["time"].to_list()
    assert time <= before


def test_a_file_of_snowplows_enriched_stream_is_read_like_any_other(tmp_path, store):
    def line(number, **told):
        fixed = {"event": "page_view", "event_id": f"e{number}", "user_id": f"u{number % 3}"}
        fixed |= {"derived_tstamp": f"2026-05-01 10:00:0{number}.250"} | told
        return "\t".join(fixed.get(name, "") for name in ENRICHED)

    order = orjson.dumps(
        {
            "data": {
                "schema": "iglu:com.snowplowanalytics.snowplow/add_to_cart/jsonschema/1-0-0",
                "data": {"sku": "tea", "unitPrice": 2.5, "quantity": 1},
            }
        }
    ).decode()
    lines = [line(at) for at in range(6)] + [line(6, event="unstruct", unstruct_event=order), "x"]
    path = tmp_path / "enriched.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = a_worker(store, f"follow:{path}").run(once=True)
    assert (done.accepted, done.refused) == (7, 1)
    kinds = Counters.from_json(store.page("u0").counters).kinds
    assert kinds == {"page_view": 2, "cart": 1}
    again = a_worker(store, f"follow:{path}?name=once-more").run(once=True)
    assert (again.accepted, again.duplicates) == (0, 7)
