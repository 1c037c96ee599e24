"""What was known at an earlier moment is told as it would have been then, to the byte."""

from datetime import UTC, datetime, timedelta
from random import Random

import polars as pl
import pytest

from arrivals import NOW_US, T0, arrival, buy, view
from limner.errors import UnknownCustomer
from limner.events.event import EVENT_SCHEMA
from limner.events.ingest import ingest
from limner.events.log import EventLog
from limner.events.mapping import Mapping
from limner.events.readers.frame import Frame
from limner.profiles.compaction import compact
from limner.profiles.counters import count, first_of_orders
from limner.profiles.database.history import History
from limner.profiles.database.store import DatabaseStore
from limner.profiles.database.writing import moment_of
from limner.profiles.live import Stale
from limner.profiles.painter import Painter
from limner.profiles.past import Past

LATER = datetime(2024, 9, 1, tzinfo=UTC)
DAY_US = 86_400_000_000
PEOPLE = ("ann", "ben", "cid")


def a_history(chance, size=25):
    """Return events with the moments at which they came: mostly at once, some long after."""
    found = []
    for at in range(size):
        day = chance.randrange(40) + chance.random()
        who = chance.choice(PEOPLE)
        item = chance.choice(("milk", "tea", "salt"))
        if chance.random() < 0.3:
            one = view(who, f"v{at}" if chance.random() < 0.5 else None, day=day, item_id=item)
        else:
            order, price = f"o{at % 9}-{who}", chance.choice((2.5, 4.0, 9.9))
            one = buy(who, f"e{at}", order=order, day=day, price=price, item_id=item)
        late = chance.choice((0.0, 0.0, 0.0, 1e-4, 0.5, 3.0, 20.0))
        found.append((one, NOW_US + round((day + late) * DAY_US) + 1))
    return found


def a_log(folder, events):
    """Return a log that holds some events and nothing else."""
    log = EventLog.create(folder, buckets=3)
    if events:
        rows = pl.DataFrame([each.to_row() for each in events], schema=EVENT_SCHEMA)
        plain = [name for name in rows.columns if not rows[name].is_null().all()]
        mapping = Mapping(reader="frame", columns={name: name for name in plain})
        ingest(log, [(Frame(), mapping, rows.select(plain))], now=LATER)
    return log


def recomputed(folder, events, as_of, now):
    """Return counters and portraits as a new service draws them from a log of those events."""
    log = a_log(folder / "log", events)
    with DatabaseStore(folder / "new.db") as store:
        painter = Painter(store, log)
        painter.seed()
        numbers = store.numbers()
        painter.refresh(as_of)
        wanted = [Stale(no, who, 0, 0) for who, no in numbers.items()]
        drawn = painter.paint(wanted, now=now, as_of=as_of)
        pages = {who: store.page(who).counters for who in numbers}
    return pages, {each.customer_id: each.to_json() for each in drawn.profiles}


@pytest.mark.parametrize("seed", range(6))
def test_an_earlier_profile_is_that_of_a_log_that_holds_only_what_was_known(tmp_path, seed):
    """Also when the events have moved into the log meanwhile, and some of a file were there."""
    chance = Random(seed)
    happened, in_file = a_history(chance), [each for each, _ in a_history(Random(99), 6)]
    in_file = [buy("ann", f"f{at}", order=f"f{at}", day=at * 6.0) for at in range(len(in_file))]
    log = a_log(tmp_path / "log", in_file)
    with DatabaseStore(tmp_path / "profiles.db") as store:
        for one, came in sorted(happened, key=lambda each: each[1]):
            store.accept(arrival(one), received_us=came)
        painter = Painter(store, log)
        painter.seed()
        past = Past(painter, History(store.engine))
        for step in range(4):
            as_of = T0 + timedelta(days=chance.randrange(1, 60), seconds=chance.randrange(9))
            known = as_of + timedelta(days=chance.choice((0, 0, 2, -1)))
            then = [
                each for each, came in happened if each.time < as_of and moment_of(came) < known
            ]
            then += [each for each in in_file if each.time < min(as_of, known)]
            folder = tmp_path / f"{step}"
            folder.mkdir()
            counters, portraits = recomputed(folder, then, as_of, LATER)
            for who in PEOPLE:
                if who not in counters:
                    with pytest.raises(UnknownCustomer, match="as of"):
                        past.draw(who, as_of=as_of, known=known, now=LATER)
                    continue
                told = past.draw(who, as_of=as_of, known=known, now=LATER)
                assert told.counters.to_json() == counters[who]
                assert told.portrait.to_json() == portraits[who]
            if step == 1:
                compact(store, log, before=T0 + timedelta(days=25), now=LATER)
                painter.seed()
            if step == 2:
                compact(store, log, before=LATER, now=LATER)
                assert store.totals()["events"] == 0


def test_whenever_it_came_and_never_what_lay_ahead(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as store:
        store.accept(arrival(buy("ann", "e1")), received_us=NOW_US + 90 * DAY_US)
        store.accept(arrival(buy("ann", "e2", order="o2", day=50)), received_us=NOW_US)
        past = Past(Painter(store, None), History(store.engine))
        as_of = T0 + timedelta(days=10)
        with pytest.raises(UnknownCustomer, match="2024-05-11"):
            past.draw("ann", as_of=as_of, known=as_of, now=LATER)
        told = past.draw("ann", as_of=as_of, known=None, now=LATER)
        assert told.counters.orders == 1
        assert told.newest.seq == 1


def test_a_moment_is_compared_with_once_until_somebody_is_erased(tmp_path, monkeypatch):
    from limner.profiles import past as module

    learned = []
    real = module.learn_references
    monkeypatch.setattr(
        module, "learn_references", lambda *a, **k: learned.append(1) or real(*a, **k)
    )
    with DatabaseStore(tmp_path / "profiles.db") as store:
        store.accept(arrival(buy("ann"), buy("ben", "e2")), received_us=NOW_US)
        past = Past(Painter(store, None), History(store.engine))
        as_of = T0 + timedelta(days=10)
        for who in ("ann", "ben"):
            past.draw(who, as_of=as_of, known=as_of, now=LATER)
        assert len(learned) == 1
        store.remember("erasures", "1")
        past.draw("ann", as_of=as_of, known=as_of, now=LATER)
        assert len(learned) == 2


def test_counters_of_the_past_are_those_of_its_events():
    rows = pl.DataFrame([buy().to_row()], schema=EVENT_SCHEMA)
    assert count(first_of_orders(rows))["ann"].orders == 1
