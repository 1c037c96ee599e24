"""Stale portraits are drawn; what fails is tried again and never lost."""

import time
from datetime import UTC, datetime

import pytest

from arrivals import NOW_US, T0, arrival, buy
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import Painter
from limner.service import renewal
from limner.service.renewal import Renewer
from limner.service.settings import ServeConfig


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def test_so_many_at_a_time_until_none_is_stale(store):
    store.accept(arrival(*(buy(f"c{at}") for at in range(5))), received_us=NOW_US)
    renewer = Renewer(store, Painter(store, None), config=ServeConfig(renew_customers=2))
    assert [renewer.once() for _ in range(4)] == [2, 2, 1, 0]
    assert renewer.drawn == 5
    assert store.stale(limit=9) == []


def test_a_failure_is_counted_and_tried_again(store, monkeypatch):
    store.accept(arrival(buy()), received_us=NOW_US)
    painter = Painter(store, None)
    real, calls = painter.paint, []

    def failing(*arguments, **more):
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("no")
        return real(*arguments, **more)

    monkeypatch.setattr(Painter, "paint", lambda _, *a, **k: failing(*a, **k))
    renewer = Renewer(store, painter, config=ServeConfig(renew_seconds=0.01))
    renewer.start()
    for _ in range(500):
        if not store.stale(limit=1):
            break
        time.sleep(0.02)
    renewer.close()
    renewer.close()
    assert renewer.failures == 1
    assert not renewer.failing
    assert store.page("ann").portrait is not None


def test_a_shop_that_doubled_is_compared_with_anew(store):
    store.accept(arrival(buy("a")), received_us=NOW_US)
    renewer = Renewer(store, Painter(store, None), config=ServeConfig())
    renewer.once()
    first = renewer.painter.references
    assert first.customers == 1
    store.accept(arrival(buy("b"), buy("c")), received_us=NOW_US)
    renewer._lasted = 0.0
    assert renewer.once() == 3, "everybody, since the shop is another"
    assert renewer.painter.references.customers == 3
    store.accept(arrival(buy("d")), received_us=NOW_US)
    assert renewer.once() == 1


def test_portraits_are_put_off_while_events_wait_but_not_for_ever(store, monkeypatch):
    monkeypatch.setattr(renewal, "_PUT_OFF_S", 0.5)
    busy = [True]
    config = ServeConfig(renew_seconds=0.01)
    renewer = Renewer(store, Painter(store, None), config=config, busy=lambda: busy[0])
    renewer._rested = time.monotonic()
    store.accept(arrival(buy("a")), received_us=NOW_US)
    renewer.start()
    time.sleep(0.1)
    assert renewer.drawn == 0
    for _ in range(500):
        if renewer.drawn:
            break
        time.sleep(0.02)
    assert renewer.drawn == 1
    renewer.close()


def test_whom_nothing_can_be_told_of_keeps_nobody_else_waiting(store):
    ahead = (datetime.now(UTC) - T0).days + 1
    store.accept(arrival(buy("ahead", "x", day=ahead)), received_us=NOW_US)
    store.accept(arrival(buy("now", "y")), received_us=NOW_US + 1)
    renewer = Renewer(store, Painter(store, None), config=ServeConfig(renew_customers=1))
    drawn = [renewer.once(), renewer.once()]
    assert sorted(drawn) == [0, 1]
    assert store.page("now").portrait is not None
    assert store.page("ahead").portrait is None
    assert store.stale(limit=9) == []


def test_one_who_cannot_be_drawn_keeps_nobody_else_waiting(store, monkeypatch):
    store.accept(arrival(*(buy(f"c{at}") for at in range(6))), received_us=NOW_US)
    real = Painter.paint

    def paint(self, stale, **more):
        if any(each.customer_id == "c2" for each in stale):
            raise ValueError("ann@example.org")
        return real(self, stale, **more)

    monkeypatch.setattr(Painter, "paint", paint)
    renewer = Renewer(store, Painter(store, None), config=ServeConfig(renew_customers=4))
    assert [renewer.once() for _ in range(3)] == [3, 2, 0]
    assert [each.customer_id for each in store.stale(limit=9)] == ["c2"]
    assert renewer.undrawable == 1
    monkeypatch.setattr(Painter, "paint", real)
    assert renewer.once() == 0, "it waits until something is new"
    store.accept(arrival(buy("c2", "again")), received_us=NOW_US)
    assert renewer.once() == 1
    assert store.stale(limit=9) == []
    assert renewer.undrawable == 0


def test_what_fails_for_everybody_is_nobodys_fault(store, monkeypatch):
    store.accept(arrival(*(buy(f"c{at}") for at in range(9))), received_us=NOW_US)
    renewer = Renewer(store, Painter(store, None), config=ServeConfig(renew_customers=8))
    renewer.once()
    store.mark_all_stale()
    asked = []

    def paint(self, stale, **more):
        asked.append(len(stale))
        raise OSError("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(Painter, "paint", paint)
        with pytest.raises(OSError, match="no disk"):
            renewer.once()
    assert len(asked) < 8
    assert renewer.once() == 8
