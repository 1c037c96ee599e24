"""A profile is put together once for each of its states, and never told from an older one."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import UnknownCustomer
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import Painter
from limner.profiles.stores.sqlite import SqliteStore
from limner.service import telling
from limner.service.telling import Teller, written

NOW = datetime(2024, 5, 2, tzinfo=UTC)


def tell(teller, who):
    return teller.tell(who, teller.store.state(who, "service"))


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def test_it_is_put_together_again_only_when_something_changed(store, monkeypatch):
    store.accept(arrival(buy("ann")), received_us=NOW_US)
    now, looked = [NOW], []
    real = store.page
    monkeypatch.setattr(store, "page", lambda who: looked.append(who) or real(who))
    teller = Teller(store, clock=lambda: now[0])
    first = tell(teller, "ann")
    now[0] += timedelta(seconds=1)
    again = tell(teller, "ann")
    assert len(looked) == 1
    assert first.tag == again.tag
    assert orjson.loads(again.body)["as_of"] == "2024-05-02T00:00:01Z"
    assert first.stale
    store.accept(arrival(buy("ann", "e2")), received_us=NOW_US)
    assert orjson.loads(tell(teller, "ann").body)["live"]["events"] == 2
    drawn = Painter(store, None).paint(store.stale(limit=1), now=NOW)
    (ann,) = drawn.profiles
    store.put_portraits(drawn)
    told = tell(teller, "ann")
    assert not told.stale
    assert orjson.loads(told.body)["portrait"] == orjson.loads(ann.to_json())
    now[0] += timedelta(days=1)
    assert tell(teller, "ann").tag != told.tag, "windows move with the days"


def draw(store, now=NOW):
    store.put_portraits(Painter(store, None).paint(store.stale(limit=9), now=now))


def test_a_portrait_drawn_anew_without_an_event_is_another(store):
    """As when the behaviour model changes, or a shop doubled: it must not be told from before."""
    store.accept(arrival(buy("ann")), received_us=NOW_US)
    teller = Teller(store, clock=lambda: NOW)
    draw(store)
    first = tell(teller, "ann")
    assert tell(teller, "ann").tag == first.tag
    store.mark_all_stale()
    draw(store, now=NOW + timedelta(hours=1))
    again = tell(teller, "ann")
    assert again.tag != first.tag
    fresh = orjson.loads(again.body)
    assert fresh["portrait"] == orjson.loads(store.page("ann").portrait)
    assert fresh["portrait"] != orjson.loads(first.body)["portrait"]


def test_portraits_of_a_fit_beside_the_service_are_others(store, tmp_path):
    store.accept(arrival(buy("ann")), received_us=NOW_US)
    teller = Teller(store, clock=lambda: NOW)
    draw(store)
    told = [tell(teller, "ann").tag]
    profile = store.get("ann")
    with SqliteStore(tmp_path / "profiles.db") as nightly:
        for changes in ({}, {"replace": True}, {"replace": True}, {}):
            nightly.put([profile], about=store.about, **changes)
            told.append(tell(teller, "ann").tag)
    draw(store)
    told.append(tell(teller, "ann").tag)
    assert len(set(told)) == len(told)


def test_one_alone_and_one_of_many_are_the_same(store):
    store.accept(arrival(buy("ann")), received_us=NOW_US)
    teller = Teller(store, clock=lambda: NOW, degraded=lambda: ("portraits",))
    assert written(store.page("ann"), NOW, degraded=("portraits",)) == tell(teller, "ann").body


def test_only_so_many_are_kept(store, monkeypatch):
    monkeypatch.setattr(telling, "_KEPT", 2)
    store.accept(arrival(*(buy(f"c{at}") for at in range(4))), received_us=NOW_US)
    teller = Teller(store, clock=lambda: NOW)
    for at in range(4):
        tell(teller, f"c{at}")
    assert len(teller._kept) == 2
    with pytest.raises(UnknownCustomer):
        tell(teller, "nobody")
