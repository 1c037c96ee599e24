"""A subject of NATS, kept by a stream of JetStream."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC
from typing import Any, TypeVar, final

import structlog

from limner.errors import BadConfig, BadSource, MissingExtra
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Known, Lost, Message

__all__ = ["Nats"]

_ANSWER_S = 10.0
_IDLE_S = 300.0
"""After so long the server forgets a reader that does not ask any more."""
_FIRST = 1
Told = TypeVar("Told")


@final
class Nats:
    """Reads ``nats://host:port/subject``; ``tls://`` with TLS, ``?stream=`` names the stream.

    A position is a number of the stream, which must keep its messages by limits: one that
    forgets what was acknowledged cannot be read again from where the store stands. Messages are
    acknowledged once they are stored, so that NATS' own tools tell how far Limner came. NATS
    itself acknowledges what is published before it is on the disk, by habit up to two minutes
    before (``sync_interval``): what a server that falls had not written yet is lost to everybody,
    and if it had been read already it stays stored here.
    """

    schemes: Sequence[str] = ("nats", "tls")

    def __init__(self, address: Address, config: WorkerConfig, known: Known) -> None:
        try:
            import nats
            from nats.errors import Error
        except ModuleNotFoundError:
            raise MissingExtra("NATS", "nats-py", "nats") from None
        address.only("stream")
        self.subject = address.path.strip("/")
        if not address.host or not self.subject:
            raise BadConfig(
                f"NATS must have an address and a subject, got {address.name!r}",
                hint="nats://localhost:4222/events",
            )
        self.name, self._lost = address.name, config.lost
        self._troubles: tuple[type[Exception], ...] = (Error, OSError, TimeoutError)
        self._log = structlog.get_logger("limner.nats")
        self._runner: asyncio.Runner | None = asyncio.Runner()
        self._nats: Any = None
        self._reader: Any = None
        self._unacknowledged: Any = None
        self._ended = False
        position = known().get(self.name)
        self._last = _FIRST - 1 if position is None else int(position)
        server = address.text.partition("?")[0].removesuffix(address.path)
        try:
            self._nats = self._wait(
                nats.connect(
                    server,
                    connect_timeout=_ANSWER_S,
                    error_cb=self._told,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0.1,
                )
            )
            self._wait(self._subscribe(address.options.get("stream")))
        except self._troubles as error:
            self.close()
            raise self._said(error) from None
        except BadSource:
            self.close()
            raise

    def read(self, most: int, *, wait_s: float) -> list[Message]:
        """Return the next messages; what the server sends again is left out."""
        try:
            came = self._wait(self._fetch(most, wait_s))
        except self._troubles as error:
            raise self._said(error) from None
        found = []
        for each in came:
            about = each.metadata
            number = about.sequence.stream
            self._ended = about.num_pending == 0
            if number > self._last:
                self._last = number
                self._unacknowledged = each
                sent = about.timestamp.astimezone(UTC)
                found.append(Message(self.name, str(number), each.data, sent))
        return found

    def ended(self) -> bool:
        """Whether nothing waits."""
        return self._ended

    def commit(self, positions: Mapping[str, str]) -> None:
        """Acknowledge everything up to the newest message that was read."""
        newest = self._unacknowledged
        if newest is not None and str(newest.metadata.sequence.stream) == positions[self.name]:
            self._unacknowledged = None
            with suppress(*self._troubles):
                self._wait(newest.ack())

    def close(self) -> None:
        """Close the connection."""
        if self._runner is None:
            return
        with suppress(*self._troubles):
            if self._reader is not None and self._nats.is_connected:
                self._wait(self._leave())
        with suppress(*self._troubles):
            if self._nats is not None:
                self._wait(self._nats.close())
        self._runner.close()
        self._runner = None

    def _wait(self, work: Coroutine[Any, Any, Told]) -> Told:
        assert self._runner is not None
        return self._runner.run(work)

    async def _subscribe(self, stream: str | None) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy
        from nats.js.errors import NotFoundError

        jet = self._nats.jetstream(timeout=_ANSWER_S)
        try:
            stream = stream or await jet.find_stream_name_by_subject(self.subject)
            about = await jet.stream_info(stream)
        except NotFoundError:
            raise BadSource(
                f"{self.name} must be kept by a stream, but there is none",
                hint=f"make one: nats stream add --subjects '{self.subject}' --retention limits",
            ) from None
        if about.config.retention not in {None, RetentionPolicy.LIMITS}:
            raise BadSource(
                f"the stream {stream} must keep messages by limits,"
                f" but it keeps them by {about.config.retention}",
                hint="let another stream that keeps them by limits have it for its source",
            )
        self._check(about.state.first_seq, about.state.last_seq)
        self._reader = await jet.pull_subscribe(
            self.subject,
            stream=stream,
            config=ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=self._last + 1,
                ack_policy=AckPolicy.ALL,
                inactive_threshold=_IDLE_S,
                max_ack_pending=-1,
            ),
        )
        self._ended = (await self._reader.consumer_info()).num_pending == 0

    async def _leave(self) -> None:
        """Let the server forget this reader."""
        about = await self._reader.consumer_info()
        await self._reader.unsubscribe()
        await self._nats.jetstream(timeout=_ANSWER_S).delete_consumer(about.stream_name, about.name)

    def _check(self, first: int, newest: int) -> None:
        """See that the stream is the one that was read, and has what was not read yet."""
        if self._last > newest:
            self._gone(f"its newest number is {newest}, and {self._last} was read", begin=0)
        elif self._last and first > self._last + 1:
            self._gone(f"it begins at {first}, and only {self._last} was read", begin=first - 1)

    def _gone(self, detail: str, *, begin: int) -> None:
        if self._lost == "stop":
            raise Lost(self.name, detail)
        self._log.warning("messages are gone that were not read", source=self.name, detail=detail)
        self._last = begin

    async def _fetch(self, most: int, wait_s: float) -> list[Any]:
        if not self._nats.is_connected:
            raise ConnectionError("the connection is closed")
        try:
            found: list[Any] = await self._reader.fetch(most, timeout=wait_s)
        except TimeoutError:  # the client's own, which is one of these, or a bare one
            return []
        return found

    async def _told(self, error: Exception) -> None:
        self._log.info("NATS says", error=str(error))

    def _said(self, error: Exception) -> BadSource:
        told = str(error) or type(error).__name__
        return BadSource(f"{self.name} cannot be read: {told}", hint="does NATS run there?")
