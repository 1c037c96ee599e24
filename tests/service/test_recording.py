"""Readings are written many at once, and wait where they cannot be."""

import threading
import time

import pytest

from limner.errors import BadStore
from limner.profiles.database.audit import AuditLog, Entry
from limner.profiles.database.store import DatabaseStore
from limner.service import recording
from limner.service.recording import Recorder
from limner.service.writer import Busy


@pytest.fixture
def audit(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db") as store:
        yield AuditLog(store.engine, b"sixteen bytes or more")


def entries(count):
    return [Entry(at, "key", "profile.read", "ann") for at in range(count)]


def test_what_was_told_is_written_at_the_latest_when_it_closes(audit, monkeypatch):
    monkeypatch.setattr(recording, "_AT_ONCE", 3)
    recorder = Recorder(audit)
    recorder.start()
    recorder.tell(entries(7))
    recorder.close()
    recorder.close()
    assert audit.verify().rows == 7


def test_two_who_write_what_waits_write_each_entry_once(audit, monkeypatch):
    monkeypatch.setattr(recording, "_AT_ONCE", 2)
    recorder = Recorder(audit)
    recorder.tell(entries(60))
    threads = [threading.Thread(target=recorder.flush) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert audit.verify().rows == 60


def test_what_cannot_be_written_waits_and_then_nothing_more_is_read(audit, monkeypatch):
    def broken(*_):
        raise BadStore("no")

    monkeypatch.setattr(recording, "_MOST", 5)
    recorder = Recorder(audit)
    recorder.start()
    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "append", broken)
        recorder.tell(entries(5))
        for _ in range(200):
            if recorder.failing:
                break
            time.sleep(0.02)
        assert recorder.failing
        with pytest.raises(Busy, match="wait to be recorded"):
            recorder.tell(entries(1))
    recorder.close()
    assert audit.verify().rows == 5
