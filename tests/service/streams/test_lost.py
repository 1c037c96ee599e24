"""Messages that are gone before they were read: it stops and says so, or goes on, as is wanted."""

import pytest

from brokers import a_broker, an_event
from limner.errors import BadSource
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Lost, open_stream


def opened(address, position, source=None, **settings):
    known = {source or address: position}
    return open_stream(Address.read(address), WorkerConfig(**settings), lambda: known)


def everything(stream, number):
    found = []
    for _ in range(100):
        found += stream.read(100, wait_s=0.1)
        if len(found) >= number and stream.ended():
            break
    stream.close()
    return found


def first_of(address, number):
    stream = open_stream(Address.read(address), WorkerConfig(), dict)
    return everything(stream, number)


def test_of_kafka(tmp_path):
    with a_broker("kafka", tmp_path) as kafka:
        kafka.write("orders", [an_event(1)])
        address = kafka.address("orders")
        (one,) = first_of(address, 1)
        stream = opened(address, "700", one.source)
        with pytest.raises(Lost, match="offset 700 is not there any more"):
            everything(stream, 1)
        stream.close()
        again = opened(address, "700", one.source, lost="skip")
        assert [each.body for each in everything(again, 1)] == [one.body]


def test_of_redis(tmp_path):
    with a_broker("redis", tmp_path) as redis:
        address = redis.address("orders")
        redis.write("orders", [an_event(at) for at in range(6)])
        whole = first_of(address, 6)
        redis.client.xtrim("orders", maxlen=3, approximate=False)
        assert len(everything(opened(address, whole[2].position), 3)) == 3
        with pytest.raises(Lost, match="3 were removed, and only 2 were read"):
            opened(address, whole[1].position)
        left = everything(opened(address, whole[1].position, lost="skip"), 3)
        assert [each.body for each in left] == [each.body for each in whole[3:]]
        redis.client.delete("orders")
        redis.client.xadd("orders", {"customer_id": "ann"}, id="5-1")
        with pytest.raises(Lost, match="its newest id is 5-1"):
            opened(address, whole[1].position)
        (new,) = everything(opened(address, whole[1].position, lost="skip"), 1)
        assert new.body == b'{"customer_id":"ann"}'


def test_of_nats(tmp_path):
    with a_broker("nats", tmp_path) as nats:
        address = nats.address("orders")
        nats.make("orders")
        nats.write("orders", [an_event(at) for at in range(6)])
        nats.do(lambda jet: jet.purge_stream("ORDERS", keep=3))
        assert len(everything(opened(address, "3"), 3)) == 3
        with pytest.raises(Lost, match="it begins at 4, and only 2 was read"):
            opened(address, "2")
        assert len(everything(opened(address, "2", lost="skip"), 3)) == 3
        with pytest.raises(Lost, match="its newest number is 6, and 9 was read"):
            opened(address, "9")
        assert len(everything(opened(address, "9", lost="skip"), 3)) == 3


def test_a_stream_of_nats_that_forgets_what_was_acknowledged_is_refused(tmp_path):
    with a_broker("nats", tmp_path) as nats:
        nats.make("jobs", retention="workqueue")
        with pytest.raises(BadSource, match="must keep messages by limits"):
            first_of(nats.address("jobs"), 1)
        with pytest.raises(BadSource, match="must be kept by a stream, but there is none"):
            first_of(nats.address("nowhere"), 1)
