"""Streams of server-sent events: who may hold how many, how they look, and when they end."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, final

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from limner.errors import LimnerError
from limner.service.problems import Problem
from limner.service.settings import ServeConfig

__all__ = ["BEAT", "Ended", "Listeners", "Stream", "cloud_event", "frame", "watch"]

BEAT = b": beat\n\n"
"""A comment that says that the stream lives."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Ended(Exception):
    """A stream has nothing more to tell: why, in one word."""


@final
class Listeners:
    """Counts the streams that are open.

    Parameters
    ----------
    per_key
        How many one key may hold.
    in_all
        How many may be open in this process.
    """

    def __init__(self, per_key: int, in_all: int) -> None:
        self.per_key, self.in_all = per_key, in_all
        self.stopping: Callable[[], bool] = lambda: False
        """Whether the service is about to stop; streams then end."""
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._held.total()

    def take(self, key_id: str) -> None:
        """Take a place. Raises Problem (429) where there is none."""
        with self._lock:
            full = self._held.total() >= self.in_all
            if full or self._held[key_id] >= self.per_key:
                raise Problem(
                    429,
                    "too_many_streams",
                    f"the service holds {self.in_all} streams at most"
                    if full
                    else f"a key holds {self.per_key} streams at most",
                    hint="close one, or come again after Retry-After seconds",
                    headers={"Retry-After": "5"},
                )
            self._held[key_id] += 1

    def leave(self, key_id: str) -> None:
        """Give a place back."""
        with self._lock:
            self._held[key_id] -= 1
            if not self._held[key_id]:
                del self._held[key_id]


@final
class Stream(StreamingResponse):
    """An answer that goes on; its place is given back however it ends."""

    def __init__(self, frames: AsyncIterator[bytes], listeners: Listeners, key_id: str) -> None:
        super().__init__(frames, media_type="text/event-stream", headers=_HEADERS)
        self._listeners, self._key_id = listeners, key_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and give the place back."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._listeners.leave(self._key_id)


async def watch(
    look: Callable[[], Awaitable[Sequence[bytes]]], config: ServeConfig, listeners: Listeners
) -> AsyncIterator[bytes]:
    """Go on telling what is new, and that the stream lives, until there is a reason to end.

    Parameters
    ----------
    look
        Returns the frames that are new. Raises :class:`Ended`; where the store cannot be asked
        (a :class:`~limner.errors.LimnerError`) it is asked again later.
    config
        How often to look, and how long in all.
    listeners
        Say whether the service stops.
    """
    begun = spoke = time.monotonic()
    yield b"retry: 2000\n\n"
    while True:
        try:
            for each in await look():
                yield each
                spoke = time.monotonic()
        except Ended as reason:
            yield frame("end", {"reason": str(reason)})
            return
        except LimnerError:
            pass
        now = time.monotonic()
        if listeners.stopping() or now - begun >= config.stream_seconds:
            why = "stopping" if listeners.stopping() else "again"
            yield frame("end", {"reason": why})
            return
        if now - spoke >= config.heartbeat_seconds:
            yield BEAT
            spoke = now
        left = config.stream_seconds - (now - begun)
        await asyncio.sleep(min(config.look_seconds, config.heartbeat_seconds, left))


def frame(event: str, data: bytes | dict[str, Any], *, token: int | str | None = None) -> bytes:
    """Return one message as it goes over the wire; ``token`` is what a client comes back with."""
    told = data if isinstance(data, bytes) else orjson.dumps(data)
    mark = b"" if token is None else f"id: {token}\n".encode()
    return b"event: " + event.encode() + b"\n" + mark + b"data: " + told + b"\n\n"


def cloud_event(kind: str, identity: str, subject: str, time_at: str, data: bytes) -> bytes:
    """Return a CloudEvent (1.0, JSON) around data that is JSON already."""
    about = {
        "specversion": "1.0",
        "type": kind,
        "source": "/v1",
        "id": identity,
        "subject": subject,
        "time": time_at,
        "datacontenttype": "application/json",
    }
    return orjson.dumps(about)[:-1] + b',"data":' + data + b"}"
