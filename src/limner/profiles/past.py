"""Draws customers as they would have been drawn at an earlier moment, from what was known then."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import final

import polars as pl

from limner.errors import UnknownCustomer
from limner.events.event import EVENT_SCHEMA
from limner.profiles.counters import Counters, count, first_of_orders
from limner.profiles.database.history import History, Seen
from limner.profiles.database.writing import us_of
from limner.profiles.gathering import (
    apart_of_persons,
    ids_by_bucket,
    moved_in,
    named,
    settled,
    under_persons,
)
from limner.profiles.live import ERASURES
from limner.profiles.marks import event_marks
from limner.profiles.painter import Painter
from limner.profiles.portrait import portray
from limner.profiles.record import Profile
from limner.profiles.references import References, learn_references, with_news

__all__ = ["Earlier", "Past"]

_KEPT = 32
"""So many moments stay compared with the shop as a whole."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """One person as of a moment; ``portrait`` is none where there was nothing to draw.

    ``customer_id`` is the id by which they were known, ``identities`` are all of theirs.
    """

    customer_id: str
    identities: tuple[str, ...]
    counters: Counters
    portrait: Profile | None
    newest: Seen


@final
class Past:
    """Draws the past, by the rule by which the present is drawn, and keeps nothing of it.

    An event counts as of a moment if it happened before it, and had come before another, which is
    by habit the same; so neither what lay ahead nor what was not known yet is told. What came from
    files counts as having come when it happened. Who is who is as the evidence of before says. The
    catalogue has no history: items are called and sorted as they are today. What models foretold is
    not kept, and not told.

    Parameters
    ----------
    painter
        Who draws the present: of the same store and log.
    history
        When the events of the store came.
    """

    def __init__(self, painter: Painter, history: History) -> None:
        self.painter, self.history = painter, history
        self._kept: OrderedDict[tuple[object, ...], References] = OrderedDict()
        self._lock = Lock()

    def draw(
        self, customer_id: str, *, as_of: datetime, known: datetime | None, now: datetime
    ) -> Earlier:
        """Draw one customer as of a moment.

        Parameters
        ----------
        customer_id
            Whom.
        as_of
            Only events strictly before it count.
        known
            Of those only the ones that came strictly before it; none: whenever they came.
        now
            When this is being done.

        Raises
        ------
        UnknownCustomer
            If nothing of that customer was known.
        """
        moved = self._moved(as_of, known)
        person = moved.get(customer_id, customer_id)
        ids = [person, *(each for each, who in moved.items() if who == person)]
        numbers = self.painter.store.numbers_of(ids)
        apart = self._of_some(ids, list(numbers.values()), as_of, known)
        rows = under_persons(apart, moved)
        if rows.is_empty():
            raise UnknownCustomer(
                f"nobody was known by the customer id {customer_id!r} as of {as_of.isoformat()}",
                hint="ask for a later moment, or with known_at for what came later",
            )
        config = self.painter.config
        references = self._references(as_of, known)
        news = self.painter.store.catalogue(rows["item_id"].drop_nulls().unique().to_list())
        references = with_news(references, news, config.traits)
        portraits = portray(
            [rows.lazy()],
            references,
            computed_at=now,
            attributes=named(self.painter.attributes(ids), moved),
            config=config,
        )
        before, until = us_of(as_of), None if known is None else us_of(known)
        seen = [
            self.history.newest(number, before_us=before, known_us=until)
            for number in numbers.values()
        ]
        newest = Seen(
            max((each.seq for each in seen), default=0),
            max((each.received_us for each in seen), default=0),
        )
        counters = count(first_of_orders(rows))[person]
        return Earlier(person, tuple(sorted(ids)), counters, next(portraits, None), newest)

    def _moved(self, as_of: datetime, known: datetime | None) -> dict[str, str]:
        """Return the ids that were told of under another, as the evidence of before says."""
        last = as_of if known is None else min(as_of, known)
        book = self.painter.store.identities
        evidence = book.evidence()
        return moved_in(evidence.filter(pl.col("at") < last), book.config)

    def _references(self, as_of: datetime, known: datetime | None) -> References:
        """Compare with the shop as a whole as of a moment; one moment is learned at a time."""
        painter = self.painter
        log = None if painter.log is None else painter.log.manifest.fingerprint
        token = painter.store.token() if known is None else None
        mark = (as_of, known, log, token, painter.store.recall(ERASURES))
        with self._lock:
            found = self._kept.get(mark)
            if found is None:
                buckets = self._buckets(as_of, known)
                catalogue = painter.known_items()
                found = learn_references(
                    buckets, catalogue, as_of=as_of, config=painter.config.traits
                )
                self._kept[mark] = found
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(mark)
        return replace(found, as_of=as_of)

    def _buckets(self, as_of: datetime, known: datetime | None) -> Iterator[pl.LazyFrame]:
        """Go through what was known of everybody, bucket by bucket."""
        log = self.painter.log
        everybody = self.painter.store.numbers()
        names = pl.Series(list(everybody), dtype=pl.String)
        moved = self._moved(as_of, known)
        homes = ids_by_bucket(names, moved, buckets=1 if log is None else log.buckets)
        hidden = self._hidden(as_of, known, None)
        for bucket in range(1 if log is None else log.buckets):
            chosen = [everybody[name] for name in names.filter(homes == bucket).to_list()]
            came = self._came(chosen, as_of, known)
            before = _nothing() if log is None else apart_of_persons(log, bucket, moved)
            rows = settled(_known(before, as_of, known, hidden), came)
            yield under_persons(rows, moved).lazy()

    def _of_some(
        self,
        names: Sequence[str],
        numbers: Sequence[int],
        as_of: datetime,
        known: datetime | None,
    ) -> pl.DataFrame:
        """Return what was known of some customers, each event once."""
        came = self._came(numbers, as_of, known)
        log = self.painter.log
        if log is None:
            return settled(_nothing(), came)
        wanted = pl.Series(names, dtype=pl.String)
        hidden = self._hidden(as_of, known, names)
        return settled(_known(log.events_of(wanted), as_of, known, hidden), came)

    def _came(
        self, numbers: Sequence[int], as_of: datetime, known: datetime | None
    ) -> pl.DataFrame:
        until = None if known is None else us_of(known)
        return self.history.events(numbers, before_us=us_of(as_of), known_us=until)

    def _hidden(
        self, as_of: datetime, known: datetime | None, customers: Sequence[str] | None
    ) -> Mapping[str, set[bytes]]:
        """Return what the log holds that had happened, and was not known yet."""
        if self.painter.log is None or known is None:
            return {}
        return self.history.not_yet(
            before_us=us_of(as_of), known_us=us_of(known), customers=customers
        )


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema=EVENT_SCHEMA)


def _known(
    events: pl.DataFrame,
    as_of: datetime,
    known: datetime | None,
    hidden: Mapping[str, set[bytes]],
) -> pl.DataFrame:
    """Return the events of a log that had happened and come: those of files came at once."""
    last = as_of if known is None else min(as_of, known)
    events = events.filter(pl.col("time") < pl.lit(last).cast(EVENT_SCHEMA["time"]))
    late = pl.Series(sorted(hidden), dtype=pl.String)
    among = events["customer_id"].is_in(late.implode())
    if not among.any():
        return events
    marks = event_marks(events.filter(among))
    people = events.filter(among)["customer_id"].to_list()
    seen = iter([mark not in hidden[who] for who, mark in zip(people, marks, strict=True)])
    return events.filter(pl.Series([next(seen) if each else True for each in among.to_list()]))
