"""The port to a store that lives: events in, each once, and what is known of every customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import polars as pl

from limner.profiles.counters import Counters
from limner.profiles.identity import IdentityConfig
from limner.profiles.record import Profile
from limner.profiles.store import About, ProfileReader

__all__ = [
    "ERASURES",
    "Arrival",
    "Drawn",
    "Key",
    "LiveStore",
    "Page",
    "Receipt",
    "Rejected",
    "Stale",
    "Step",
    "Told",
    "WhoIsWho",
]

ERASURES = "erasures"
"""Under this name a store says when somebody was erased last: the shop is then another."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came in at once, read and cleaned; all of it is stored, or nothing.

    ``events`` has the columns of :data:`~limner.events.event.EVENT_SCHEMA` and ``_line``, the
    number of the call each came from; ``refused`` those of
    :data:`~limner.events.refusals.REFUSED_SCHEMA`.
    """

    events: pl.DataFrame
    refused: pl.DataFrame
    catalogue: pl.DataFrame | None = None
    attributes: pl.DataFrame | None = None
    evidence: pl.DataFrame | None = None
    """Which names belong together: :data:`~limner.events.evidence.EVIDENCE_SCHEMA`."""


@dataclass(frozen=True, slots=True)
class Step:
    """How far a stream is read once an arrival is stored, and how far it was before.

    Positions mean something to the stream alone; ``before`` is none where it is read from its
    beginning.
    """

    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival, once it was durable.

    ``token`` is the number of the newest event of the store: whoever reads at it or later sees
    all of the arrival. ``duplicates`` are the lines of events that were there already, ``erased``
    those of people who were erased and stay out.
    """

    token: int
    accepted: int
    duplicates: tuple[int, ...]
    customers: tuple[str, ...]
    erased: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """What is held of one person.

    ``customer_id`` is the id by which the person is known, ``identities`` are all ids under which
    events of theirs come. ``portrait`` is the profile as JSON, none before it was first drawn;
    ``counters`` those of :class:`~limner.profiles.counters.Counters`. ``seq`` is the number of the
    person's newest event or change, ``drawn`` that of the newest in the portrait, ``changed_us``
    when the newest came, ``drawings`` how often the portrait was written.
    """

    customer_id: str
    portrait: str | None
    counters: str
    seq: int
    drawn: int
    changed_us: int
    drawings: int = 0
    identities: tuple[str, ...] = ()

    @property
    def stale(self) -> bool:
        """Whether events came that the portrait does not know."""
        return self.drawn < self.seq


class State(NamedTuple):
    """What tells one state of a person from another, and whether they may be told of.

    ``seq``, ``drawn`` and ``drawings`` are those of :class:`Page`: a portrait may be drawn anew
    although no event came. ``granted`` is what the person said, none where they said nothing.
    """

    seq: int
    drawn: int
    drawings: int
    granted: bool | None

    @property
    def stale(self) -> bool:
        """Whether events came that the portrait does not know."""
        return self.drawn < self.seq


@dataclass(frozen=True, slots=True)
class Stale:
    """A customer whose portrait is older than the newest event.

    ``others`` are the numbers and names of further ids of the same person.
    """

    no: int
    customer_id: str
    seq: int
    changed_us: int
    others: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """Portraits, as they were drawn together.

    ``seen`` says which event of each customer who was looked at was the newest, also of those of
    whom there is nothing to tell yet (all they did lies ahead), ``edition`` in which edition
    of the store they were begun, none: in whichever holds; ``about`` what holds for all of them.
    """

    profiles: Sequence[Profile]
    seen: Mapping[str, int]
    about: About | None = None
    edition: int | None = None
    persons: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """All ids of those who have several; a portrait of a person who is another by now is not
    written."""
    together: Mapping[str, tuple[Counters, Counters]] = field(default_factory=dict)
    """Of those what was counted of all ids together, and what the ids' counters count twice."""
    erasures: str | None = None
    """What the store said of :data:`ERASURES` when they were begun; none: it does not matter."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a customer's timeline; ``seq`` is its number in the store."""

    seq: int
    received_us: int
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row that was refused, with its reason; it is kept until it is replayed or dropped."""

    no: int
    received_us: int
    source: str
    reason: str
    detail: str
    row: str


@dataclass(frozen=True, slots=True)
class Key:
    """Who may ask, and for what. ``digest`` is a keyed hash of the secret.

    A key holds until ``revoked_us`` (microseconds since 1970), which may lie ahead.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    digest: bytes
    created_us: int
    revoked_us: int | None = None
    tenant: str = "default"
    purposes: tuple[str, ...] = field(default=())


class WhoIsWho(Protocol):
    """What a store knows of who is who."""

    config: IdentityConfig
    """Who counts as one person."""

    def link(self, evidence: pl.DataFrame) -> None:
        """Keep evidence, beside what came with events; of nobody who was erased."""
        ...

    def evidence(self) -> pl.DataFrame:
        """Return all evidence of who is who."""
        ...

    def moved(self) -> Mapping[str, str]:
        """Return the ids that are told of under another of the same person, and under which."""
        ...


class LiveStore(ProfileReader, Protocol):
    """Events, counters and portraits in one place, each change of them one transaction."""

    @property
    def identities(self) -> "WhoIsWho":
        """What it knows of who is who."""
        ...

    def accept(
        self,
        arrival: Arrival,
        *,
        received_us: int,
        steps: Mapping[str, Step] | None = None,
        replayed: Sequence[int] = (),
    ) -> Receipt:
        """Store what is new of an arrival and renew the counters; durable on return.

        In the same transaction streams step on, and refused rows go that were replayed. Raises
        Overtaken, and stores nothing, where another reader stepped or replayed before.
        """
        ...

    def offsets(self) -> Mapping[str, str]:
        """Return how far each stream was read, by its name."""
        ...

    def page(self, customer_id: str) -> Page:
        """Return what is held of a customer. Raises UnknownCustomer."""
        ...

    def state(self, customer_id: str, purpose: str) -> State:
        """Return in which state a customer is, and whether they allow to be told of for a purpose.

        Raises UnknownCustomer. This is looked at before every answer, so it must be swift.
        """
        ...

    def pages(self, *, after: str = "", limit: int = 100) -> list[Page]:
        """Return what is held of customers by id, those after one."""
        ...

    def pages_of(self, customers: Sequence[str]) -> list[Page]:
        """Return what is held of some customers; who is not known is left out."""
        ...

    def token(self) -> int:
        """Return the number of the newest event."""
        ...

    def stale(self, *, limit: int) -> list[Stale]:
        """Return the customers whose portraits are stale, those that wait longest first."""
        ...

    def events_of(self, numbers: Sequence[int]) -> pl.DataFrame:
        """Return the events held of some customers, with the columns of the log."""
        ...

    def put_portraits(self, drawn: Drawn) -> int:
        """Write portraits; one that is older than what is there is left out.

        None is written if somebody was erased since they were begun.
        """
        ...

    def edition(self) -> int:
        """Return how often every portrait was asked for anew."""
        ...

    def mark_all_stale(self) -> None:
        """Have every portrait drawn anew, those that are being drawn at this moment too."""
        ...

    def timeline(self, customer_id: str, *, before: int | None, limit: int) -> list[Told]:
        """Return a customer's events, the newest to come in first. Raises UnknownCustomer."""
        ...

    def oldest(
        self, *, before: datetime, limit: int
    ) -> tuple[Sequence[tuple[int, int]], pl.DataFrame]:
        """Return events before a moment, those that came first, and by what they are forgotten."""
        ...

    def forget(self, numbers: Sequence[tuple[int, int]]) -> None:
        """Let go of events, as :meth:`oldest` named them; counters and marks stay."""
        ...

    def rejects(self, *, after: int = 0, limit: int = 100) -> list[Rejected]:
        """Return refused rows in the order in which they came."""
        ...

    def catalogue(self, items: Sequence[str] | None = None) -> pl.DataFrame:
        """Return the newest word on each item, or on some."""
        ...

    def attributes(self, customers: Sequence[str]) -> pl.DataFrame:
        """Return what some customers told."""
        ...

    def numbers(self) -> Mapping[str, int]:
        """Return the number of every customer, by id."""
        ...

    def numbers_of(self, customers: Sequence[str]) -> Mapping[str, int]:
        """Return the numbers of some customers, by id."""
        ...

    def seed(
        self, counters: Mapping[str, Counters], marks: Sequence[bytes], *, upto: int
    ) -> list[str]:
        """Let counters be what they are said to be, and events and orders be known.

        They were counted as of the event numbered ``upto``; the counters of who did something
        since stay as they are. Return those customers, to be counted anew.
        """
        ...

    def recall(self, name: str) -> str | None:
        """Return what the store was told to remember under a name."""
        ...

    def remember(self, name: str, value: str) -> None:
        """Keep a word under a name."""
        ...

    def totals(self) -> Mapping[str, int]:
        """Return how many events, customers, rejects and stale portraits there are."""
        ...

    def newest(self) -> datetime | None:
        """Return the time of the newest event, none where there is none."""
        ...

    def add_key(self, key: Key) -> None:
        """Keep a key."""
        ...

    def key(self, key_id: str) -> Key | None:
        """Return a key, revoked or not; none if there is none."""
        ...

    def keys(self) -> list[Key]:
        """Return all keys, the oldest first."""
        ...

    def revoke_key(self, key_id: str, *, at_us: int) -> bool:
        """Let a key hold until a moment; whether there was one that would have held longer."""
        ...

    def replace_key(self, key_id: str, new: Key, *, at_us: int) -> bool:
        """Keep a new key, and let an old one hold until a moment; both, or neither."""
        ...

    def close(self) -> None:
        """Let go of the store; closing twice is fine."""
        ...
