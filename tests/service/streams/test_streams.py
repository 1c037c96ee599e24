"""What every stream promises, each with a real broker: in order, from where the store stands."""

import sys

import pytest

import limner.service.streams
from brokers import BROKERS, a_broker, an_event
from limner import plugins
from limner.errors import BadConfig, BadSource, MissingExtra
from limner.profiles.database.store import DatabaseStore
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Stream, open_stream, schemes

NAMES = plugins.names(limner.service.streams)


@pytest.fixture(scope="module", params=NAMES)
def broker(request, tmp_path_factory):
    with a_broker(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found


def opened(address, known=None, **settings):
    return open_stream(Address.read(address), WorkerConfig(**settings), lambda: known or {})


def everything(stream, number, *, most=10_000):
    """Read until so many came and nothing more waits."""
    found = []
    for _ in range(300):
        found += stream.read(most, wait_s=0.1)
        if len(found) >= number and stream.ended():
            break
    return found


def positions(messages):
    return {each.source: each.position for each in messages}


def test_where_nothing_waits_nothing_is_read_however_short_it_waits(broker):
    broker.make("silent")
    broker.write("silent", [an_event(1)])
    stream = opened(broker.address("silent"))
    stream.commit(positions(everything(stream, 1)))
    for wait_s in (0.00005, 0.0005, 0.005, 0.05):
        assert stream.read(10, wait_s=wait_s) == []
    stream.close()


def test_there_is_a_broker_for_every_stream():
    assert sorted(BROKERS) == NAMES


def test_messages_come_in_order_and_each_once(broker):
    broker.make("orders")
    bodies = [an_event(number) for number in range(50)]
    broker.write("orders", bodies[:30])
    stream = opened(broker.address("orders"))
    assert isinstance(stream, Stream)
    first = everything(stream, 30, most=7)
    assert sorted(each.body for each in first) == sorted(bodies[:30])
    stream.commit(positions(first))
    broker.write("orders", bodies[30:])
    rest = everything(stream, 20)
    assert sorted(each.body for each in rest) == sorted(bodies[30:])
    for source in positions(first):
        own = [each.body for each in (*first, *rest) if each.source == source]
        assert own == [body for body in bodies if body in own]
    stream.close()
    stream.close()


def test_it_begins_where_the_store_says_whatever_the_broker_was_told(broker):
    broker.make("resumed")
    bodies = [an_event(number) for number in range(40)]
    broker.write("resumed", bodies)
    stream = opened(broker.address("resumed"))
    whole = everything(stream, 40)
    stream.commit(positions(whole))
    stream.close()
    stored = positions(whole[:17])
    stream = opened(broker.address("resumed"), stored)
    again = everything(stream, 23)
    stream.close()
    left = {each.body for each in whole[17:]}
    assert {each.body for each in again} == left
    assert len(again) == len(left)


def test_what_was_there_before_is_read_and_the_end_is_known(broker):
    broker.make("small")
    broker.write("small", [an_event(1)])
    stream = opened(broker.address("small"))
    assert len(everything(stream, 1)) == 1
    assert stream.ended()
    assert stream.read(10, wait_s=0.05) == []
    stream.close()


def test_options_that_it_does_not_know_are_refused(broker):
    broker.make("odd")
    with pytest.raises(BadConfig, match="got 'grup'"):
        opened(f"{broker.address('odd')}?grup=x")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_there_is_an_error_that_says_so(name, tmp_path, monkeypatch):
    if name == "kafka":
        monkeypatch.setattr("limner.service.streams.kafka._ANSWER_S", 1.0)
    (scheme, *_) = plugins.load(limner.service.streams, name).schemes
    kind = schemes()[scheme]
    assert kind is plugins.load(limner.service.streams, name)
    place = tmp_path / "no" / "where" if name == "follow" else "//127.0.0.1:9/orders"
    with pytest.raises(BadSource, match=r"orders cannot be read|must lie in a folder"):
        opened(f"{scheme}:{place}")


@pytest.mark.parametrize("name", NAMES)
def test_an_address_that_lacks_something_is_refused(name):
    with pytest.raises(BadConfig, match="must have a"):
        opened(f"{name}:///")


def test_another_kind_is_refused_with_those_there_are():
    with pytest.raises(
        BadConfig, match="must be of follow, kafka, nats, redis, rediss, tls"
    ) as bad:
        opened("kafak://h/t")
    assert bad.value.hint == "did you mean 'kafka'?"


def test_offsets_of_a_store_are_what_a_stream_begins_at(broker, tmp_path):
    """The store's own words, not only a table of the test."""
    broker.make("stored")
    broker.write("stored", [an_event(1)])
    with DatabaseStore(tmp_path / "profiles.db") as store:
        stream = open_stream(Address.read(broker.address("stored")), WorkerConfig(), store.offsets)
        assert len(everything(stream, 1)) == 1
        stream.close()


@pytest.mark.parametrize(
    ("name", "package"), [("kafka", "confluent_kafka"), ("nats", "nats"), ("redis", "redis")]
)
def test_without_its_package_it_says_what_to_install(monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra) as bad:
        opened(f"{name}://127.0.0.1:9/orders")
    assert bad.value.hint == f"pip install 'limner[{name}]'"


def test_what_is_set_here_may_not_be_set_elsewhere():
    with pytest.raises(BadConfig, match=r"must not set 'group.id'"):
        opened("kafka://127.0.0.1:9/orders", kafka={"group.id": "x"})
