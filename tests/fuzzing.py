"""Bytes from outside, made up and damaged, for every parser that takes some.

``python tests/fuzzing.py --minutes 10`` (``make fuzz``) gives each target so many minutes of inputs:
samples that are right, cut, spliced, flipped, and filled with what parsers stumble over. Nothing but
the errors that a parser promises may come of it, and nothing may take a second of the processor.
What did is printed, and written into ``--keep`` so that it can be told again. With atheris
installed, ``--guided TARGET`` lets it look for inputs by what code they reach.
"""

import argparse
import asyncio
import gzip
import random
import sys
import tempfile
import time
import zlib
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import orjson

from limner.errors import LimnerError
from limner.events.mapping import read_mapping
from limner.profiles.database.privacy import PrivacyBook
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
from limner.profiles.painter import Painter
from limner.service.app import create_app
from limner.service.bodies import read_json
from limner.service.keys import SCOPES, Keyring
from limner.service.parts import Parts
from limner.service.problems import Problem
from limner.service.reading import Rules, read_deliveries
from limner.service.settings import ServeConfig
from limner.service.stream import Address
from limner.service.unwrapping import Unwrapper
from limner.service.wire import Malformed, Sending, wires
from serving import PEPPER, bought

MOST_S = 1.0
"""No input may take more seconds of the processor."""
NOW = datetime(2026, 6, 1, tzinfo=UTC)
_CLOUD = {"specversion": "1.0", "id": "1", "source": "/till", "type": "shop.purchase"}
_GA4_ITEM = {"item_id": "p", "price": 2.5, "quantity": 1, "item_category": "tea"}
_GA4 = {
    "client_id": "c",
    "timestamp_micros": "1777600000000000",
    "events": [{"name": "purchase", "params": {"transaction_id": "t", "items": [_GA4_ITEM]}}],
}
_BODIES = [
    {"batch": [bought(), bought(type="identify", traits={"city": "Bern"})], "sentAt": "2026-05-01"},
    bought(),
    _CLOUD | {"data": {"item_id": "p", "price": 2}},
    [_CLOUD | {"data_base64": "e30="}],
    _GA4,
    {"events": [{"customer_id": "u", "kind": "view", "time": "2026-05-01T00:00:00Z"}]},
    {"customer_id": "u", "kind": "purchase", "price": "1.5", "time": 1777600000},
]
_WORDS = [
    *(b"null", b"NaN", b"1e999", b"-0", b"9" * 400, b'"\\ud800"', b"\\u0000", b"\xff\xfe", b"\x00"),
    *(b"{}", b"[]", b'""', b"[" * 50, b'{"a":' * 40, b"2026-02-30T25:61:00+99:99", b"0001-01-01"),
    *(b"9999-12-31T23:59:59Z", b"1e308", b"-9223372036854775809", b'"userId":', b'"timestamp":'),
    *(b'"price":', b'"products":', b'"properties":', b"%00", b"%ff", b"..", b"[[", b"]]", b"'''"),
]


def damaged(sample, chance):
    """Return bytes that were right, and are not any more."""
    data = bytearray(sample)
    for _ in range(chance.choice((0, 1, 1, 2, 4, 16))):
        at = chance.randrange(len(data) + 1)
        deed = chance.randrange(6)
        if deed == 0:
            data[at : at + chance.choice((1, 2, 8, 64))] = b""
        elif deed == 1 and at < len(data):
            data[at] = chance.randrange(256)
        elif deed == 2:
            data[at:at] = chance.choice(_WORDS)
        elif deed == 3:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[min(at, other) : max(at, other)][:2_000]
        elif deed == 4:
            data[at : at + chance.randrange(12)] = chance.choice(_WORDS)
        else:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 4, 32))))
    return bytes(data)


class _Asked:
    """So much of a request as the reader of bodies asks for."""

    def __init__(self, body, packed):
        self.headers = {"content-encoding": packed} if packed else {}
        self.body = body

    async def stream(self):
        for at in range(0, len(self.body), 65_536):
            yield self.body[at : at + 65_536]


class Bodies:
    """What is posted, in any packing, to any address of trackers, to events and refusals."""

    samples = tuple(orjson.dumps(each) for each in _BODIES)
    packings = (
        ("", bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("gzip", lambda body: gzip.compress(body * 500)[: chance_cut(body)]),
        ("gzip", lambda body: gzip.compress(b" " * 30_000_000 + body[:1], 1)),
        ("deflate", lambda body: zlib.compress(b"[" * 10_000_000, 1)),
        ("gzip", lambda body: gzip.compress(body) * 2),
    )

    def make(self, chance):
        packed = chance.choices(range(len(self.packings)), weights=(12, 3, 3, 1, 0.02, 0.02, 1))[0]
        body = self.packings[packed][1](damaged(chance.choice(self.samples), chance))
        if packed and chance.random() < 0.3:
            body = damaged(body[:4_000], chance)
        return bytes([packed]) + body

    def __call__(self, data):
        config, paths = ServeConfig(), wires()
        packed = self.packings[data[0] % len(self.packings)][0] if data else ""
        try:
            body = asyncio.run(read_json(_Asked(data[1:], packed), config))
        except Problem:
            return
        deliveries = []
        for path in sorted({each.paths[0]: 0 for each in paths.values()} | {"batch": 0}):
            with suppress(Malformed):
                deliveries.append(paths[path].unpack(body, Sending(path, NOW, config)))
        read_deliveries(deliveries, Rules(), now=NOW)


def chance_cut(body):
    return 20 + zlib.crc32(body) % 200


class Messages:
    """What a stream carries, in any form, to events and refusals."""

    samples = Bodies.samples

    def make(self, chance):
        return bytes([chance.randrange(5)]) + damaged(chance.choice(self.samples), chance)

    def __call__(self, data):
        form = ("auto", "segment", "ga4", "cloudevents", "plain")[data[0] % 5 if data else 0]
        delivery = Unwrapper(ServeConfig()).unwrap(data[1:], form, sent=NOW)
        read_deliveries([delivery], Rules(), now=NOW)


class Mappings:
    """Files that say what columns are called."""

    samples = (
        b'[[source]]\nreader = "csv"\n[source.columns]\ncustomer_id = "user"\ntime = "when"\n',
        b'reader = "csv"\n[constants]\nkind = "purchase"\n[options]\ndelimiter = ";"\n',
        b'reader = "segment"\n[kinds]\n"Order Completed" = "purchase"\n[columns]\nprice = "p"\n',
    )

    def make(self, chance):
        return damaged(chance.choice(self.samples), chance)

    def __call__(self, data):
        with tempfile.NamedTemporaryFile(suffix=".toml") as file:
            file.write(data)
            file.flush()
            with suppress(LimnerError):
                read_mapping(file.name)


class Addresses:
    """Where streams are."""

    samples = (
        b"kafka://me:secret@h:9092/orders?group=shop&form=plain",
        b"follow:events.jsonl?name=x",
        b"redis://[::1]:6379/a",
        b"nats://h/stream?subject=a.*",
    )

    def make(self, chance):
        return damaged(chance.choice(self.samples), chance)

    def __call__(self, data):
        with suppress(LimnerError):
            found = Address.read(data.decode("utf-8", "surrogateescape"))
            assert not found.host or "@" not in found.host
            found.only("group", "subject")


class Requests:
    """Whole requests as the server hands them on: method, path, query, headers, body."""

    samples = (
        b"GET\n/v1/profiles/ann\npurpose=x&fresh=true&consistency_token=1\n",
        b"GET\n/v1/profiles\nlimit=2&cursor=a\n",
        b"GET\n/v1/profiles/ann/timeline\ncursor=-3&limit=5\n",
        b"GET\n/v1/profiles/ann/traits/recency\n\n",
        b"GET\n/v1/ingest/rejects\ncursor=9223372036854775807&limit=1\n",
        b"POST\n/v1/ingest/rejects:replay\ncursor=0\n{}",
        b'POST\n/v1/recommendations\n\n{"customer_id":"ann","k":3}',
        b'POST\n/v1/privacy/requests\n\n{"type":"access","customer_id":"ann"}',
        b'PUT\n/v1/privacy/subjects/ann/consents\n\n{"marketing":false}',
        b"POST\n/v1/ga4/collect\napi_secret=lk_a_b\n" + orjson.dumps(_GA4),
        b"POST\n/v1/batch\n\n" + orjson.dumps(_BODIES[0]),
        b'POST\n/v1/items\n\n[{"item_id":"p","price":1}]',
    )
    keys = ("", "Basic bGtfYV9iOg==", "Basic \xff", "Bearer lk__", "Bearer " + "lk_" * 300)

    def make(self, chance):
        sample = chance.choice(self.samples)
        method, rest = sample.split(b"\n", 1)
        key = chance.randrange(3 * len(self.keys))
        return bytes([key]) + method + b"\n" + damaged(rest, chance)

    def __call__(self, data):
        method, path, query, body = (data[1:] + b"\n\n\n").split(b"\n", 3)
        loop, app, key = _service()
        given = data[0] if data else 9
        told = self.keys[given] if given < len(self.keys) else f"Bearer {key}"
        headers = [
            (b"authorization", told.encode("latin-1")),
            (b"x-purpose", b"service"),
            (b"content-type", b"application/json"),
        ]
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method.decode("latin-1"),
            "scheme": "http",
            "path": path.decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        status = loop.run_until_complete(_ask(app, scope, body))
        assert status < 500 or status == 503, f"status {status}"


async def _ask(app, scope, body):
    told, sent = [{"type": "http.request", "body": body}], []

    async def receive():
        return told.pop() if told else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"]


@cache
def _service():
    """Return a service in this process that has begun, with a key for it."""
    place = Path(tempfile.mkdtemp(prefix="fuzzing-"))
    store = DatabaseStore(place / "profiles.db", pepper=PEPPER)
    eraser = Eraser(store, PrivacyBook(store.engine, PEPPER), pepper=PEPPER)
    key = Keyring(store, PEPPER).make("fuzz", list(SCOPES)).secret
    config = ServeConfig(requests_per_second=1e9, burst=10**9)
    app = create_app(Parts(store, Painter(store, None), PEPPER, eraser, config=config))
    loop = asyncio.new_event_loop()
    loop.run_until_complete(app.router.lifespan_context(app).__aenter__())
    return loop, app, key


TARGETS = {
    "bodies": Bodies(),
    "messages": Messages(),
    "mappings": Mappings(),
    "addresses": Addresses(),
    "requests": Requests(),
}


@contextmanager
def within_a_second():
    """Refuse what takes longer; what other processes do meanwhile does not count."""
    began = time.thread_time()
    yield
    took = time.thread_time() - began
    assert took < MOST_S, f"took {took:.2f} s"


def run(name, *, inputs=10**9, seconds=1e9, seed=0, keep=None):
    """Give a target inputs; return how many it had, and what came of it that may not."""
    target, chance, wrong, done = TARGETS[name], random.Random(seed), {}, 0
    target(target.make(random.Random(seed)))  # what is done once is not counted
    end = time.monotonic() + seconds
    while done < inputs and time.monotonic() < end and len(wrong) < 20:
        data, done = target.make(chance), done + 1
        try:
            with within_a_second():
                target(data)
        except Exception as error:  # noqa: BLE001 - each is told
            place = error.__traceback__
            while place.tb_next is not None:
                place = place.tb_next
            where = f"{type(error).__name__} {place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
            if where not in wrong:
                wrong[where] = (str(error)[:200], data)
                if keep is not None:
                    keep.mkdir(exist_ok=True)
                    (keep / f"{name}-{len(wrong)}").write_bytes(data)
    return done, wrong


def guided(name, arguments):
    """Let atheris look for inputs; it ends at the first that is wrong."""
    import atheris

    target = TARGETS[name]

    def one(data):
        with within_a_second():
            target(data)

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=list(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**9)
    parser.add_argument("--keep", type=Path, help="a folder for what went wrong")
    parser.add_argument("--guided", action="store_true", help="let atheris look")
    asked, rest = parser.parse_known_args()
    if asked.guided:
        guided(asked.targets[0], rest)
    failed = False
    for name in asked.targets:
        seconds = asked.minutes * 60
        done, wrong = run(name, seconds=seconds, seed=asked.seed, keep=asked.keep)
        print(f"{name:10} {done:9,} inputs, {len(wrong)} wrong (seed {asked.seed})", flush=True)
        for where, (told, data) in wrong.items():
            print(f"  {where}: {told}\n    {data[:300]!r}", flush=True)
        failed = failed or bool(wrong)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
