"""Places are counted, messages are written as the standard says, and a stream outlives trouble."""

import asyncio

import pytest

from limner.errors import BadStore
from limner.service.listeners import BEAT, Ended, Listeners, cloud_event, frame, watch
from limner.service.problems import Problem
from limner.service.settings import ServeConfig


def test_places_are_taken_and_given_back():
    listeners = Listeners(1, 2)
    listeners.take("a")
    with pytest.raises(Problem, match="a key holds 1"):
        listeners.take("a")
    listeners.take("b")
    with pytest.raises(Problem, match="holds 2 streams at most"):
        listeners.take("c")
    listeners.leave("a")
    listeners.take("c")
    assert listeners.open == 2


def test_a_message_is_lines_and_an_empty_one():
    assert frame("x", b"{}", token=7) == b"event: x\nid: 7\ndata: {}\n\n"
    assert frame("x", {"a": "b\nc"}) == b'event: x\ndata: {"a":"b\\nc"}\n\n'
    whole = cloud_event("t", "1", "ann", "2026-01-01T00:00:00Z", b'{"a":1}')
    assert whole.endswith(b'"datacontenttype":"application/json","data":{"a":1}}')


def test_a_stream_goes_on_while_the_store_is_away_and_ends_for_a_reason():
    found = [[b"one"], BadStore("away"), [], Ended("enough")]

    async def look():
        each = found.pop(0)
        if isinstance(each, Exception):
            raise each
        return each

    async def all_of():
        config = ServeConfig(look_seconds=0.01, heartbeat_seconds=0.015)
        return [each async for each in watch(look, config, Listeners(1, 1))]

    told = asyncio.run(all_of())
    assert told[:2] == [b"retry: 2000\n\n", b"one"]
    assert told[-1] == frame("end", {"reason": "enough"})
    assert BEAT in told
