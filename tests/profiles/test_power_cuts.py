"""The power goes at any moment: torn, dropped and reordered writes take nothing acknowledged."""

import random
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import taping
import worked
from arrivals import arrival
from limner.events.log import EventLog
from limner.profiles.counters import count, first_of_orders
from limner.profiles.database.privacy import PrivacyBook
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
from limner.profiles.painter import settled
from limner.profiles.record import Profile

pytestmark = pytest.mark.skipif(not taping.can_tape(), reason=taping.HOW_TO_GET_IT)
WORK = Path(worked.__file__)
CUTS = 200
"""So many in the suite; ``make slow`` cuts at every write, several times."""


class Cut:
    """What is left at one moment, and what had been promised by then."""

    def __init__(self, disk, arrivals):
        self.notes = disk.whole().get("notes", b"").decode().split("\n")[:-1]
        self.arrivals = arrivals
        told = [re.fullmatch(r"(send|sent) (\d+)", note) for note in self.notes]
        self.begun = {int(each[2]) for each in told if each}
        self.acknowledged = {int(each[2]) for each in told if each and each[1] == "sent"}

    def check(self, folder):
        """See that a folder, as the cut left it, keeps all promises, and goes on where it was."""
        if "ready" not in self.notes:
            with DatabaseStore(folder / "profiles.db", pepper=worked.PEPPER) as store:
                assert store.totals()["events"] == 0
            return
        if "erased" in self.notes:
            self._check_no_byte(folder)
        log = EventLog(folder / "log")
        with DatabaseStore(folder / "profiles.db", pepper=worked.PEPPER) as store:
            with closing(sqlite3.connect(folder / "profiles.db")) as file:
                assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                assert not file.execute("PRAGMA foreign_key_check").fetchall()
            self._finish_erasures(store, log, folder)
            self._check_events(store, log)
            self._check_told(store)
            self._check_that_it_goes_on(store, log)

    def _check_no_byte(self, folder):
        for file in folder.rglob("*"):
            if file.is_file():
                held = file.read_bytes()
                assert worked.GONE.encode() not in held, file
                assert worked.SAID not in held, file

    def _finish_erasures(self, store, log, folder):
        """Whoever asked to be erased stays out; what was begun is finished."""
        if "refusing" not in self.notes:
            return
        book = PrivacyBook(store.engine, worked.PEPPER)
        Eraser(store, book, pepper=worked.PEPPER, log=log, folder=folder).resume(actor="test")
        book.close()
        self._check_no_byte(folder)

    def _gone(self, one):
        return "refusing" in self.notes and one.customer_id == worked.GONE

    @staticmethod
    def _held(store, log):
        came = store.events_of(list(store.numbers().values()))
        return settled(log.scan().collect(), came)

    def _check_events(self, store, log):
        held = self._held(store, log)
        found = held.select("customer_id", "event_id").rows()
        assert len(found) == len(set(found)), "counted twice"
        sure = self._names(self.acknowledged)
        assert sure <= set(found), f"lost: {sorted(sure - set(found))}"
        self.missing = self._names(self.begun) - set(found)
        # what was under way is there as a whole, or not at all
        assert set(found) - sure in (set(), self._names(self.begun) - sure), "half there"
        whole = {who: one.to_json() for who, one in count(first_of_orders(held)).items()}
        assert {page.customer_id: page.counters for page in store.pages()} == whole

    def _names(self, arrivals):
        return {
            (one.customer_id, one.event_id)
            for at in arrivals
            for one in self.arrivals[at]
            if not self._gone(one)
        }

    def _check_told(self, store):
        position = store.offsets().get("stream")
        assert position is not None or not self.acknowledged
        landed = -1 if position is None else int(position)
        assert landed in {max(self.acknowledged, default=-1), max(self.begun, default=-1)}
        assert not self.missing or landed < max(self.begun)
        with closing(sqlite3.connect(store.engine.url.database)) as file:
            rows = file.execute("SELECT row FROM rejects ORDER BY no").fetchall()
        assert [row for (row,) in rows] == [f"r{at}" for at in range(landed + 1) if at % 3 == 0]
        for page in store.pages():
            assert page.drawn <= page.seq
            if page.portrait is not None:
                Profile.from_json(page.portrait)

    def _check_that_it_goes_on(self, store, log):
        """What was acknowledged is known when it is sent again; what was not comes in, once."""
        everything = [
            one for at in sorted(self.begun) for one in self.arrivals[at] if not self._gone(one)
        ]
        receipt = store.accept(arrival(*everything), received_us=1)
        assert receipt.accepted == len(self.missing)
        whole = count(first_of_orders(self._held(store, log)))
        told = {page.customer_id: page.counters for page in store.pages()}
        assert told == {who: one.to_json() for who, one in whole.items()}


@pytest.fixture(scope="module")
def taped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taped") / "workspace"
    folder.mkdir()
    return folder, taping.tape(WORK, folder, 1)


def cut(entries, folder, moments, *, seed=0, deaf=None):
    """Cut a tape at some entries; return what was wrong with what was left, by the entry."""
    chance, disk, wrong = random.Random(seed), taping.Disk(deaf=deaf), {}
    arrivals = worked.arrivals_of(1)
    for at, entry in enumerate(entries):
        disk.play(entry)
        for number in range(moments.count(at)):
            place = folder / f"{seed}-{at}-{number}"
            left = disk.left(chance)
            left.pop("notes", None)
            taping.lay_out(left, place)
            try:
                Cut(disk, arrivals).check(place)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                wrong[at] = f"{entry.letter} {entry.path}: {type(error).__name__} {error}"
            else:
                shutil.rmtree(place)
    return wrong


def some(entries, number, *, seed=0):
    return random.Random(seed).choices(range(len(entries)), k=number)


def test_the_tape_holds_all_that_was_done(taped):
    folder, entries = taped
    disk = taping.Disk()
    for entry in entries:
        disk.play(entry)
    there = {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }
    assert disk.whole() == {".": None} | there


def test_whenever_the_power_goes_what_was_acknowledged_is_there_once(taped, tmp_path):
    entries = taped[1]
    assert cut(entries, tmp_path, some(entries, CUTS)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_at_every_write(taped, tmp_path, seed):
    entries = taped[1]
    assert cut(entries, tmp_path, list(range(len(entries))), seed=seed + 1) == {}


def test_a_store_that_does_not_sync_is_found_out(tmp_path):
    folder = tmp_path / "workspace"
    folder.mkdir()
    entries = taping.tape(WORK, folder, 1, "unsteady")
    wrong = cut(entries, tmp_path, some(entries, 30))
    assert any("lost:" in each for each in wrong.values()), wrong


def test_a_disk_that_lies_is_found_out(taped, tmp_path):
    entries = taped[1]
    wrong = cut(entries, tmp_path, some(entries, 30), deaf="profiles.db-wal")
    assert any("lost:" in each for each in wrong.values()), wrong
