"""The port to streams of messages: how they are named, read, and told how far they are stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Protocol, Self, runtime_checkable
from urllib.parse import parse_qsl

from limner import plugins
from limner.errors import BadConfig, BadSource
from limner.service import streams
from limner.service.settings import WorkerConfig

__all__ = ["Address", "Known", "Lost", "Message", "Stream", "open_stream", "schemes"]

Known = Callable[[], Mapping[str, str]]
"""Tells how far each source is read, as the store knows at this moment."""
_COMMON = ("form", "name")


class Lost(BadSource):
    """Messages are gone that were not read yet, and that is not to be skipped."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(
            f"{source} must have every message since it was last read, but {detail}",
            hint='lost = "skip" in [worker] of limner.toml goes on with the oldest there is',
        )


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a JSON object, from where it is, and where the next one begins.

    ``source`` is the part of a stream that has an order of its own (of Kafka, one partition);
    under this name the store keeps ``position``, how far it is read with this message.
    ``sent`` is when the broker took it, in UTC, none where that is not known.
    """

    source: str
    position: str
    body: bytes
    sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stream is: ``scheme://user:secret@host:port/path?option=value``, taken apart."""

    text: str
    scheme: str
    host: str
    path: str
    options: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> Self:
        """Take an address apart. Raises BadConfig if it is none.

        Examples
        --------
        >>> Address.read("kafka://h:9092/orders?group=shop").options["group"]
        'shop'
        >>> Address.read("redis://me:secret@h/orders").name
        'redis://h/orders'
        """
        scheme, colon, rest = text.partition(":")
        if not colon or not rest or not scheme.isalpha():
            raise BadConfig(
                f"a stream must be SCHEME:ADDRESS, got {text!r}",
                hint="for instance follow:events.jsonl, or kafka://localhost:9092/events",
            )
        place, _, query = rest.partition("?")
        host, slash, path = "", "", place
        if place.startswith("//"):
            host, slash, path = place[2:].partition("/")
        try:
            options = dict(parse_qsl(query, strict_parsing=bool(query)))
        except ValueError as error:
            raise BadConfig(
                f"options must be written as ?name=value&other=value, got {query!r}: {error}"
            ) from None
        return cls(text, scheme.lower(), host.rpartition("@")[2], slash + path, options)

    @property
    def name(self) -> str:
        """Under which name offsets are kept: what ``?name=`` says, or the address in short.

        Nobody's secret is in it.
        """
        short = f"{self.scheme}:{'//' if self.host else ''}{self.host}{self.path}"
        return self.options.get("name", short)

    def only(self, *known: str) -> None:
        """Refuse options that the stream does not know. Raises BadConfig."""
        for option in self.options:
            if option not in {*known, *_COMMON}:
                may = sorted({*known, *_COMMON})
                close = get_close_matches(option, may, n=1)
                raise BadConfig(
                    f"{self.name} takes {', '.join(may)}, got {option!r}",
                    hint=f"did you mean {close[0]!r}?" if close else "",
                )


@runtime_checkable
class Stream(Protocol):
    """Messages of one address, in order, from where the store says they were read to.

    What a broker believes was read is told to it for its operators' sake, and never trusted.
    """

    schemes: Sequence[str]
    """With which words its addresses begin."""

    def __init__(self, address: Address, config: WorkerConfig, known: Known) -> None:
        """Open it.

        Raises
        ------
        BadConfig
            If the address is not one that can be read.
        BadSource
            If it cannot be reached, or messages are gone that were not read yet.
        MissingExtra
            If the package is not installed that speaks with the broker.
        """
        ...

    def read(self, most: int, *, wait_s: float) -> list[Message]:
        """Return the next messages, none if none comes in so many seconds. Raises BadSource."""
        ...

    def ended(self) -> bool:
        """Whether everything that was there has been read, as of the last reading."""
        ...

    def commit(self, positions: Mapping[str, str]) -> None:
        """Say how far each source is stored, durably, so that the broker need not keep it."""
        ...

    def close(self) -> None:
        """Let go of it; closing twice is fine."""
        ...


def schemes() -> dict[str, type[Stream]]:
    """Return which stream answers to which scheme, of all files of the folder."""
    return {scheme: kind for _, kind in plugins.load_all(streams) for scheme in kind.schemes}


def open_stream(address: Address, config: WorkerConfig, known: Known) -> Stream:
    """Open the stream at an address; raises what :class:`Stream` does when it is made."""
    kinds = schemes()
    if address.scheme not in kinds:
        close = get_close_matches(address.scheme, kinds, n=1)
        raise BadConfig(
            f"a stream must be of {', '.join(sorted(kinds))}, got {address.scheme!r}",
            hint=f"did you mean {close[0]!r}?" if close else "",
        )
    return kinds[address.scheme](address, config, known)
