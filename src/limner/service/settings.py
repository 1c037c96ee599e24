"""How the service behaves: the tables ``[serve]`` and ``[worker]`` of ``limner.toml``."""

from typing import Any, Literal

from pydantic import Field

from limner.config import Config

__all__ = ["ServeConfig", "WorkerConfig"]


class ServeConfig(Config):
    """How the service behaves."""

    clock: Literal["now", "log"] = "now"
    """As of when portraits are drawn: the present, or just after the newest event, which suits a
    log of the past that is played again."""
    body_bytes: int = Field(500_000, ge=1_000)
    """The largest body of a request, in bytes, unpacked."""
    events_per_body: int = Field(2_500, ge=1)
    """So many events may come in one request."""
    event_bytes: int = Field(32_000, ge=100)
    """The largest single event, in bytes of JSON."""
    depth: int = Field(32, ge=4, le=200)
    """How deep JSON may be nested."""
    waiting_events: int = Field(50_000, ge=1)
    """So many events may wait to be written; beyond, senders are asked to come again."""
    batch_events: int = Field(2_500, ge=1)
    """At most so many events are written in one transaction."""
    requests_per_second: float = Field(1_000.0, gt=0)
    """How often one key may ask, on the average of a few seconds."""
    burst: int = Field(2_000, ge=1)
    """How many requests of one key may come at once."""
    renew_customers: int = Field(200, ge=1)
    """So many portraits are drawn anew at a time while events come."""
    renew_seconds: float = Field(0.2, gt=0)
    """How long the service rests between looks for stale portraits, in seconds."""
    references_seconds: float = Field(600.0, gt=0)
    """How often customers are compared anew with the shop as a whole, in seconds."""
    search_seconds: float = Field(10.0, gt=0)
    """How long one request may go through profiles, in seconds: then a page ends early, and a count
    is not exact."""
    blocks: str = "blocks.parquet"
    """The file of the workspace into which ``limner embed`` wrote the vectors of customers; without
    it, whoever is alike is told by traits."""
    risk_questions: tuple[str, ...] = ()
    """Which questions tell of risks: those of which a high probability is bad."""
    consent_for: tuple[Literal["service", "marketing", "risk", "analytics"], ...] = ()
    """For which purposes a customer must have consented before their profile is told; what a
    customer forbade is never told."""


class WorkerConfig(Config):
    """How streams are read; how large messages may be says ``[serve]``."""

    sources: tuple[str, ...] = ()
    """The addresses of the streams that are read where no ``--from`` is given."""
    form: str = "auto"
    """How messages are written, as a file of ``service/intake`` is called; ``auto``: as Segment's
    calls where ``type`` is one of theirs, else in our own words. ``?form=`` says it of one
    stream."""
    batch_messages: int = Field(1_000, ge=1)
    """At most so many messages of each stream are written in one transaction."""
    wait_seconds: float = Field(0.2, gt=0, le=10)
    """How long a stream is waited for before another is looked at, in seconds."""
    retry_seconds: float = Field(1.0, gt=0)
    """After how many seconds a stream or a store that failed is tried again; twice as long after
    every failure, up to a minute."""
    lost: Literal["stop", "skip"] = "stop"
    """What is done where messages are gone that were not read yet: nothing is read any more, or it
    goes on with the oldest there is."""
    portraits: bool = True
    """Whether the worker draws portraits of whoever did something; ``limner serve`` over the same
    store does it, too."""
    kafka: dict[str, Any] = Field(default_factory=dict)
    """Further settings of librdkafka, for instance ``"security.protocol"``."""
