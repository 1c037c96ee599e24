"""Draws portraits anew as events come, by the same rule as the nightly run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Literal, Self, final
from zoneinfo import ZoneInfo

import polars as pl

from limner.events.buckets import bucket_of
from limner.events.item_texts import newest_words
from limner.events.log import EventLog
from limner.profiles.counters import Counters, count, first_of_orders
from limner.profiles.gathering import (
    bucket_of_persons,
    ids_by_bucket,
    named,
    settled,
    under_persons,
)
from limner.profiles.inputs import Describes
from limner.profiles.live import ERASURES, Drawn, LiveStore, Stale
from limner.profiles.marks import event_marks, order_marks
from limner.profiles.portrait import PortraitConfig, about, portray
from limner.profiles.predictions import Prediction
from limner.profiles.record import Profile
from limner.profiles.references import References, learn_references, with_news
from limner.profiles.summary import summarise

__all__ = ["SEEDED", "Painter"]

SEEDED = "seeded"
"""Under this name the store remembers which state of the log it has counted."""
DESCRIBED = "described"
"""Under this name it remembers which behaviour model the portraits were drawn with."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Answers that were given before, to one question, and when the portraits were drawn."""

    answers: Mapping[str, Prediction]

    def of(self, customer_id: str) -> Prediction | None:
        """Return the answer for one customer, or None where there is none."""
        return self.answers.get(customer_id)

    @classmethod
    def to(cls, question: str, old: Mapping[str, Profile], moment: datetime) -> Self:
        """Take the answers to a question over from older portraits; each says as of when it is."""
        found = {}
        for who, one in old.items():
            answer = one.prediction(question)
            if answer is not None:
                told = answer.as_of or one.as_of
                found[who] = replace(answer, as_of=None if told == moment else told)
        return cls(found)


@final
class Painter:
    """Draws customers from all that is known of them: the log, and what came since.

    What the fitted models foretold stays in a portrait until they are asked again, and says as of
    when it is; the behaviour model reads the newest events each time.

    Parameters
    ----------
    store
        Where events come in.
    log
        What happened before; none: nothing.
    config
        How a portrait is drawn.
    clock
        ``now``: as of the present; ``log``: the midnight after the newest event, as ``limner fit``.
    describes
        Returns the behaviour model of the moment, or None where there is none.
    """

    def __init__(
        self,
        store: LiveStore,
        log: EventLog | None,
        *,
        config: PortraitConfig | None = None,
        clock: Literal["now", "log"] = "now",
        describes: Callable[[], Describes | None] = lambda: None,
    ) -> None:
        self.store, self.log, self.clock = store, log, clock
        self.describes = describes
        self.config = config or PortraitConfig()
        self.references: References | None = None
        self._erasures: str | None = None
        self._lock = Lock()

    def seed(self) -> int:
        """Count the log into the store, if it is another than was counted; return the customers.

        What came over HTTP before stays counted, and nothing is counted twice.
        """
        log = self.log
        if log is None or self.store.recall(SEEDED) == log.manifest.fingerprint:
            return 0
        fingerprint, people = log.manifest.fingerprint, 0
        self.store.identities.link(log.evidence())
        upto = self.store.token()  # before anybody is looked for
        everybody = pl.Series(list(self.store.numbers()), dtype=pl.String)
        for bucket in range(log.buckets):
            homes = bucket_of(everybody, buckets=log.buckets)
            names = everybody.filter(homes == bucket)
            people += self._seed(log, bucket, names, upto)
        self.store.remember(SEEDED, fingerprint)
        return people

    def _seed(self, log: EventLog, bucket: int, names: pl.Series, upto: int) -> int:
        """Count a bucket's customers; who does something meanwhile is counted anew."""
        people, busy = 0, None
        while busy is None or busy:
            # The store before the log, since what moves from one to the other is then in either.
            came = self.store.events_of(list(self.store.numbers_of(names.to_list()).values()))
            if busy:
                known = log.events_of(names)
            else:
                known = log.read(lambda: log.scan(bucket=bucket).collect())
            rows = settled(known, came)
            counted = count(first_of_orders(rows))
            people = max(people, len(counted))
            marks = {mark for mark in (*event_marks(rows), *order_marks(rows)) if mark is not None}
            busy = self.store.seed(counted, sorted(marks), upto=upto)
            upto, names = self.store.token(), pl.Series(busy, dtype=pl.String)
        return people

    def refresh(self, now: datetime) -> References:
        """Compare with the shop as a whole anew."""
        buckets = 1 if self.log is None else self.log.buckets
        frames = []
        erasures = self.store.recall(ERASURES)
        moved = self.store.identities.moved()
        for bucket, came in enumerate(self._came(buckets, moved)):
            if self.log is None:
                frames.append(under_persons(came, moved).lazy())
            else:
                frames.append(bucket_of_persons(self.log, bucket, moved, came))
        as_of = self.as_of(now)
        catalogue = self.known_items()
        found = learn_references(frames, catalogue, as_of=as_of, config=self.config.traits)
        with self._lock:
            self.references, self._erasures = found, erasures
        return found

    def renew_model(self) -> bool:
        """Have every portrait drawn anew where the behaviour model is another; whether it is."""
        describes = self.describes()
        version = "" if describes is None else describes.version
        known = self.store.recall(DESCRIBED)
        if version == (known or ""):
            return False
        self.store.remember(DESCRIBED, version)
        self.store.mark_all_stale()
        return True

    def size(self) -> int:
        """Return about how many events are known: those of the log, and all that came since."""
        return self.store.token() + (0 if self.log is None else self.log.manifest.rows)

    def as_of(self, now: datetime) -> datetime:
        """Return the moment that portraits speak of."""
        if self.clock == "now":
            return now
        known = [self.store.newest()]
        if self.log is not None and self.log.manifest.rows:
            known.append(self.log.manifest.last)
        newest = max((each for each in known if each is not None), default=None)
        if newest is None:
            return now
        zone = ZoneInfo(self.config.traits.time_zone)
        day = newest.astimezone(zone).date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

    def paint(
        self, stale: Sequence[Stale], *, now: datetime, as_of: datetime | None = None
    ) -> Drawn:
        """Draw some customers.

        Parameters
        ----------
        stale
            Whom. An event that comes while they are drawn is in the next portrait.
        now
            When this is being done.
        as_of
            As of when; none: as :meth:`as_of` says.
        """
        edition, erasures = self.store.edition(), self.store.recall(ERASURES) or ""
        references = self.references
        if references is None or self.store.recall(ERASURES) != self._erasures:
            references = self.refresh(now)
        moment = as_of or self.as_of(now)
        names = [each.customer_id for each in stale]
        moved = {other: each.customer_id for each in stale for _, other in each.others}
        apart = self._events(stale)
        rows = under_persons(apart, moved)
        news = self.store.catalogue(rows["item_id"].drop_nulls().unique().to_list())
        references = with_news(replace(references, as_of=moment), news, self.config.traits)
        # whoever was erased meanwhile is left out
        old = {
            page.customer_id: Profile.from_json(page.portrait)
            for page in self.store.pages_of(names)
            if page.portrait is not None
        }
        questions = dict.fromkeys(each.question for one in old.values() for each in one.predictions)
        kept = [_Kept.to(question, old, moment) for question in questions]
        version = next((one.model_version for one in old.values() if one.model_version), None)
        drawn = [
            _with_offers(profile, old.get(profile.customer_id))
            for profile in portray(
                [rows.lazy()],
                references,
                computed_at=now,
                attributes=named(self.attributes([*names, *moved]), moved),
                predictions=kept,
                describes=self.describes(),
                model_version=version,
                config=self.config,
            )
        ]
        whole = about(references, computed_at=now, model_version=version)
        seen = {each.customer_id: each.seq for each in stale}
        persons = {
            each.customer_id: sorted([each.customer_id, *(other for _, other in each.others)])
            for each in stale
            if each.others
        }
        together = _together(apart, rows, persons)
        return Drawn(drawn, seen, whole, edition, persons, together, erasures)

    def renew(self, stale: Sequence[Stale], *, now: datetime) -> int:
        """Draw some customers and write their portraits; return how many.

        Whatever was drawn while somebody was erased is not written, since it may tell of them.
        """
        return self.store.put_portraits(self.paint(stale, now=now))

    def _events(self, stale: Sequence[Stale]) -> pl.DataFrame:
        """Return all that some customers did, each event once."""
        numbers = [no for each in stale for no in (each.no, *(no for no, _ in each.others))]
        came = self.store.events_of(numbers)
        if self.log is None:
            return came
        ids = [
            who for each in stale for who in (each.customer_id, *(who for _, who in each.others))
        ]
        return settled(self.log.events_of(pl.Series(ids, dtype=pl.String)), came)

    def _came(self, buckets: int, moved: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        """Go through the events that came since the log, by the buckets in which they are told."""
        everybody = self.store.numbers()
        names = pl.Series(list(everybody), dtype=pl.String)
        homes = ids_by_bucket(names, moved, buckets=buckets)
        for bucket in range(buckets):
            chosen = [everybody[name] for name in names.filter(homes == bucket).to_list()]
            yield self.store.events_of(chosen)

    def known_items(self, items: Sequence[str] | None = None) -> pl.DataFrame | None:
        """Return what is known of all items, or of some, by the newest word; none if nothing is."""
        came = self.store.catalogue(items)
        if self.log is None:
            return came if len(came) else None
        known = self.log.catalogue()
        if items is not None:
            wanted = pl.Series(items, dtype=pl.String).implode()
            known = known.filter(pl.col("item_id").is_in(wanted))
        if not len(came):
            return known
        return newest_words(known, came)

    def attributes(self, names: Sequence[str]) -> pl.DataFrame:
        """Return what some customers told, here and in the log."""
        wanted = pl.Series(names, dtype=pl.String).implode()
        told = self.store.attributes(names)
        if self.log is not None:
            before = self.log.attributes().filter(pl.col("customer_id").is_in(wanted))
            told = pl.concat([before, told.select(before.columns)])
        return told


def _together(
    apart: pl.DataFrame, rows: pl.DataFrame, persons: Mapping[str, Sequence[str]]
) -> dict[str, tuple[Counters, Counters]]:
    """Return what persons with several ids did in all, and how much more their ids count."""
    if not persons:
        return {}
    nothing, found = Counters(), {}
    ids = pl.Series([each for known in persons.values() for each in known], dtype=pl.String)
    own = count(first_of_orders(apart.filter(pl.col("customer_id").is_in(ids.implode()))))
    people = pl.Series(list(persons), dtype=pl.String).implode()
    whole = count(first_of_orders(rows.filter(pl.col("customer_id").is_in(people))))
    for person, known in persons.items():
        total = nothing
        for each in known:
            total = total.add(own.get(each, nothing))
        found[person] = (whole.get(person, nothing), total.less(whole.get(person, nothing)))
    return found


def _with_offers(profile: Profile, old: Profile | None) -> Profile:
    """Return a portrait with what was to be offered before."""
    if old is None or not old.recommendations:
        return profile
    fresh = replace(profile, recommendations=old.recommendations)
    return replace(fresh, summary=summarise(fresh))
