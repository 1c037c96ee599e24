"""A stream of Redis, read by its ids."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, final

import orjson
import structlog

from limner.errors import BadConfig, BadSource, MissingExtra
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Known, Lost, Message

__all__ = ["Redis"]

_START = "0-0"
_FIELD = b"data"


@final
class Redis:
    """Reads ``redis://host:port/stream``; ``rediss://`` with TLS, ``?db=1`` another database.

    An entry holds its JSON in the field ``data``; one without it is taken as an object of all its
    fields. With ``?group=`` the group is set to what is stored, so that Redis' own tools tell how
    far Limner came; Redis is never asked for it. A position is the id of an entry, and how many
    had been added with it, by which it is noticed whenever the stream is opened that entries were
    removed unread (Redis 7 or newer). An append-only file that is written every second may lose
    the last second of a machine that falls: what had been read stays stored here, and what had
    not is lost to everybody.
    """

    schemes: Sequence[str] = ("redis", "rediss")

    def __init__(self, address: Address, config: WorkerConfig, known: Known) -> None:
        try:
            import redis
        except ModuleNotFoundError:
            raise MissingExtra("Redis", "redis", "redis") from None
        address.only("group", "db")
        self.stream = address.path.strip("/")
        database = address.options.get("db", "0")
        if not address.host or not self.stream or not database.isdecimal():
            raise BadConfig(
                f"Redis must have an address, a stream and a number for db, got {address.name!r}",
                hint="redis://localhost:6379/events",
            )
        self.name, self._lost = address.name, config.lost
        self._trouble: type[Exception] = redis.RedisError
        self._group = address.options.get("group")
        self._log = structlog.get_logger("limner.redis")
        self._ended = False
        url = address.text.partition("?")[0].removesuffix(address.path) + "/" + database
        self._redis: Any = redis.Redis.from_url(url, protocol=2, socket_connect_timeout=10)
        self._last, _, count = known().get(self.name, _START).partition("/")
        self._count = int(count or 0)
        try:
            self._check()
        except redis.RedisError as error:
            self.close()
            raise self._said(error) from None
        except BadSource:
            self.close()
            raise

    def read(self, most: int, *, wait_s: float) -> list[Message]:
        """Return the next entries."""
        try:
            found = self._redis.xread({self.stream: self._last}, count=most)
            if not found:
                self._ended = True
                block = max(1, round(wait_s * 1000))
                found = self._redis.xread({self.stream: self._last}, count=most, block=block)
        except self._trouble as error:
            raise self._said(error) from None
        if not found:
            return []
        self._ended = False
        ((_, entries),) = found
        return [self._message(identity.decode(), fields) for identity, fields in entries]

    def ended(self) -> bool:
        """Whether there was nothing more."""
        return self._ended

    def commit(self, positions: Mapping[str, str]) -> None:
        """Set the group, if one is named, to what is stored."""
        if self._group is None:
            return
        position = positions[self.name].partition("/")[0]
        with suppress(self._trouble):
            try:
                self._redis.xgroup_setid(self.stream, self._group, position)
            except self._trouble:
                self._redis.xgroup_create(self.stream, self._group, id=position)

    def close(self) -> None:
        """Close the connection."""
        with suppress(self._trouble):
            self._redis.close()

    def _message(self, identity: str, fields: Mapping[bytes, bytes]) -> Message:
        self._last = identity
        self._count += 1
        body = fields.get(_FIELD)
        if body is None:
            body = orjson.dumps(
                {
                    name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
                    for name, value in fields.items()
                }
            )
        sent = datetime.fromtimestamp(int(identity.partition("-")[0]) / 1000, UTC)
        return Message(self.name, f"{identity}/{self._count}", body, sent)

    def _check(self) -> None:
        """See that the stream is the one that was read, and has what was not read yet."""
        told = self._redis.xinfo_stream(self.stream) if self._redis.exists(self.stream) else {}
        newest = told.get("last-generated-id", _START.encode()).decode()
        removed = told.get("entries-added", 0) - told.get("length", 0)
        if self._last == _START:
            self._count = removed
        elif _order(newest) < _order(self._last):
            self._gone(f"its newest id is {newest}, and {self._last} was read")
            self._last, self._count = _START, removed
        elif removed > self._count:
            self._gone(f"{removed} were removed, and only {self._count} were read")
            self._count = removed

    def _gone(self, detail: str) -> None:
        """Stop where entries are gone, or let it go on with the oldest, as is wanted."""
        if self._lost == "stop":
            raise Lost(self.name, detail)
        self._log.warning("messages are gone that were not read", source=self.name, detail=detail)

    def _said(self, error: Exception) -> BadSource:
        told = str(error) or type(error).__name__
        return BadSource(f"{self.name} cannot be read: {told}", hint="does Redis run there?")


def _order(identity: str) -> tuple[int, int]:
    milliseconds, _, number = identity.partition("-")
    return int(milliseconds), int(number or 0)
