"""Streams are read, and what is read is stored with how far it was read, in one transaction."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from traceback import format_exception
from typing import final

import structlog

from limner.errors import BadSource, LimnerError, Overtaken
from limner.profiles.live import LiveStore, Receipt, Step
from limner.service.reading import Rules, read_deliveries
from limner.service.settings import ServeConfig, WorkerConfig
from limner.service.stream import Address, Lost, Message, Stream, open_stream
from limner.service.unwrapping import Unwrapper
from limner.service.wire import Delivery, Refusal

__all__ = ["Totals", "Worker"]

_LONGEST_REST_S = 60.0


@dataclass(slots=True)
class Totals:
    """What a worker did: messages read, events that were new, known already, or refused."""

    messages: int = 0
    accepted: int = 0
    duplicates: int = 0
    refused: int = 0


@dataclass(slots=True)
class _Feed:
    """One stream, how far each of its sources is stored, and when it is tried again."""

    address: Address
    form: str
    stream: Stream | None = None
    stored: dict[str, str] = field(default_factory=dict)
    failures: int = 0
    again_s: float = 0.0


_Read = tuple[_Feed, Message]


@final
class Worker:
    """Reads streams in turn, and stores what they bring, each event once.

    The store says how far a stream was read; that is written in the transaction that stores the
    events, the counters of whom they are about, and what is refused. So whenever the worker ends,
    nothing is lost and nothing is counted twice, also where events have no id. A broker is told
    afterwards. Where two workers read one stream, whoever comes second stores nothing and goes on
    from where the first is.

    Parameters
    ----------
    store
        Where to.
    sources
        The addresses of the streams.
    rules
        By what rules events are read.
    config, limits
        How streams are read, and how large messages may be.
    clock
        Tells the present, in UTC.
    told
        Is told of every transaction.

    Raises
    ------
    BadConfig
        If an address is none, or is named twice.
    """

    def __init__(
        self,
        store: LiveStore,
        sources: Sequence[str],
        rules: Rules,
        *,
        config: WorkerConfig,
        limits: ServeConfig,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        told: Callable[[Receipt], None] = lambda _: None,
    ) -> None:
        self.store, self.rules, self.config = store, rules, config
        self.clock, self.told = clock, told
        self.totals = Totals()
        self._unwrapper = Unwrapper(limits)
        self._feeds = []
        for text in dict.fromkeys(sources):
            address = Address.read(text)
            form = self._unwrapper.demand(address.options.get("form", config.form))
            self._feeds.append(_Feed(address, form))
        self._stop = threading.Event()
        self._log = structlog.get_logger("limner.worker")

    def stop(self) -> None:
        """Finish the transaction at hand, then stop; may be called from anywhere, any time."""
        self._stop.set()

    def run(self, *, once: bool = False) -> Totals:
        """Read until stopped; with ``once``, until the end of what is there.

        A stream or a store that fails is tried again; at the beginning, and with ``once``, it is
        an error.

        Raises
        ------
        BadConfig, BadSource, MissingExtra
            If a stream cannot be opened.
        Lost
            If messages are gone that were not read yet, and that is not to be skipped.
        """
        try:
            for feed in self._feeds:
                self._open(feed)
            while not self._stop.is_set():
                read = [one for feed in self._feeds for one in self._read(feed, once=once)]
                if read:
                    self._write(read, once=once)
                elif once and all(each.stream and each.stream.ended() for each in self._feeds):
                    break
        finally:
            for feed in self._feeds:
                self._close(feed)
        return self.totals

    def _open(self, feed: _Feed) -> Stream:
        """Open a stream where the store says."""

        def known() -> dict[str, str]:
            feed.stored = dict(self.store.offsets())
            return feed.stored

        known()
        feed.stream = open_stream(feed.address, self.config, known)
        return feed.stream

    def _close(self, feed: _Feed) -> None:
        if feed.stream is not None:
            feed.stream.close()
            feed.stream = None

    def _read(self, feed: _Feed, *, once: bool) -> list[_Read]:
        """Return what a stream brings; one that fails is left alone for a while."""
        wait_s = self.config.wait_seconds / len(self._feeds)
        if self._stop.is_set():
            return []
        if feed.stream is None and time.monotonic() < feed.again_s:
            self._stop.wait(wait_s)
            return []
        try:
            stream = feed.stream or self._open(feed)
            found = stream.read(self.config.batch_messages, wait_s=wait_s)
        except BadSource as error:
            self._close(feed)
            if once or isinstance(error, Lost):
                raise
            rest = self._rest(feed.failures)
            feed.failures += 1
            feed.again_s = time.monotonic() + rest
            self._log.warning("a stream failed", error=error.message, again_in_s=rest)
            return []
        feed.failures = 0
        return [(feed, message) for message in found]

    def _write(self, read: Sequence[_Read], *, once: bool) -> None:
        """Store what was read; wait for a store that fails, and refuse what nobody can store."""
        parts, failures = [read], 0
        while parts:
            part = parts[0]
            try:
                self._store(part, [self._unwrap(*each) for each in part])
            except Overtaken as error:
                self._log.info("another worker was faster", told=error.message)
                for feed in {id(feed): feed for feed, _ in read}.values():
                    self._close(feed)
                return
            except LimnerError as error:
                rest = self._rest(failures)
                failures += 1
                self._log.warning("the store failed", error=error.message, again_in_s=rest)
                if once:
                    raise
                if self._stop.wait(rest):
                    return
            except Exception as error:  # noqa: BLE001 - whatever it is, the rest is stored
                half = len(part) // 2
                trace = "" if half else "".join(format_exception(error))
                self._log.warning("could not be stored", messages=len(part), trace=trace)
                parts[:1] = [part[:half], part[half:]] if half else []
                if not half:
                    self._refuse(part[0], error)
            else:
                parts.pop(0)

    def _refuse(self, one: _Read, error: Exception) -> None:
        """Keep a message that cannot be stored, with the reason."""
        feed, message = one
        detail = f"{type(error).__name__}: {error}".replace("\0", "\ufffd")
        refusal = Refusal(0, "failed", detail, message.body)
        self._store([one], [Delivery(feed.form, refused=[refusal])])

    def _unwrap(self, feed: _Feed, message: Message) -> Delivery:
        sent = message.sent or self.clock()
        return self._unwrapper.unwrap(message.body, feed.form, sent=sent)

    def _store(self, read: Sequence[_Read], deliveries: Sequence[Delivery]) -> None:
        now = self.clock()
        found = read_deliveries(deliveries, self.rules, now=now)
        newest: dict[int, tuple[_Feed, dict[str, str]]] = {}
        for feed, message in read:
            newest.setdefault(id(feed), (feed, {}))[1][message.source] = message.position
        steps = {
            source: Step(feed.stored.get(source), position)
            for feed, positions in newest.values()
            for source, position in positions.items()
        }
        receipt = self.store.accept(
            found.arrival, received_us=round(now.timestamp() * 1e6), steps=steps
        )
        for feed, positions in newest.values():
            feed.stored |= positions
            if feed.stream is not None:
                feed.stream.commit(positions)
        self.totals.messages += len(read)
        self.totals.accepted += receipt.accepted
        self.totals.duplicates += len(receipt.duplicates)
        self.totals.refused += len(found.arrival.refused)
        self.told(receipt)

    def _rest(self, failures: int) -> float:
        return min(_LONGEST_REST_S, self.config.retry_seconds * 2.0 ** min(failures, 20))
