"""A profile is put together once for each of its states, and never told from an older one."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import UnknownCustomer
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import Painter
from limner.service import telling
from limner.service.telling import Teller, written

NOW = datetime(2024, 5, 2, tzinfo=UTC)


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
    first = teller.tell("ann")
    now[0] += timedelta(seconds=1)
    again = teller.tell("ann")
    assert len(looked) == 1
    assert first.tag == again.tag
    assert orjson.loads(again.body)["as_of"] == "2024-05-02T00:00:01Z"
    assert first.stale
    store.accept(arrival(buy("ann", "e2")), received_us=NOW_US)
    assert orjson.loads(teller.tell("ann").body)["live"]["events"] == 2
    drawn = Painter(store, None).paint(store.stale(limit=1), now=NOW)
    (ann,) = drawn.profiles
    store.put_portraits(drawn)
    told = teller.tell("ann")
    assert not told.stale
    assert orjson.loads(told.body)["portrait"] == orjson.loads(ann.to_json())
    now[0] += timedelta(days=1)
    assert teller.tell("ann").tag != told.tag, "windows move with the days"


def test_one_alone_and_one_of_many_are_the_same(store):
    store.accept(arrival(buy("ann")), received_us=NOW_US)
    teller = Teller(store, clock=lambda: NOW, degraded=lambda: ("portraits",))
    assert written(store.page("ann"), NOW, degraded=("portraits",)) == teller.tell("ann").body


def test_only_so_many_are_kept(store, monkeypatch):
    monkeypatch.setattr(telling, "_KEPT", 2)
    store.accept(arrival(*(buy(f"c{at}") for at in range(4))), received_us=NOW_US)
    teller = Teller(store, clock=lambda: NOW)
    for at in range(4):
        teller.tell(f"c{at}")
    assert len(teller._kept) == 2
    with pytest.raises(UnknownCustomer):
        teller.tell("nobody")
