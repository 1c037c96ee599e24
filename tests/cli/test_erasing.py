"""Erasures are done by another process, which tells what hindered it and is gone afterwards."""

import multiprocessing
import os
import signal
from contextlib import closing

import pytest

from arrivals import NOW_US, arrival, buy
from limner.cli.drawing import drawn_apart
from limner.cli.erasing import erased_apart
from limner.cli.serving import begun_log, eraser_of, open_store, parts_of
from limner.cli.workspace import Workspace
from limner.errors import LogBusy
from limner.events.durable import only_writer
from limner.service.apart import FailedApart


@pytest.fixture
def shop(tmp_path):
    made = Workspace.create(tmp_path / "shop")
    begun_log(made)
    return made


@pytest.fixture
def asked(shop):
    """A shop of which somebody asked to be erased: its store, and who erases."""
    with open_store(shop, None) as store:
        store.accept(arrival(buy("ann", "a1"), buy("ben", "b1")), received_us=NOW_US)
        eraser = eraser_of(shop, store)
        with closing(eraser.book):
            eraser.ask("erase", "ann", actor="test")
            yield store, eraser


def test_another_process_finishes_what_was_begun_and_ends(shop, asked):
    store, eraser = asked
    erased_apart(shop.folder, None)()
    assert eraser.book.unfinished() == []
    assert set(store.numbers()) == {"ben"}
    assert multiprocessing.active_children() == []


def test_a_busy_log_is_told_as_such_and_what_was_begun_stays(shop, asked):
    _, eraser = asked
    erase = erased_apart(shop.folder, None)
    with only_writer(shop.folder / "log"), pytest.raises(LogBusy):
        erase()
    assert len(eraser.book.unfinished()) == 1
    erase()
    assert eraser.book.unfinished() == []


def test_what_fails_there_is_told_as_a_place_alone(shop, asked):
    (shop.folder / "limner.toml").write_text("ann = [")
    with pytest.raises(FailedApart, match=r"^\w+ at .*:\d+$"):
        erased_apart(shop.folder, None)()


def test_a_process_that_is_killed_is_told(shop, asked, monkeypatch):
    started = multiprocessing.context.SpawnProcess.start

    def start(self):
        started(self)
        os.kill(self.pid, signal.SIGKILL)

    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "start", start)
    with pytest.raises(FailedApart, match="ended"):
        erased_apart(shop.folder, None)()


def test_a_service_has_it_done_beside_it(shop, asked):
    store, eraser = asked
    with drawn_apart(parts_of(shop, store), shop.folder, None, clock=None) as given:
        given.erases()
    assert eraser.book.unfinished() == []
