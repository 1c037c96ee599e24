"""How the service behaves: the tables ``[serve]`` and ``[worker]`` of ``limner.toml``."""

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from limner.config import Config

__all__ = ["ServeConfig", "WorkerConfig"]


_TENANT = "^[a-z][a-z0-9_]{0,31}$"


class ServeConfig(Config):
    """How the service behaves."""

    clock: Literal["now", "log"] = "now"
    """As of when portraits are drawn: the present, or the midnight after the newest event, as
    ``limner fit`` draws them; that suits a log of the past that is played again."""
    workers: int = Field(1, ge=1, le=64)
    """How many processes answer. One of them draws portraits, erases and reads files; rates and
    streams are counted in each."""
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
    drawing: Literal["apart", "within"] = "apart"
    """Where ``limner serve`` draws portraits and erases people: in processes of their own, so that
    answers need not wait for it, or within the one that answers, which takes less memory."""
    renew_customers: int = Field(50, ge=1)
    """So many portraits are drawn anew at a time while events come."""
    renew_seconds: float = Field(0.2, gt=0)
    """How long the service rests between looks for stale portraits, in seconds."""
    references_seconds: float = Field(600.0, gt=0)
    """How often customers are compared anew with the shop as a whole, in seconds."""
    allowed_origins: tuple[str, ...] = ()
    """From which web pages browsers may send events, for instance ``"https://shop.example"``;
    ``"*"``: from any, then without cookies. Nothing else may be asked by a page of another origin.
    """
    pseudonymise: bool | tuple[Literal["service", "marketing", "risk", "analytics"], ...] = False
    """Whether answers name customers by pseudonyms, keyed hashes of their ids such as
    ``p1_6578a0…``: always, never, or in readings for some purposes. Requests may name customers
    by either."""
    pseudonym_rotation: int = Field(1, ge=1, le=999_999)
    """The number of the key of the pseudonyms; those of the number before are still understood,
    older ones no more."""
    tenant: str = Field("default", pattern=_TENANT)
    """Whose workspace this is: its keys are of this tenant, and its store opens for no other."""
    tenants: dict[str, str] = Field(default_factory=dict)
    """Other tenants that are served too, each below ``/tenants/NAME``: the name of each, and its
    workspace, a folder from this one on. Nothing is shared between them but the process."""
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
    streams_per_key: int = Field(20, ge=1)
    """How many streams of server-sent events one key may hold open, in each worker."""
    streams: int = Field(500, ge=0)
    """How many such streams are held open in all, in each worker; 0: none."""
    stream_seconds: float = Field(3_600.0, gt=0)
    """How long such a stream is held open; the browser then comes again, and misses nothing."""
    heartbeat_seconds: float = Field(15.0, gt=0)
    """After how long without news a comment says that a stream lives, in seconds."""
    look_seconds: float = Field(0.5, gt=0)
    """How often an open stream looks for news, in seconds."""
    traces: str = ""
    """Where traces are sent: an address of OTLP over HTTP such as
    ``http://localhost:4318/v1/traces``; empty: there are none. Needs ``limner[otel]``."""
    import_bytes: int = Field(200_000_000, ge=1_000)
    """The largest file that may be sent to be imported, in bytes."""
    import_folder: str = ""
    """Below which folder files may be named to be imported, seen from the workspace; empty: files
    can only be sent."""
    import_rows: int = Field(10_000, ge=1)
    """So many rows of a file are written in one transaction."""

    @field_validator("tenants")
    @classmethod
    def _are_named(cls, told: dict[str, str]) -> dict[str, str]:
        for each in told:
            if not re.fullmatch(_TENANT, each):
                raise ValueError(f"{each!r} must be small letters, digits and _, at most 32")
        return told

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, told: tuple[str, ...]) -> tuple[str, ...]:
        for each in told:
            if each != "*" and not re.fullmatch(r"https?://[^/?#\s*]+", each):
                raise ValueError(f"{each!r} is no origin such as https://shop.example, or *")
        return told


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
