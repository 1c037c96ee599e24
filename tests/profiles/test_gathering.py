"""Events of all ids of a person are one history: live, nightly and after compaction alike."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from arrivals import NOW_US, T0, arrival, buy, frame, view
from limner.cli.portraits import draw
from limner.events.evidence import EVIDENCE_SCHEMA
from limner.events.log import EventLog
from limner.profiles.compaction import compact
from limner.profiles.counters import Counters, count, first_of_orders
from limner.profiles.database.store import DatabaseStore
from limner.profiles.gathering import moved_in, under_persons
from limner.profiles.painter import Painter
from limner.profiles.portrait import PortraitConfig
from limner.profiles.stores.sqlite import SqliteStore

NOW = datetime(2024, 6, 1, tzinfo=UTC)
EVENTS = [
    *(buy("a1", f"a{at}", order=f"o{at // 2}", day=at, price=at + 0.1) for at in range(5)),
    *(buy("u42", f"u{at}", order=f"p{at}", day=5 + at, item_id="tea") for at in range(4)),
    *(buy("a7", f"s{at}", order=f"q{at}", day=2 * at, item_id="mug") for at in range(3)),
    *(view("bob", f"b{at}", day=3 * at, item_id="tea") for at in range(4)),
    # told twice: by the visitor's device, and by the till under the user's id
    buy("a1", "u1", order="p1", day=6, item_id="tea"),
    view("a1", None, day=8, item_id="tea"),
    view("u42", None, day=8, item_id="tea"),
]
LINKS = [
    ("anonymous_id:a1", "user_id:u42"),
    ("device:d", "user_id:u42"),
    ("anonymous_id:a7", "device:d"),
    ("anonymous_id:null", "user_id:bob"),
]
MOVED = {"a1": "u42", "a7": "u42"}


def evidence(*pairs, rule="identify"):
    rows = [
        (*sorted(pair), rule, T0 + timedelta(days=at), f"m{at}") for at, pair in enumerate(pairs)
    ]
    return pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row")


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db", pepper=b"sixteen bytes or more") as found:
        yield found


def told(store):
    """Draw whoever is stale, and return portraits and counters as they are told."""
    return {page.customer_id: (page.portrait, page.counters) for page in store.pages()}


def painted(store, log=None):
    painter = Painter(store, log)
    painter.seed()
    painter.refresh(NOW)
    store.mark_all_stale()
    while stale := store.stale(limit=3):
        painter.renew(stale, now=NOW)
    return told(store)


def nightly(log, path):
    with SqliteStore(path) as drawn:
        config = PortraitConfig()
        draw(log, [], drawn, as_of=NOW, computed_at=NOW, version=None, config=config)
        return {each.customer_id: each.to_json().decode() for each in drawn}


def sent(store, chance):
    """Send all events and links in random order, twice."""
    whole = [*EVENTS, *EVENTS, *(evidence(*LINKS)[at : at + 1] for at in (0, 1, 2, 3, 3, 2, 1, 0))]
    chance.shuffle(whole)
    for each in whole:
        links = isinstance(each, pl.DataFrame)
        came = replace(arrival(), evidence=each) if links else arrival(each)
        store.accept(came, received_us=NOW_US)


@pytest.mark.parametrize("seed", range(3))
def test_live_nightly_and_compacted_profiles_are_the_same_to_the_byte(store, tmp_path, seed):
    sent(store, random.Random(seed))
    live = painted(store)
    assert set(live) == {"u42", "bob"}
    log = EventLog.create(tmp_path / "log", buckets=4)
    compact(store, log, before=T0 + timedelta(days=4), now=NOW)
    assert moved_in(log.evidence()) == MOVED
    assert painted(store, log) == live
    compact(store, log, before=NOW, now=NOW)
    assert store.totals()["events"] == 0
    assert painted(store, log) == live
    assert nightly(log, tmp_path / "nightly.db") == {who: one[0] for who, one in live.items()}
    with DatabaseStore(tmp_path / "anew.db") as anew:
        assert painted(anew, log) == live, "all can be rebuilt from the log"


def test_what_is_told_under_two_ids_counts_once_and_apart_again_after_an_undo(store):
    store.accept(arrival(*EVENTS[:9], *EVENTS[12:]), received_us=NOW_US)
    apart = {who: Counters.from_json(one[1]) for who, one in painted(store).items()}
    store.accept(replace(arrival(), evidence=evidence(LINKS[0])), received_us=NOW_US)
    added = apart["a1"].add(apart["u42"])
    assert Counters.from_json(store.page("a1").counters) == added, "until it is drawn"
    whole = painted(store)["u42"][1]
    exact = count(
        first_of_orders(under_persons(frame(*EVENTS[:9], *EVENTS[12:]).drop("_line"), MOVED))
    )
    assert whole == exact["u42"].to_json()
    together = Counters.from_json(whole)
    assert (together.events, together.orders) == (added.events - 2, added.orders - 1)
    # one more event while the portrait is stale: what was told twice stays counted once
    store.accept(arrival(view("a1", "new", day=9)), received_us=NOW_US)
    assert Counters.from_json(store.page("u42").counters).events == together.events + 1
    store.identities.unmerge("a1", "u42", actor="t")
    again = {who: Counters.from_json(one[1]) for who, one in painted(store).items()}
    assert again["u42"] == apart["u42"]
    assert again["a1"].events == apart["a1"].events + 1


def test_a_portrait_begun_before_a_merge_is_not_written_after_it(store):
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    painter = Painter(store, None)
    drawn = painter.paint(store.stale(limit=9), now=NOW)
    store.accept(replace(arrival(), evidence=evidence(LINKS[0])), received_us=NOW_US)
    store.put_portraits(drawn)
    assert store.page("a1").portrait is None
    assert {each.customer_id for each in store.stale(limit=9)} == {"u42"}
    drawn = painter.paint(store.stale(limit=9), now=NOW)
    store.identities.unmerge("a1", "u42", actor="t")
    store.put_portraits(drawn)
    assert {each.customer_id for each in store.stale(limit=9)} == {"u42", "a1"}
    assert store.page("u42").portrait is None


def test_nothing_changes_where_nobody_has_two_ids():
    rows = frame(*EVENTS).drop("_line")
    assert under_persons(rows, {}) is rows
    assert under_persons(rows, {"zoe": "yan"}) is rows
