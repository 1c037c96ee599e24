"""A stream of Redis, read by its ids."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, final

import orjson
import structlog

from limner.errors import BadConfig, BadSource, MissingExtra
from limner.service.settings import WorkerConfig
from limner.service.stream import Address, Known, Message, lost

__all__ = ["Redis"]

_START = "0-0"
_FIELD = b"data"


@final
class Redis:
    """Reads ``redis://host:port/stream``; ``rediss://`` with TLS, ``?db=1`` another database.

    An entry holds its JSON in the field ``data``; one without it is taken as an object of all its
    fields. With ``?group=`` the group is set to what is stored, so that Redis' own tools tell how
    far Limner came; Redis is never asked for it. An append-only file that is written every second
    may lose the last second of a machine that falls: what had not been read by then nobody can
    bring back, and ids that are given anew are not read again.
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
        self._redis: Any = redis.Redis.from_url(url, socket_connect_timeout=10)
        self._last = known().get(self.name, _START)
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
        entries = next(iter(found.values())) if isinstance(found, dict) else found[0][1]
        if (
            entries
            and isinstance(entries[0], list)
            and entries[0]
            and isinstance(entries[0][0], list)
        ):
            entries = entries[0]
        self._ended = False
        messages = [self._message(identity.decode(), fields) for identity, fields in entries]
        self._last = messages[-1].position
        return messages

    def ended(self) -> bool:
        """Whether there was nothing more."""
        return self._ended

    def commit(self, positions: Mapping[str, str]) -> None:
        """Set the group, if one is named, to what is stored."""
        if self._group is None:
            return
        position = positions[self.name]
        with suppress(self._trouble):
            try:
                self._redis.xgroup_setid(self.stream, self._group, position)
            except self._trouble:
                self._redis.xgroup_create(self.stream, self._group, id=position)

    def close(self) -> None:
        """Close the connection."""
        with suppress(self._trouble):
            self._redis.close()

    def _message(self, identity: str, fields: Mapping[bytes, bytes] | None) -> Message:
        fields = fields or {}
        body = fields.get(_FIELD)
        if body is None:
            body = orjson.dumps(
                {
                    name.decode("utf-8", "replace"): value.decode("utf-8", "replace")
                    for name, value in fields.items()
                }
            )
        sent = datetime.fromtimestamp(int(identity.partition("-")[0]) / 1000, UTC)
        return Message(self.name, identity, body, sent)

    def _check(self) -> None:
        """See that the stream is the one that was read, and has what was not read yet."""
        if not self._redis.exists(self.stream):
            about: dict[Any, Any] = {}
        else:
            about = {
                _plain(name): _plain(value)
                for name, value in self._redis.xinfo_stream(self.stream).items()
            }
        newest = about.get("last-generated-id", _START)
        deleted = about.get("max-deleted-entry-id", _START)
        if self._last != _START and _order(newest) < _order(self._last):
            self._gone(f"its newest id is {newest}, and {self._last} was read", begin=_START)
        elif self._last != _START and _order(deleted) > _order(self._last):
            self._gone(f"{deleted} was deleted, and only {self._last} was read", begin=self._last)

    def _gone(self, detail: str, *, begin: str) -> None:
        if self._lost == "stop":
            raise lost(self.name, detail)
        self._log.warning("messages are gone that were not read", source=self.name, detail=detail)
        self._last = begin

    def _said(self, error: Exception) -> BadSource:
        told = str(error) or type(error).__name__
        return BadSource(f"{self.name} cannot be read: {told}", hint="does Redis run there?")


def _plain(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _order(identity: str) -> tuple[int, int]:
    milliseconds, _, number = identity.partition("-")
    return int(milliseconds), int(number or 0)
