"""Events that move into the log are known as before: to counters, portraits and repeats."""

from datetime import UTC, datetime, timedelta

import pytest

from arrivals import NOW_US, T0, arrival, buy, frame, view
from limner.events.erasing import held_in_log
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.readers.frame import Frame
from limner.profiles.compaction import compact, of_the_log
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import Painter
from log_tools import Swapped, some_rows

NOW = datetime(2024, 6, 1, tzinfo=UTC)
EVENTS = [
    *(buy("ann", f"a{at}", order=f"o{at}", day=at) for at in range(6)),
    *(view("bob", None, day=at) for at in range(4)),
]


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def portraits(store, log):
    painter = Painter(store, log)
    painter.refresh(NOW)
    store.mark_all_stale()
    store.put_portraits(painter.paint(store.stale(limit=9), now=NOW))
    return {page.customer_id: (page.portrait, page.counters) for page in store.pages()}


def test_nothing_that_is_known_changes(store, tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    before = portraits(store, log)
    done = compact(store, log, before=T0 + timedelta(days=3), now=NOW)
    assert (done.moved, done.new) == (6, 6)
    assert store.totals()["events"] == 4
    assert log.manifest.rows == 6
    assert portraits(store, log) == before
    assert Painter(store, log).seed() == 0, "counted already"
    assert store.accept(arrival(*EVENTS), received_us=NOW_US).accepted == 0
    assert compact(store, log, before=T0 + timedelta(days=3), now=NOW).moved == 0


def test_a_kill_between_the_log_and_the_store_doubles_nothing(store, tmp_path, monkeypatch):
    log = EventLog.create(tmp_path / "log", buckets=2)
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    before = portraits(store, log)

    def killed(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store, "forget", killed)
        with pytest.raises(KeyboardInterrupt):
            compact(store, log, before=NOW, now=NOW)
    assert log.manifest.rows == store.totals()["events"] == 10
    assert portraits(store, log) == before
    Painter(store, log).seed()
    assert portraits(store, log) == before
    done = compact(store, log, before=NOW, now=NOW)
    assert (done.moved, done.new) == (10, 0)
    assert portraits(store, log) == before


def test_a_log_that_was_not_counted_yet_is_counted_after(store, tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    rows = frame(view("dan", "d1")).drop("_line")
    mapping = Mapping(reader="frame", columns={name: name for name in rows.columns})
    ingest(log, [(Frame(), mapping, rows)], now=NOW)
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    compact(store, log, before=NOW, now=NOW)
    assert Painter(store, log).seed() == 3
    assert "dan" in store.numbers()


def test_what_lies_in_the_log_is_told_newest_first(store, tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=2)
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    compact(store, log, before=NOW, now=NOW)
    first = of_the_log(log, "ann", offset=0, limit=4)["event_id"].to_list()
    rest = of_the_log(log, "ann", offset=4, limit=4)["event_id"].to_list()
    assert first + rest == ["a5", "a4", "a3", "a2", "a1", "a0"]
    assert of_the_log(log, "nobody", offset=0, limit=4).is_empty()


def test_whoever_reads_while_another_adds_to_the_log_reads_it_whole(store, tmp_path):
    log = EventLog.create(tmp_path / "log", buckets=1)
    store.accept(arrival(*EVENTS), received_us=NOW_US)
    before = portraits(store, log)
    compact(store, log, before=NOW, now=NOW)
    told = of_the_log(log, "ann", offset=0, limit=9)
    for rows, ask in (
        (some_rows(10), lambda beside: of_the_log(beside, "ann", offset=0, limit=9).equals(told)),
        (some_rows(20), lambda beside: held_in_log(beside, ["ann"]).events.equals(told.reverse())),
        (some_rows(30), lambda beside: portraits(store, beside).keys() == before.keys()),
    ):
        beside = Swapped(log.folder)
        beside.more = rows
        assert ask(beside)
        assert beside.more is None
