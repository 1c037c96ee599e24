"""Portraits drawn as events come are those of the nightly run, to the byte."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from arrivals import NOW_US, T0, arrival, buy, frame, view
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.source import open_source
from limner.profiles.counters import Counters, count, first_of_orders
from limner.profiles.database.store import DatabaseStore
from limner.profiles.gathering import settled
from limner.profiles.inputs import PredictionInput
from limner.profiles.live import Drawn
from limner.profiles.painter import Painter
from limner.profiles.portrait import PortraitConfig, about, portray
from limner.profiles.record import Profile, Recommendation
from limner.profiles.references import TraitsConfig, learn_references
from limner.profiles.stores.sqlite import SqliteStore

NOW = datetime(2024, 6, 1, tzinfo=UTC)
EVENTS = [
    *(buy("ann", f"a{at}", order=f"o{at // 2}", day=at, price=at + 0.1) for at in range(9)),
    *(buy("bob", f"b{at}", order=f"p{at}", day=3 * at, item_id="tea") for at in range(4)),
    view("cat", "c1", day=2),
    view("ann", None, day=4.5, item_id="tea"),
]


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def a_log(folder, events):
    log = EventLog.create(folder, buckets=2)
    rows = frame(*events).drop("_line")
    mapping = Mapping(reader="frame", columns={name: name for name in rows.columns})
    reader, mapping = open_source(rows, mapping)
    ingest(log, [(reader, mapping, rows)], now=NOW)
    return log


def painted(painter, store, **more):
    store.put_portraits(painter.paint(store.stale(limit=100), now=NOW, **more))
    return {page.customer_id: page.portrait for page in store.pages() if page.portrait}


def test_portraits_are_those_of_the_nightly_run_to_the_byte(store, tmp_path):
    log = a_log(tmp_path / "log", EVENTS)
    references = learn_references(
        [log.scan(bucket=bucket) for bucket in range(2)], log.catalogue(), as_of=NOW
    )
    nightly = {
        each.customer_id: each.to_json().decode()
        for each in portray(
            [log.scan(bucket=bucket) for bucket in range(2)], references, computed_at=NOW
        )
    }
    sent = [*EVENTS, *EVENTS]
    random.Random(3).shuffle(sent)
    for at in range(0, len(sent), 4):
        store.accept(arrival(*sent[at : at + 4]), received_us=NOW_US)
    painter = Painter(store, None)
    painter.refresh(NOW)
    assert painted(painter, store) == nightly


def test_the_log_and_what_came_since_are_one_history(store, tmp_path):
    whole = a_log(tmp_path / "whole", EVENTS)
    log = a_log(tmp_path / "log", EVENTS[:8])
    painter = Painter(store, log)
    assert painter.seed() == 1
    assert painter.seed() == 0
    store.accept(arrival(*EVENTS[4:]), received_us=NOW_US)
    assert store.totals()["events"] == len(EVENTS) - 8
    counted = count(first_of_orders(whole.scan().collect()))
    assert {page.customer_id: page.counters for page in store.pages()} == {
        who: one.to_json() for who, one in counted.items()
    }
    references = learn_references([whole.scan()], whole.catalogue(), as_of=NOW)
    nightly = {
        each.customer_id: each.to_json().decode()
        for each in portray([whole.scan()], references, computed_at=NOW)
    }
    painter.refresh(NOW)
    assert painted(painter, store) == nightly


def test_what_comes_while_the_log_is_counted_is_counted_too(store, tmp_path, monkeypatch):
    log, late = a_log(tmp_path / "log", EVENTS), [buy("dan", "new"), buy("ann", "late", day=30)]
    real, asked = store.seed, []

    def seed(counters, marks, **more):
        asked.append(sorted(counters))
        if late:
            store.accept(arrival(late.pop()), received_us=NOW_US)
        return real(counters, marks, **more)

    monkeypatch.setattr(store, "seed", seed)
    Painter(store, log).seed()
    assert len(asked) == 3, asked
    came = store.events_of(list(store.numbers().values()))
    whole = count(first_of_orders(settled(log.scan().collect(), came)))
    told = {page.customer_id: page.counters for page in store.pages()}
    assert told == {who: one.to_json() for who, one in whole.items()}


def test_a_log_that_grew_is_counted_anew_and_nothing_twice(store, tmp_path):
    log = a_log(tmp_path / "log", EVENTS[:5])
    painter = Painter(store, log)
    painter.seed()
    store.accept(arrival(*EVENTS[5:]), received_us=NOW_US)
    more = frame(*EVENTS).drop("_line")
    mapping = Mapping(reader="frame", columns={name: name for name in more.columns})
    ingest(log, [(open_source(more, mapping)[0], mapping, more)], now=NOW)
    assert painter.seed() == 3
    told = Counters.from_json(store.page("ann").counters)
    assert told.events == 10
    drawn = painter.paint(store.stale(limit=9), now=NOW).profiles
    ann = next(each for each in drawn if each.customer_id == "ann")
    assert ann.trait("events").value == 10


def test_what_was_foretold_and_offered_stays_until_it_is_asked_anew(store):
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    painter = Painter(store, None)
    painter.refresh(NOW)
    first = painter.paint(store.stale(limit=9), now=NOW)
    drawn, seen = first.profiles, first.seen
    names = [each.customer_id for each in drawn]
    churn = PredictionInput(
        "churn", "whether", 14, "probability", "m1", names, pl.Series([0.5] * 3).to_numpy()
    )
    offer = Recommendation("tea", "Tea", 1.0, "reranked", "model", is_new=True)
    told = [
        replace(
            each,
            predictions=(churn.of(each.customer_id),),
            recommendations=(offer,),
            model_version="m1",
        )
        for each in drawn
    ]
    store.put_portraits(Drawn(told, seen))
    store.accept(arrival(buy("ann", "new", order="n", day=20)), received_us=NOW_US)
    (again,) = painter.paint(store.stale(limit=9), now=NOW).profiles
    assert again.prediction("churn").value == 0.5
    assert again.recommendations == (offer,)
    assert again.model_version == "m1"
    assert again.value.churn_probability == 0.5
    assert again.trait("orders").value == 6


def test_nothing_at_or_after_the_moment_is_in_a_portrait(store):
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    painter = Painter(store, None)
    painter.refresh(NOW)
    moment = T0 + timedelta(days=2)
    drawn = painter.paint(store.stale(limit=9), now=NOW, as_of=moment).profiles
    ann = next(each for each in drawn if each.customer_id == "ann")
    assert ann.as_of == T0 + timedelta(days=2)
    assert ann.trait("events").value == 2
    assert ann.identity.last_seen < ann.as_of


def test_the_clock_of_the_log_is_the_midnight_after_the_newest_event(store, tmp_path):
    assert Painter(store, None, clock="log").as_of(NOW) == NOW
    log = a_log(tmp_path / "log", EVENTS)
    newest = frame(*EVENTS)["time"].max()
    midnight = newest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert Painter(store, log, clock="log").as_of(NOW) == midnight
    east = PortraitConfig(traits=TraitsConfig(time_zone="Asia/Shanghai"))
    there = Painter(store, log, config=east, clock="log").as_of(NOW)
    assert there.astimezone(ZoneInfo("Asia/Shanghai")).hour == 0
    assert timedelta() < there - newest <= timedelta(days=1)
    store.accept(arrival(buy(day=99)), received_us=NOW_US)
    assert Painter(store, log, clock="log").as_of(NOW) > T0 + timedelta(days=99)
    assert Painter(store, log).as_of(NOW) == NOW


def test_an_empty_shop_has_no_portraits(store):
    painter = Painter(store, None)
    painter.refresh(NOW)
    assert painter.paint([], now=NOW).profiles == []


def test_settled_keeps_each_event_once():
    before = frame(buy(), view(day=1)).drop("_line")
    came = frame(view(day=1), buy("ann", "e2")).drop("_line")
    assert len(settled(before, came)) == 3
    assert settled(before, came.clear()).equals(before)


def test_a_nightly_run_beside_takes_nobody_who_came_since(tmp_path):
    path = tmp_path / "profiles.db"
    log = a_log(tmp_path / "log", EVENTS)
    with DatabaseStore(path) as store, SqliteStore(path) as nightly:
        painter = Painter(store, log)
        painter.seed()
        store.accept(arrival(buy("eve", "e1"), buy("ann", "e2", day=20)), received_us=NOW_US)
        under_way = painter.paint(store.stale(limit=9), now=NOW)
        before = painted(painter, store)
        assert before.keys() == {"ann", "eve"}
        references = learn_references(
            [log.scan(bucket=bucket) for bucket in range(2)], log.catalogue(), as_of=NOW
        )
        scans = [log.scan(bucket=bucket) for bucket in range(2)]
        drawn = list(portray(scans, references, computed_at=NOW))
        nightly.put(drawn, about=about(references, computed_at=NOW), replace=True)
        assert store.page("eve").portrait == before["eve"], "known from the service alone"
        assert {each.customer_id for each in store.stale(limit=9)} == {"ann", "eve"}
        store.put_portraits(under_way)
        assert {each.customer_id for each in store.stale(limit=9)} == {"ann", "eve"}
        again = painted(painter, store)
        assert again["ann"] == before["ann"], "who did more since is drawn with it"
        assert again.keys() == {"ann", "bob", "cat", "eve"}
        assert store.stale(limit=9) == []
        nightly.put([], replace=True)
        assert len(nightly) == 4, "a run that knows nobody takes nobody whom the store knows"


def test_whoever_no_store_knows_any_more_goes_with_a_nightly_run(tmp_path, ann):
    path, bob = tmp_path / "profiles.db", replace(ann, customer_id="bob")
    with DatabaseStore(path) as store, SqliteStore(path) as nightly:
        nightly.put([ann, bob])
        nightly.put([bob], replace=True)
        assert [each.customer_id for each in nightly] == ["bob"]
        assert store.pages() == []


@pytest.mark.parametrize("known", ["u1", "a1"])
def test_whoever_did_something_under_one_of_two_ids_alone_is_drawn(store, known):
    """A tracker often tells that a visitor is a user before the visitor has done anything."""
    told = [("anonymous_id:a1", "user_id:u1", "identify", T0, "m1")]
    came = arrival(buy(known, "x1"), buy("ben", "x2", day=1))
    evidence = pl.DataFrame(told, schema=EVIDENCE_SCHEMA, orient="row")
    store.accept(replace(came, evidence=evidence), received_us=NOW_US)
    assert painted(Painter(store, None), store).keys() == {"u1", "ben"}
    assert store.stale(limit=9) == []
    store.accept(arrival(buy("a1", "x3", order="o2", day=2)), received_us=NOW_US)
    assert [each.customer_id for each in store.stale(limit=9)] == ["u1"]
    again = Profile.from_json(painted(Painter(store, None), store)["u1"])
    assert again.trait("orders").value == 2
    assert store.stale(limit=9) == []
