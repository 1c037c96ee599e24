"""Portraits drawn by a process of their own: the same ones, and none is lost when it ends."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest

from arrivals import NOW_US, T0, arrival, buy
from limner.profiles.database.store import DatabaseStore
from limner.profiles.painter import Painter
from limner.service.apart import FailedApart
from limner.service.renewal import Renewer
from limner.service.settings import ServeConfig
from limner.service.studio import Studio, draw_for

LATER = T0 + timedelta(days=1)


def draw(line, file, late_s):
    """What the process does."""
    time.sleep(late_s)
    with DatabaseStore(file) as store:
        draw_for(line, {"": Painter(store, None)})


@contextmanager
def a_studio(file, *, late_s=0.0):
    """Yield a studio, and the processes that it began."""
    begun = []

    def begin(line):
        spawn = multiprocessing.get_context("spawn")
        made = spawn.Process(target=draw, args=(line, file, late_s))
        made.start()
        begun.append(made)
        return made

    studio = Studio(begin)
    try:
        yield studio, begun
    finally:
        studio.close()
    assert not any(each.is_alive() for each in begun)


@pytest.fixture
def store(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as found:
        yield found


def test_what_it_draws_is_what_a_painter_draws(store, tmp_path):
    store.accept(arrival(*(buy(f"c{at}") for at in range(5))), received_us=NOW_US)
    painter = Painter(store, None)
    painter.refresh(LATER)
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        desk = studio.desk("")
        assert not begun, "it is begun when it is needed"
        assert desk.size() == painter.size() == 5
        assert (desk.seed(), desk.renew_model(), desk.lacks) == (0, False, False)
        desk.refresh(LATER)
        stale = store.stale(limit=9)
        wanted = painter.paint(stale, now=LATER)
        assert desk.renew(stale, now=LATER) == len(wanted.profiles) == 5
        for each in wanted.profiles:
            assert store.page(each.customer_id).portrait == each.to_json().decode()
        assert len(begun) == 1
        studio.close()
        studio.close()
        assert desk.size() == 5, "whoever asks again has another begun"


def test_one_that_was_killed_is_begun_again(store, tmp_path):
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        renewer = Renewer(store, studio.desk(""), config=ServeConfig(renew_seconds=0.01))
        store.accept(arrival(buy("a")), received_us=NOW_US)
        assert renewer.once() == 1
        os.kill(begun[0].pid, signal.SIGKILL)
        store.accept(arrival(buy("b")), received_us=NOW_US)
        with pytest.raises(FailedApart, match="ended"):
            renewer.once()
        assert renewer.once() == 1
        assert store.stale(limit=9) == []
        assert len(begun) == 2


def test_what_goes_wrong_is_told_by_its_place_alone(store, tmp_path):
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        with pytest.raises(FailedApart, match=r"TypeError at .*studio\.py") as told:
            studio.ask("", "refresh", "ann@example.org", "ben")
        assert "example" not in str(told.value)
        with pytest.raises(FailedApart, match="KeyError"):
            studio.ask("", "erase")
        assert studio.desk("").size() == 0
        assert len(begun) == 1


def test_who_does_not_lead_draws_here(store, tmp_path):
    store.accept(arrival(buy("a")), received_us=NOW_US)
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        here = Painter(store, None)
        leads = [False]
        renewer = Renewer(
            store, studio.desk(""), config=ServeConfig(), leads=lambda: leads[0], here=here
        )
        assert renewer.draw(store.stale(limit=1)) == 1
        assert not begun
        leads[0] = True
        assert renewer.draw(store.stale(limit=1) or []) == 0
        assert len(begun) == 1


def test_one_that_hangs_is_ended_and_another_begun(store, tmp_path):
    store.accept(arrival(buy("a")), received_us=NOW_US)
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        desk = studio.desk("")
        assert desk.size() == 1
        patient, studio.silent_s = studio.silent_s, 3.0
        os.kill(begun[0].pid, signal.SIGSTOP)
        with pytest.raises(FailedApart, match="TimeoutError"):
            desk.renew(store.stale(limit=1), now=LATER)
        assert not begun[0].is_alive()
        studio.silent_s = patient
        assert desk.renew(store.stale(limit=1), now=LATER) == 1


def test_one_that_is_slow_to_begin_is_waited_for(store, tmp_path):
    store.accept(arrival(buy("a")), received_us=NOW_US)
    with a_studio(tmp_path / "profiles.db", late_s=2.0) as (studio, begun):
        studio.silent_s = 0.5
        assert studio.ask("", "size") == (1, False)
        assert len(begun) == 1


def test_a_service_that_ends_does_not_wait_for_ever(store, tmp_path, monkeypatch):
    monkeypatch.setattr("limner.service.studio._GRACE_S", 1.0)
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        desk = studio.desk("")
        desk.size()
        os.kill(begun[0].pid, signal.SIGSTOP)
        threading.Timer(0.5, desk.leave).start()
        with pytest.raises(FailedApart):
            desk.size()


def test_ctrl_c_is_not_heard_by_who_draws(store, tmp_path):
    with a_studio(tmp_path / "profiles.db") as (studio, begun):
        desk = studio.desk("")
        asked = threading.Thread(target=desk.size)
        asked.start()
        while not begun:
            time.sleep(0.001)
        os.kill(begun[0].pid, signal.SIGINT)  # while it is being begun
        asked.join()
        os.kill(begun[0].pid, signal.SIGINT)
        assert desk.size() == 0
        assert len(begun) == 1
