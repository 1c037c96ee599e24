"""Real brokers, begun for the tests and gone with them; one way to write to each."""

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

HOW_TO_GET_IT = {
    "redis": "Redis is missing: apt-get install redis-server, or put it on the PATH",
    "nats": "NATS is missing: apt-get install nats-server, or put it on the PATH",
}


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def _server(kind, port, *words, **more):
    """Run a server until it can be reached."""
    program = shutil.which(f"{kind}-server", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip(HOW_TO_GET_IT[kind])
    with subprocess.Popen(
        [program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more
    ) as running:
        try:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    assert running.poll() is None
                    time.sleep(0.05)
            yield
        finally:
            running.kill()


class KafkaBroker:
    """librdkafka's own cluster, in this process, reached over TCP as any other."""

    scheme = "kafka"

    def __init__(self, folder):
        kafka = pytest.importorskip("confluent_kafka", reason="pip install 'limner[kafka]'")
        settings = {"test.mock.num.brokers": 1, "bootstrap.servers": "none", "log_level": 0}
        self._producer = kafka.Producer(settings)
        (broker,) = self._producer.list_topics(timeout=30).brokers.values()
        self.host = f"{broker.host}:{broker.port}"

    def address(self, name):
        return f"kafka://{self.host}/{name}"

    def make(self, name):
        self._producer.list_topics(name, timeout=30)

    def write(self, name, bodies):
        for body in bodies:
            self._producer.produce(name, body)
        assert self._producer.flush(30) == 0

    def close(self):
        self._producer.flush(1)


class RedisBroker:
    scheme = "redis"

    def __init__(self, folder):
        redis = pytest.importorskip("redis", reason="pip install 'limner[redis]'")
        self.port = _free_port()
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        self._server = _server("redis", self.port, *words)
        self._server.__enter__()
        self.client = redis.Redis(port=self.port, protocol=2)

    def address(self, name):
        return f"redis://127.0.0.1:{self.port}/{name}"

    def make(self, name):
        """A stream is made with its first entry."""

    def write(self, name, bodies):
        for body in bodies:
            self.client.xadd(name, {"data": body})

    def close(self):
        self.client.close()
        self._server.__exit__(None, None, None)


class NatsBroker:
    scheme = "nats"

    def __init__(self, folder):
        pytest.importorskip("nats", reason="pip install 'limner[nats]'")
        self.port = _free_port()
        words = ["-js", "-sd", folder, "-a", "127.0.0.1", "-p", str(self.port)]
        self._server = _server("nats", self.port, *words)
        self._server.__enter__()

    def address(self, name):
        return f"nats://127.0.0.1:{self.port}/{name}"

    def do(self, work):
        """Let a coroutine work with JetStream."""
        import asyncio

        import nats

        async def run():
            client = await nats.connect(f"nats://127.0.0.1:{self.port}")
            try:
                return await work(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(run())

    def make(self, name, **more):
        self.do(lambda jet: jet.add_stream(name=name.upper(), subjects=[name], **more))

    def write(self, name, bodies):
        async def work(jet):
            for body in bodies:
                await jet.publish(name, body)

        self.do(work)

    def close(self):
        self._server.__exit__(None, None, None)


class FollowedFile:
    scheme = "follow"

    def __init__(self, folder):
        self.folder = Path(folder)

    def path(self, name):
        return self.folder / f"{name}.jsonl"

    def address(self, name):
        return f"follow:{self.path(name)}"

    def make(self, name):
        """A file is made with its first line."""

    def write(self, name, bodies):
        with self.path(name).open("ab") as file:
            file.writelines(body + b"\n" for body in bodies)

    def close(self):
        """There is nobody to stop."""


BROKERS = {each.scheme: each for each in (FollowedFile, KafkaBroker, NatsBroker, RedisBroker)}


@contextmanager
def a_broker(scheme, folder):
    """Run a broker whose data lie in a folder."""
    with closing(BROKERS[scheme](str(folder))) as broker:
        yield broker


def an_event(number, **more):
    """Return an event in our own words, which has neither an id nor a time of its own."""
    return json.dumps(
        {
            "customer_id": f"c{number % 7}",
            "kind": "purchase",
            "item_id": f"i{number}",
            "price": 2.5,
        }
        | more
    ).encode()
