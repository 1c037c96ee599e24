"""What brokers are told: how far Limner came, so that their own tools can tell it."""

from brokers import a_broker, an_event
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, open_stream


def read_all(stream, number):
    found = []
    for _ in range(200):
        found += stream.read(100, wait_s=0.1)
        if len(found) >= number and stream.ended():
            break
    return found


def positions(messages):
    return {each.source: each.position for each in messages}


def test_a_group_of_kafka_is_told_and_heeded_where_the_store_knows_nothing(tmp_path):
    soon = WorkerConfig(kafka={"session.timeout.ms": 6000})
    with a_broker("kafka", tmp_path) as kafka:
        kafka.make("orders")
        kafka.write("orders", [an_event(at) for at in range(20)])
        address = Address.read(f"{kafka.address('orders')}?group=shop")
        stream = open_stream(address, soon, dict)
        whole = read_all(stream, 20)
        assert len(whole) == 20
        stream.commit(positions(whole))
        stream.close()
        kafka.write("orders", [an_event(99)])
        stored = positions(whole[:5])
        stream = open_stream(address, soon, lambda: stored)
        left = [each.body for each in whole[5:] if each.source in stored] + [an_event(99)]
        assert sorted(each.body for each in read_all(stream, len(left))) == sorted(left)
        stream.close()


def test_a_group_of_redis_is_set_to_what_is_stored(tmp_path):
    with a_broker("redis", tmp_path) as redis:
        redis.write("orders", [an_event(at) for at in range(4)])
        stream = open_stream(
            Address.read(f"{redis.address('orders')}?group=shop&db=0"), WorkerConfig(), dict
        )
        whole = read_all(stream, 4)
        for each in (whole[1], whole[2]):
            stream.commit({each.source: each.position})
            (group,) = redis.client.xinfo_groups("orders")
            assert group["last-delivered-id"].decode() == each.position.partition("/")[0]
        stream.close()


def test_nats_is_told_what_is_stored(tmp_path):
    with a_broker("nats", tmp_path) as nats:
        nats.make("orders")
        nats.write("orders", [an_event(at) for at in range(4)])
        stream = open_stream(Address.read(nats.address("orders")), WorkerConfig(), dict)
        stream.commit(positions(read_all(stream, 4)))
        stream.read(1, wait_s=0.1)
        (reader,) = nats.do(lambda jet: jet.consumers_info("ORDERS"))
        assert (reader.num_ack_pending, reader.ack_floor.stream_seq) == (0, 4)
        stream.close()
        assert nats.do(lambda jet: jet.consumers_info("ORDERS")) == []
