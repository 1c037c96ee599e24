"""What was begun is finished when the service starts, and tried again where it fails."""

import time

import pytest

from arrivals import NOW_US, arrival, buy
from limner.errors import LogBusy
from limner.profiles.database.store import DatabaseStore
from limner.profiles.eraser import Eraser
from limner.service import requests
from limner.service.requests import Archivist
from serving import PEPPER, a_server, an_eraser


def done(book, request):
    for _ in range(500):
        if book.request(request.id).state == "done":
            return True
        time.sleep(0.02)
    return False


def test_what_was_begun_before_a_kill_is_finished_at_the_start(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db", pepper=PEPPER) as store:
        store.accept(arrival(buy()), received_us=NOW_US)
        eraser = an_eraser(store)
        request = eraser.ask("erase", "ann", actor="key")
        eraser.book.close()
    with a_server(tmp_path) as served:
        assert done(served.app.state.parts.eraser.book, request)
        assert served.client.get("/v1/profiles/ann").status_code == 404


@pytest.mark.parametrize(("patience", "told"), [(60.0, False), (0.1, True)])
def test_a_log_that_is_busy_is_waited_for_and_told_of_when_it_stays_so(
    tmp_path, monkeypatch, patience, told
):
    monkeypatch.setattr(requests, "_AGAIN_S", 0.05)
    monkeypatch.setattr(requests, "_PATIENCE_S", patience)
    calls = []

    def busy(self, *, actor):
        calls.append(1)
        raise LogBusy("another writes")

    monkeypatch.setattr(Eraser, "resume", busy)
    with DatabaseStore(tmp_path / "profiles.db", pepper=PEPPER) as store:
        eraser = an_eraser(store)
        archivist = Archivist(eraser)
        archivist.start()
        while len(calls) < 8:
            time.sleep(0.02)
        assert archivist.failing is told
        archivist.close()
        eraser.book.close()


def test_what_fails_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr(requests, "_AGAIN_S", 0.05)
    real, calls = Eraser.resume, []

    def busy(self, *, actor):
        calls.append(1)
        if len(calls) == 1:
            raise LogBusy("another writes")
        return real(self, actor=actor)

    monkeypatch.setattr(Eraser, "resume", busy)
    with DatabaseStore(tmp_path / "profiles.db", pepper=PEPPER) as store:
        eraser = an_eraser(store)
        request = eraser.ask("erase", "ann", actor="key")
        archivist = Archivist(eraser)
        archivist.start()
        assert done(eraser.book, request)
        archivist.wake()
        archivist.close()
        archivist.close()
        assert not archivist.failing
        eraser.book.close()


def test_another_process_is_asked_only_where_something_was_begun(tmp_path):
    with DatabaseStore(tmp_path / "profiles.db", pepper=PEPPER) as store:
        store.accept(arrival(buy()), received_us=NOW_US)
        eraser, calls = an_eraser(store), []

        def apart():
            calls.append(1)
            eraser.resume(actor="elsewhere")

        archivist = Archivist(eraser, apart=apart)
        archivist.start()
        time.sleep(0.1)
        assert calls == []
        request = eraser.ask("erase", "ann", actor="key")
        archivist.wake()
        assert done(eraser.book, request)
        archivist.close()
        assert calls == [1]
        eraser.book.close()
